package import Diagnostics
package import Formats
import Graph
import Synchronization

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
    /// The elements of a tensor of this shape with its axes in another order.
    case transposed(Recipe, shape: [Int], permutation: [Int])
    /// Those of a tensor of this shape whose index along `axis` is in `range`.
    case sliced(Recipe, shape: [Int], axis: Int, range: Range<Int>)
    /// These elements times factors that repeat along the last axis.
    case scaled(Recipe, by: [Float])
    /// f32 [rows]: a bias (nil: zeros) and what rounding the weight [rows, K] takes from its product
    /// with a row.
    case corrected(Recipe?, weight: Recipe, rows: Int, form: IntegerForm, row: [Float])
    /// s8 [rows, K] of floats: each row divided by its scale and rounded; see ``IntegerForm``.
    case quantized(Recipe, rows: Int, form: IntegerForm)
    /// f32 [rows]: the scales of those rows.
    case scales(Recipe, rows: Int, form: IntegerForm)
  }

  /// What was searched for, by the recipes of scales; copies of a store share it.
  private final class Memo: Sendable {
    let found = Mutex<[Recipe: WeightQuantization.Found]>([:])
  }

  private let given: [String: WeightTensor]
  /// The first of the given parameters, by name, that has the very same bytes.
  private let representatives: [String: String]
  private var derived: [String: Recipe] = [:]
  private let memo = Memo()
  private let threads: Int

  /// Starts with a checkpoint's parameters; weights are quantized on so many threads, 1 to 1024.
  package init(_ parameters: [String: WeightTensor], threads: Int = 1) {
    given = parameters
    self.threads = threads
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

  /// Adds the elements of a parameter times factors that repeat along its last axis.
  mutating func scale(_ name: String, by factors: [Float]) -> String {
    add("\(name)\(Self.scaledSuffix)", .scaled(recipe(name), by: factors))
  }

  /// What ends the name of a parameter that was scaled.
  static let scaledSuffix = ".smoothed"

  /// The name of the float parameter that a quantized or scaled one was made of.
  package static func floatName(_ name: String) -> String {
    [".s8", ".s4", scaledSuffix].reduce(name) { name, suffix in
      name.hasSuffix(suffix) ? String(name.dropLast(suffix.count)) : name
    }
  }

  /// Adds a bias (nil: zeros) plus what quantizing a weight takes from its product with `row`.
  mutating func correct(
    _ bias: String?, for weight: String, rows: Int, form: IntegerForm, row: [Float]
  ) -> String {
    add(
      "\(bias ?? weight + ".bias").corrected",
      .corrected(
        bias.map { recipe($0) }, weight: recipe(weight), rows: rows, form: form, row: row))
  }

  /// Adds a parameter [shape] with its axes in another order.
  mutating func transpose(_ name: String, _ shape: [Int], _ permutation: [Int]) -> String {
    let axes = permutation.map(String.init).joined(separator: ",")
    return add(
      "\(name)^(\(axes))", .transposed(recipe(name), shape: shape, permutation: permutation))
  }

  /// Adds the part of a parameter [shape] in `range` along `axis`.
  mutating func slice(
    _ name: String, _ shape: [Int], axis: Int, _ range: Range<Int>
  ) -> String {
    let axes = shape.indices.map { $0 == axis ? "\(range.lowerBound):\(range.upperBound)" : ":" }
    return add(
      "\(name)[\(axes.joined(separator: ","))]",
      .sliced(recipe(name), shape: shape, axis: axis, range: range))
  }

  /// Adds int8 rows and their scales for a float parameter of `rows` rows.
  mutating func quantize(
    _ name: String, rows: Int, form: IntegerForm
  ) -> (weight: String, scales: String) {
    (
      add("\(name)\(form.suffix)", .quantized(recipe(name), rows: rows, form: form)),
      add("\(name).scales", .scales(recipe(name), rows: rows, form: form))
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
    case .transposed(let source, let shape, let permutation):
      return Self.transposed(floats(source), shape, permutation)
    case .sliced(let source, let shape, let axis, let range):
      let inner = shape[(axis + 1)...].reduce(1, *)
      let values = floats(source)
      return (0..<shape[..<axis].reduce(1, *)).flatMap { outer in
        let start = (outer * shape[axis] + range.lowerBound) * inner
        return values[start..<start + range.count * inner]
      }
    case .scaled(let elements, let factors):
      return floats(elements).enumerated().map { $1 * factors[$0 % factors.count] }
    case .corrected(let bias, let weight, let rows, let form, let row):
      let values = floats(weight)
      let found = found(values, .scales(weight, rows: rows, form: form))
      let integers = WeightQuantization.integers(values, found, form: form, threads: threads)
      var result = bias.map { floats($0) } ?? [Float](repeating: 0, count: rows)
      for n in 0..<rows {
        var lost = 0.0
        for (k, mean) in row.enumerated() {
          let index = n * row.count + k
          let rounded = Double(integers[index]) * Double(found.scales[n])
          lost += Double(mean) * (Double(values[index]) - rounded)
        }
        result[n] = Float(Double(result[n]) + lost)
      }
      return result
    case .scales(let weights, _, _): return found(floats(weights), recipe).scales
    case .quantized: preconditionFailure("an int8 recipe gives no floats")
    }
  }

  private static func transposed(
    _ values: [Float], _ shape: [Int], _ permutation: [Int]
  ) -> [Float] {
    var strides = [Int](repeating: 1, count: shape.count)
    for axis in shape.indices.dropLast().reversed() {
      strides[axis] = strides[axis + 1] * shape[axis + 1]
    }
    var offsets = [0]
    for axis in permutation {
      offsets = offsets.flatMap { base in (0..<shape[axis]).map { base + $0 * strides[axis] } }
    }
    return offsets.map { values[$0] }
  }

  /// The elements an int8 recipe gives.
  func integers(_ recipe: Recipe) -> [Int8] {
    guard case .quantized(let weights, let rows, let form) = recipe else {
      preconditionFailure("a float recipe gives no integers")
    }
    let values = floats(weights)
    let found = found(values, .scales(weights, rows: rows, form: form))
    return WeightQuantization.integers(values, found, form: form, threads: threads)
  }

  /// The scales of `recipe`, whose rows are `values`, and what goes with them, searched for once.
  private func found(
    _ values: @autoclosure () -> [Float], _ recipe: Recipe
  ) -> WeightQuantization.Found {
    guard case .scales(_, let rows, let form) = recipe else {
      preconditionFailure("a recipe of scales")
    }
    if let known = memo.found.withLock({ $0[recipe] }) { return known }
    let found = WeightQuantization.find(values(), rows: rows, form: form, threads: threads)
    memo.found.withLock { $0[recipe] = found }
    return found
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
