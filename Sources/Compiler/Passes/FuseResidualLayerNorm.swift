package import Graph

/// `layer_norm(x + r)` in one op, where nothing else reads the sum.
///
/// - Requires: projections are fused, so that what is left is a sum no projection took.
/// - Leaves alone: sums with a second reader; operands that do not repeat along leading axes only.
package struct FuseResidualLayerNorm: Pass {
  package static let name = "fuse-residual-layer-norm"
  package static let numerics = PassNumerics.exact

  package init() {}

  package func run(
    _ graph: Graph, _: inout ParameterStore
  ) -> (graph: Graph, rewrites: Int) {
    let (uses, producers) = (graph.useCounts, graph.producers)
    var rewriter = GraphRewriter(graph)
    var rewrites = 0
    for node in graph.nodes {
      if case .layerNorm(let op) = node.op, uses[node.inputs[0].id] == 1,
        let index = producers[node.inputs[0].id], case .add = graph.nodes[index].op,
        let (x, residual) = Self.operands(graph, graph.nodes[index])
      {
        rewriter.replace(
          node, .residualLayerNorm(ResidualLayerNorm(epsilon: op.epsilon)),
          ([x, residual] + node.inputs.dropFirst()).map { rewriter[$0] })
        rewrites += 1
      } else {
        rewriter.copy(node)
      }
    }
    return (rewriter.finish(), rewrites)
  }

  /// The operand of the sum's own shape first, then the one that repeats along its leading axes.
  private static func operands(_ graph: Graph, _ add: Node) -> (Value, Value)? {
    let shape = graph.shape(add.results[0])
    for (x, residual) in [(add.inputs[0], add.inputs[1]), (add.inputs[1], add.inputs[0])] {
      let repeated = graph.shape(residual)
      if graph.shape(x) == shape, repeated.count <= shape.count,
        Shape(shape.suffix(repeated.count)) == repeated
      {
        return (x, residual)
      }
    }
    return nil
  }
}
