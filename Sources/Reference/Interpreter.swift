package import Graph

/// Runs a graph op by op in Double precision: slow, plain, and the meaning of every op.
///
/// Kernels, passes and whole plans are tested against it. It shares no code with them.
package struct Interpreter {
  /// The outputs of `graph` by name.
  ///
  /// An op that changes an input in place changes the value that later nodes read; a graph input so
  /// changed is in the result under its own name.
  ///
  /// - Parameters:
  ///   - graph: a graph that keeps every rule.
  ///   - inputs: one tensor per graph input. Others are ignored, here and in `parameters`.
  ///   - parameters: one tensor per graph parameter.
  ///   - symbols: values of symbols that the shapes of `inputs` and `parameters` do not settle.
  /// - Returns: one tensor per output.
  /// - Throws: `GraphError` when a tensor is missing or does not have its declared type, a symbol
  ///   has no value, or an index (token, label, slot) is out of range.
  package static func run(
    _ graph: Graph, inputs: [String: Tensor], parameters: [String: Tensor] = [:],
    symbols: [String: Int] = [:]
  ) throws(GraphError) -> [String: Tensor] {
    let declared = graph.inputs + graph.parameters
    var given: [(NamedValue, Tensor)] = []
    for (index, named) in declared.enumerated() {
      let isInput = index < graph.inputs.count
      guard let tensor = isInput ? inputs[named.name] : parameters[named.name] else {
        throw GraphError("\(isInput ? "input" : "parameter") '\(named.name)' is not given")
      }
      given.append((named, tensor))
    }
    let bindings = try Symbols.solve(
      given.map { (graph.shape($0.value), $1.shape) }, known: symbols)

    var state = State(graph: graph, bindings: bindings)
    for (named, tensor) in given { try state.define(named.value, tensor, "'\(named.name)'") }
    for node in graph.nodes { try state.run(node) }

    var results: [String: Tensor] = [:]
    for output in graph.outputs { results[output.name] = try state.read(output.value) }
    for input in graph.inputs where state.changed.contains(input.value) {
      guard results[input.name] == nil else {
        throw GraphError("input '\(input.name)' is changed in place and names an output too")
      }
      results[input.name] = try state.read(input.value)
    }
    return results
  }

  private struct State {
    let graph: Graph
    let bindings: [String: Int]
    var values: [Value: Tensor] = [:]
    /// Values that an op changed in place.
    var changed: Set<Value> = []
    /// How many reads are left; at 0 a value is let go, so that big models fit in memory.
    var uses: [Int]

    init(graph: Graph, bindings: [String: Int]) {
      self.graph = graph
      self.bindings = bindings
      uses = graph.useCounts
      for input in graph.inputs { uses[input.value.id] += 1 }
    }

    mutating func define(_ value: Value, _ tensor: Tensor, _ what: String) throws(GraphError) {
      let type = graph.type(value)
      guard tensor.dtype == type.dtype, tensor.shape == type.shape.values(bindings) else {
        throw GraphError(
          "\(what): expected \(type), found \(tensor.dtype.rawValue)\(tensor.shape)"
            + " with \(bindings.sorted { $0.key < $1.key }.map { "\($0.key) = \($0.value)" })")
      }
      values[value] = tensor
    }

    func read(_ value: Value) throws(GraphError) -> Tensor {
      guard let tensor = values[value] else {
        throw GraphError("%\(value.id) is read before it is defined")
      }
      return tensor
    }

    mutating func run(_ node: Node) throws(GraphError) {
      var inputs: [Tensor] = []
      for input in node.inputs { inputs.append(try read(input)) }
      let results = try node.op.evaluable.evaluate(&inputs, bindings)
      for (value, result) in zip(node.results, results) {
        try define(value, result, node.op.mnemonic)
      }
      for index in node.op.evaluable.changedInputs {
        values[node.inputs[index]] = inputs[index]
        changed.insert(node.inputs[index])
      }
      for input in node.inputs {
        uses[input.id] -= 1
        if uses[input.id] == 0 { values[input] = nil }
      }
    }
  }
}
