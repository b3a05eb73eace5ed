package import Graph

/// Replaces moves of parameters by parameters, so that nothing of them is left to do at run time:
/// patch weights as matrices, temporal embeddings as one table, rows of merged weights.
///
/// Moves are reshapes, transposes, slices of known columns and first-axis concatenations.
///
/// - Leaves alone: other ops on parameters, which the runtime repeats; none is in a released model.
package struct FoldConstants: Pass {
  package static let name = "fold-constants"
  package static let numerics = PassNumerics.exact

  package init() {}

  package func run(
    _ graph: Graph, _ parameters: inout ParameterStore
  ) -> (graph: Graph, rewrites: Int) {
    var rewriter = GraphRewriter(graph)
    var names = Dictionary(uniqueKeysWithValues: graph.parameters.map { ($0.value, $0.name) })
    var rewrites = 0

    func fold(_ node: Node) -> String? {
      let parts = node.inputs.compactMap { names[$0] }
      guard parts.count == node.inputs.count else { return nil }
      switch node.op {
      case .reshape(let op):
        return op.shape.values([:]) == nil ? nil : parameters.reshape(parts[0], op.shape)
      case .transpose(let op):
        return graph.shape(node.inputs[0]).values([:]).map {
          parameters.transpose(parts[0], $0, op.permutation)
        }
      case .slice(let op):
        guard let shape = graph.shape(node.inputs[0]).values([:]), let start = op.start.constant,
          let end = op.end.constant
        else { return nil }
        return parameters.slice(parts[0], shape, axis: op.axis, start..<end)
      case .concat(Concat(axis: 0)): return parameters.join(parts)
      default: return nil
      }
    }

    for node in graph.nodes {
      guard let name = fold(node) else {
        rewriter.copy(node)
        continue
      }
      let result = node.results[0]
      rewriter.map(result, to: rewriter.parameter(name, graph.type(result)))
      names[result] = name
      rewrites += 1
    }
    return (rewriter.finish(), rewrites)
  }
}
