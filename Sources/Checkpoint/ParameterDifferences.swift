package import Diagnostics
package import Formats
import Graph

/// Collects every way in which tensors differ from those a model needs, to report them at once.
///
/// Names come from a file: the report shows 200 characters of one, and 500 differences.
package struct ParameterDifferences {
  /// What a tensor is, as far as parameters care.
  package enum Content: Equatable {
    case floats([Int])
    /// Another number type, by name.
    case other(String)

    /// What a file has.
    package init(_ entry: SafetensorsEntry) {
      self = entry.dtype.isFloat ? .floats(entry.shape) : .other(entry.dtype.rawValue)
    }
  }

  /// What is needed, in the order of messages.
  private let expected: [(name: String, shape: [Int])]
  private var count = 0
  /// The first of them, as the message shows them.
  private var list: [String] = []

  private mutating func add(_ name: String, _ difference: String) {
    count += 1
    if list.count < 500 { list.append("'\(name.cut(to: 200))' \(difference.cut(to: 200))") }
  }

  /// Compares with these tensors.
  package init(_ expected: [(name: String, shape: [Int])]) { self.expected = expected }

  /// Compares with a graph's parameters, which must be f32 of known shapes and no training state.
  init(_ graph: Graph) {
    let types = graph.parameters.map { graph.type($0.value) }
    let shapes = types.map { $0.dtype == .f32 ? $0.shape.values([:]) : nil }
    expected = zip(graph.parameters, shapes).map { ($0.name, $1 ?? []) }
    for (parameter, (type, shape)) in zip(graph.parameters, zip(types, shapes)) {
      if parameter.name.hasPrefix(CheckpointKey.trainingPrefix) {
        add(parameter.name, "is named like training state")
      }
      if shape == nil { add(parameter.name, "is \(type) in the graph, no f32 of known shape") }
    }
  }

  /// Compares all of `tensors`; `order` lists their names as the message should.
  package mutating func compare(_ tensors: [String: Content], order: [String]) {
    var names: Set<String> = []
    for (name, shape) in expected {
      names.insert(name)
      switch tensors[name] {
      case nil: add(name, "\(shape) is missing")
      case .other(let dtype): add(name, "holds \(dtype)")
      case .floats(let found):
        if found != shape { add(name, "has shape \(found) instead of \(shape)") }
      }
    }
    for name in order where !names.contains(name) { add(name, "is no parameter") }
  }

  /// One error that lists all differences, if there are any.
  ///
  /// - Parameters:
  ///   - model: what the tensors should fit: "the graph".
  ///   - place: where they come from.
  ///   - advice: what to do about it.
  /// - Throws: `.badData`.
  package func check(
    _ model: String = "the graph", place: String,
    advice: String = "use tensors and graph of the same model"
  ) throws(InputError) {
    if list.isEmpty { return }
    var error = InputError(
      .badData, "the tensors are not those of \(model)",
      expected: "its \(expected.count) parameters, each in its shape, and no others",
      found: "\(count) differences", in: place, advice: advice)
    // All in one message, so longer than what others say.
    error.found += ": \(list.joined(separator: "; "))\(count > list.count ? "; and so on" : "")"
    throw error
  }
}
