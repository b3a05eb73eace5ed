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
    for node in graph.nodes {
      let parts = node.inputs.compactMap { names[$0] }
      if parts.count == node.inputs.count, Self.isFoldable(node.op) {
        let name = parameters.join(parts)
        rewriter.map(
          node.results[0], to: rewriter.graph.parameter(name, graph.type(node.results[0])))
        names[node.results[0]] = name
        rewrites += 1
      } else {
        rewriter.copy(node)
      }
    }
    return (rewriter.finish(), rewrites)
  }

  private static func isFoldable(_ op: Op) -> Bool {
    switch op {
    case .reshape: true
    case .concat(let op): op.axis == 0
    default: false
    }
  }
}
