package import Graph

/// What is in a graph.
package struct GraphReport: Encodable, Sendable {
  package var kind = "graph"
  package var file: String
  package var bytes: Int
  package var inputs: [TensorReport]
  package var outputs: [TensorReport]
  package var parameters: [TensorReport]
  /// Values of all parameters together; nil where a length is symbolic.
  package var parameterCount: Int?
  package var nodes: Int
  /// Nodes by op.
  package var ops: [String: Int]

  /// Describes `graph`, which `path` holds in `byteCount` bytes.
  package init(_ graph: Graph, path: String, byteCount: Int) {
    func tensors(_ values: [NamedValue]) -> [TensorReport] {
      values.map { named in
        let type = graph.type(named.value)
        return TensorReport(
          name: named.name, dtype: type.dtype.rawValue, shape: type.shape.map(\.description))
      }
    }
    file = path
    bytes = byteCount
    inputs = tensors(graph.inputs)
    outputs = tensors(graph.outputs)
    parameters = tensors(graph.parameters)
    parameterCount = graph.parameterCount.constant
    nodes = graph.nodes.count
    ops = graph.nodes.reduce(into: [:]) { $0[$1.op.mnemonic, default: 0] += 1 }
  }

  /// The facts without the parameters.
  var summary: String {
    var table = TextTable()
    for input in inputs { table.add("input", input.name, input.type) }
    for output in outputs { table.add("output", output.name, output.type) }
    return """
      \(table.text)
      \(nodes) nodes: \(TextTable.counts(ops))
      \(parameterCount.map(String.init) ?? "?") values in \(parameters.count) parameters
      """
  }

  /// For people.
  package var text: String {
    var table = TextTable()
    for tensor in parameters { table.add(tensor.name, tensor.type) }
    return "\(file): graph, \(bytes) bytes\n\n\(summary)\n\n\(table.text)"
  }
}
