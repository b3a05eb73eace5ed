package import Diagnostics
package import Formats
import Graph

/// The values behind a graph's parameters while it is compiled.
///
/// Derived parameters are recipes, worked out when they are written: compiling never holds more than
/// a few weights beside the checkpoint's own mapping.
package struct ParameterStore: Sendable {
  /// How the elements of a parameter come about; equal recipes give equal elements.
  package indirect enum Recipe: Hashable, Sendable {
    /// f32, the checkpoint's under this name.
    case given(String)
    /// The elements of these one after the other, under whatever shape.
    case joined([Recipe])
    /// s8 [rows, K] of floats: each row divided by its scale and rounded.
    case quantized(Recipe, rows: Int)
    /// f32 [rows]: the scales of those rows.
    case scales(Recipe, rows: Int)
  }

  private let given: [String: WeightTensor]
  /// The first of the given parameters, by name, that has the very same bytes.
  private let representatives: [String: String]
  private var derived: [String: Recipe] = [:]

  /// Starts with a checkpoint's parameters.
  package init(_ parameters: [String: WeightTensor]) {
    given = parameters
    representatives = Self.representatives(parameters)
  }

  /// How the elements of a parameter come about.
  package func recipe(_ name: String) -> Recipe {
    derived[name] ?? .given(representatives[name] ?? name)
  }

  /// The elements of a float parameter, in order.
  package func floats(_ name: String) -> [Float] { floats(recipe(name)) }

  /// The rows of an int8 parameter [N, K], row-major.
  package func integers(_ name: String) -> [Int8] { integers(recipe(name)) }

  /// Checks that every given value is finite, as the formulas of quantization need.
  ///
  /// - Throws: `.badData` naming the first parameter that has an infinity or a NaN.
  package func checkFinite(place: String) throws(InputError) {
    for name in given.keys.sorted() {
      guard let tensor = given[name] else { continue }
      let wrong = tensor.withFloats { values in values.first { !$0.isFinite } }
      if let wrong {
        throw InputError(
          .badData, "a weight is no number", expected: "finite values", found: "\(wrong)",
          in: "\(place), tensor '\(name)'", advice: "train again from an earlier checkpoint")
      }
    }
  }
}

extension ParameterStore {
  /// Adds the concatenation of parameters along their first axis.
  ///
  /// - Returns: the new parameter's name, the same for the same parts.
  mutating func join(_ names: [String]) -> String {
    add(JoinedName.of(names), .joined(names.map { recipe($0) }))
  }

  /// Adds a parameter of the same elements under another shape.
  mutating func reshape(_ name: String, _ shape: Shape) -> String {
    let axes = shape.map(\.description).joined(separator: "x")
    return add("\(name)[\(axes)]", recipe(name))
  }

  /// Adds int8 rows and their scales for a float parameter of `rows` rows.
  mutating func quantize(_ name: String, rows: Int) -> (weight: String, scales: String) {
    (
      add("\(name).s8", .quantized(recipe(name), rows: rows)),
      add("\(name).scales", .scales(recipe(name), rows: rows))
    )
  }

  /// Adds `recipe` under a name of its own: a checkpoint may name its tensors as it likes.
  private mutating func add(_ name: String, _ recipe: Recipe) -> String {
    var name = name
    while given[name] != nil || derived[name] ?? recipe != recipe { name += "'" }
    derived[name] = recipe
    return name
  }

  /// The elements a float recipe gives.
  func floats(_ recipe: Recipe) -> [Float] {
    switch recipe {
    case .given(let name):
      guard let tensor = given[name] else { preconditionFailure("no parameter '\(name)'") }
      return tensor.floats
    case .joined(let parts): return parts.flatMap { floats($0) }
    case .scales(let weights, let rows):
      return WeightQuantization.scales(floats(weights), rows: rows)
    case .quantized: preconditionFailure("an int8 recipe gives no floats")
    }
  }

  /// The elements an int8 recipe gives.
  func integers(_ recipe: Recipe) -> [Int8] {
    guard case .quantized(let weights, let rows) = recipe else {
      preconditionFailure("a float recipe gives no integers")
    }
    let values = floats(weights)
    return WeightQuantization.integers(
      values, scales: WeightQuantization.scales(values, rows: rows))
  }

  /// Who stands for each parameter that has the bytes of an earlier one, such as a tied output layer
  /// that a file holds twice.
  private static func representatives(_ parameters: [String: WeightTensor]) -> [String: String] {
    var distinct: [[Int]: [String]] = [:]
    var representatives: [String: String] = [:]
    for (name, tensor) in parameters.sorted(by: { $0.key < $1.key }) {
      // Different weights differ in their first bytes, so nearly all comparisons end there.
      let equal = distinct[tensor.shape, default: []].first { other in
        parameters[other]?.hasSameBytes(as: tensor) ?? false
      }
      if let equal {
        representatives[name] = equal
      } else {
        distinct[tensor.shape, default: []].append(name)
      }
    }
    return representatives
  }
}

extension WeightTensor {
  /// Bit by bit: unlike `==`, tells 0 from -0.
  fileprivate func hasSameBytes(as other: WeightTensor) -> Bool {
    withFloats { values in
      other.withFloats { others in
        UnsafeRawBufferPointer(values).elementsEqual(UnsafeRawBufferPointer(others))
      }
    }
  }
}
