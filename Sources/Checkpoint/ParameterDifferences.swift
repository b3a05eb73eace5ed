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
  private var list: [String] = []

  /// Compares with these tensors.
  package init(_ expected: [(name: String, shape: [Int])]) { self.expected = expected }

  /// Compares with a graph's parameters, which must be f32 of known shapes and no training state.
  init(_ graph: Graph) {
    var expected: [(name: String, shape: [Int])] = []
    var list: [String] = []
    for parameter in graph.parameters {
      let name = parameter.name
      if name.hasPrefix(CheckpointKey.trainingPrefix) {
        list.append("'\(name)' is named like training state")
      }
      let type = graph.type(parameter.value)
      let shape = type.dtype == .f32 ? type.shape.values([:]) : nil
      if shape == nil { list.append("'\(name)' is \(type) in the graph, no f32 of known shape") }
      expected.append((name, shape ?? []))
    }
    self.expected = expected
    self.list = list
  }

  /// Compares all of `tensors`; `order` lists their names as the message should.
  package mutating func compare(_ tensors: [String: Content], order: [String]) {
    var names: Set<String> = []
    for (name, shape) in expected {
      names.insert(name)
      switch tensors[name] {
      case nil: list.append("'\(name)' \(shape) is missing")
      case .other(let dtype): list.append("'\(name)' holds \(dtype)")
      case .floats(let found):
        if found != shape { list.append("'\(name)' has shape \(found) instead of \(shape)") }
      }
    }
    list += order.filter { !names.contains($0) }.map { "'\($0.prefix(200))' is no parameter" }
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
    let more = list.count > 500 ? "; and so on" : ""
    throw InputError(
      .badData, "the tensors are not those of \(model)",
      expected: "its \(expected.count) parameters, each in its shape, and no others",
      found: "\(list.count) differences: \(list.prefix(500).joined(separator: "; "))\(more)",
      in: place, advice: advice)
  }
}
