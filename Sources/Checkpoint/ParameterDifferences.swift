import Diagnostics
import Graph

/// Collects every way in which tensors differ from a graph's parameters, to report them at once.
///
/// Names come from a file: the report shows 200 characters of one, and 500 differences.
struct ParameterDifferences {
  /// What a tensor is, as far as parameters care.
  enum Content: Equatable {
    case floats([Int])
    /// Another number type, by name.
    case other(String)
  }

  private let graph: Graph
  private var list: [String] = []

  init(_ graph: Graph) { self.graph = graph }

  /// Compares all of `tensors`; `order` lists their names as the message should.
  mutating func compare(_ tensors: [String: Content], order: [String]) {
    var names: Set<String> = []
    for parameter in graph.parameters {
      let name = parameter.name
      names.insert(name)
      if name.hasPrefix(CheckpointKey.trainingPrefix) {
        list.append("'\(name)' is named like training state")
      }
      let type = graph.type(parameter.value)
      guard type.dtype == .f32, let shape = type.shape.values([:]) else {
        list.append("'\(name)' is \(type) in the graph, no f32 of known shape")
        continue
      }
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
  func check(place: String) throws(InputError) {
    if list.isEmpty { return }
    let more = list.count > 500 ? "; and so on" : ""
    throw InputError(
      .badData, "the tensors are not those of the graph",
      expected: "its \(graph.parameters.count) parameters, each in its shape, and no others",
      found: "\(list.count) differences: \(list.prefix(500).joined(separator: "; "))\(more)",
      in: place,
      advice: "use tensors and graph of the same model")
  }
}
