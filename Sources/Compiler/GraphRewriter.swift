import Graph

/// Makes a new graph from an old one, node by node in order: the way passes change graphs.
///
/// A pass walks `source.nodes`; for each it either copies the node or appends others and maps the old
/// results to new values. What nothing reads any more is left out by `finish`.
struct GraphRewriter {
  let source: Graph
  /// The graph so far.
  var graph = Graph()
  private var mapping: [Value: Value] = [:]

  /// Starts with the inputs and parameters of `source`, those inputs in `retyped` with another type.
  init(_ source: Graph, retyped: [String: TensorType] = [:]) {
    self.source = source
    for input in source.inputs {
      let type = retyped[input.name] ?? source.type(input.value)
      mapping[input.value] = graph.input(input.name, type)
    }
    for parameter in source.parameters {
      mapping[parameter.value] = graph.parameter(parameter.name, source.type(parameter.value))
    }
  }

  /// What an old value is now.
  ///
  /// Asking for one whose node was not handled yet is the pass's bug.
  subscript(_ old: Value) -> Value {
    guard let new = mapping[old] else { preconditionFailure("%\(old.id) is not rewritten yet") }
    return new
  }

  /// The parameter `name` of the new graph, added where it is not there yet.
  mutating func parameter(_ name: String, _ type: TensorType) -> Value {
    if let known = graph.parameters.first(where: { $0.name == name }) {
      precondition(graph.type(known.value) == type, "two types of parameter '\(name)'")
      return known.value
    }
    return graph.parameter(name, type)
  }

  /// Says what an old value has become; the types are equal.
  mutating func map(_ old: Value, to new: Value) {
    precondition(source.type(old) == graph.type(new), "a rewrite keeps the type of a value")
    mapping[old] = new
  }

  /// Copies a node as it is.
  mutating func copy(_ node: Node) { replace(node, node.op, node.inputs.map { self[$0] }) }

  /// Puts another op, with inputs of the new graph, in the place of a node.
  mutating func replace(_ node: Node, _ op: Op, _ inputs: [Value]) {
    for (old, new) in zip(node.results, graph.apply(op, inputs)) { map(old, to: new) }
  }

  /// The new graph with the outputs of the old one, without dead nodes.
  mutating func finish() -> Graph {
    for output in source.outputs { graph.output(output.name, self[output.value]) }
    return graph.removingDeadCode()
  }
}

extension Graph {
  /// The graph without nodes and parameters that no output depends on.
  ///
  /// Inputs stay: they are what callers give.
  func removingDeadCode() -> Graph {
    var isLive = [Bool](repeating: false, count: types.count)
    for output in outputs { isLive[output.value.id] = true }
    for node in nodes.reversed() where node.results.contains(where: { isLive[$0.id] }) {
      for input in node.inputs { isLive[input.id] = true }
    }
    var kept = Graph()
    var mapping: [Value: Value] = [:]
    for input in inputs { mapping[input.value] = kept.input(input.name, type(input.value)) }
    for parameter in parameters where isLive[parameter.value.id] {
      mapping[parameter.value] = kept.parameter(parameter.name, type(parameter.value))
    }
    for node in nodes where node.results.contains(where: { isLive[$0.id] }) {
      let results = kept.apply(node.op, node.inputs.compactMap { mapping[$0] })
      for (old, new) in zip(node.results, results) { mapping[old] = new }
    }
    for output in outputs {
      guard let value = mapping[output.value] else { preconditionFailure("outputs are live") }
      kept.output(output.name, value)
    }
    return kept
  }
}
