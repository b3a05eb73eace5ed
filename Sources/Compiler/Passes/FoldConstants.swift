package import Graph

/// Replaces reshapes and first-axis concatenations of parameters by parameters, so that nothing of
/// them is left to do at run time: patch weights as matrices, temporal embeddings as one table.
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
      case .reshape(let op): return parameters.reshape(parts[0], op.shape)
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
