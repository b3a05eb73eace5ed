package import Graph

extension Graph {
  /// The graph for Graphviz: `dot -Tsvg`.
  ///
  /// Nodes are ops with the parameters they read; edges carry the types of values. Equal graphs give
  /// equal text. `name` is the picture's title.
  package func dot(name: String) -> String {
    let parameterNames = Dictionary(
      uniqueKeysWithValues: parameters.map { ($0.value, $0.name) })
    let producers = producers
    var lines = [
      "digraph \(name.quotedForDot) {",
      "  node [shape = box, fontname = \"monospace\"]",
      "  edge [fontname = \"monospace\", fontsize = 10]",
    ]

    /// The name of the box that a value comes out of.
    func box(_ value: Value) -> String { producers[value.id].map { "n\($0)" } ?? "v\(value.id)" }
    func arrow(_ value: Value, to target: String) -> String {
      "  \(box(value)) -> \(target) [label = \("\(type(value))".quotedForDot)]"
    }

    for input in inputs {
      lines.append("  v\(input.value.id) [label = \(input.name.quotedForDot), shape = ellipse]")
    }
    for (index, node) in nodes.enumerated() {
      let read = node.inputs.compactMap { parameterNames[$0] }
      let label = ([node.op.mnemonic] + read).joined(separator: "\n")
      lines.append("  n\(index) [label = \(label.quotedForDot)]")
      for input in node.inputs where parameterNames[input] == nil {
        lines.append(arrow(input, to: "n\(index)"))
      }
    }
    for (index, output) in outputs.enumerated() {
      lines.append("  o\(index) [label = \(output.name.quotedForDot), shape = ellipse]")
      if let parameter = parameterNames[output.value] {
        lines.append("  v\(output.value.id) [label = \(parameter.quotedForDot)]")
      }
      lines.append(arrow(output.value, to: "o\(index)"))
    }
    return (lines + ["}"]).map { $0 + "\n" }.joined()
  }
}

extension String {
  /// As a string of the DOT language.
  fileprivate var quotedForDot: String {
    let escapes: [Character: String] = ["\"": "\\\"", "\\": "\\\\", "\n": "\\n"]
    return "\"" + map { escapes[$0] ?? String($0) }.joined() + "\""
  }
}
