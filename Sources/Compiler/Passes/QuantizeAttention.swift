package import Graph

/// Makes attention int8: QKᵀ and PV multiply integers, of rows, keys and columns that are quantized when they
/// are known.
///
/// With AVX2 that is faster from 32 keys on, in 512 bits from 64 on, and slower below by a few microseconds.
/// Sizes do not decide, so that a plan for images of any size gives what one for a single size gives.
///
/// - Requires: attention is fused.
/// - Leaves alone: masks and biases; the step's attention, which reads each key once and has nothing to
///   gain.
package struct QuantizeAttention: Pass {
  package static let name = "quantize-attention"
  package static let numerics = PassNumerics.quantizes

  private let precision: Precision

  /// For int8 products, or none.
  package init(_ precision: Precision = .int8) { self.precision = precision }

  package func run(
    _ graph: Graph, _: inout ParameterStore
  ) -> (graph: Graph, rewrites: Int) {
    var rewriter = GraphRewriter(graph)
    var rewrites = 0
    for node in graph.nodes {
      if precision == .int8, case .attention(let op) = node.op, Self.fits(op.form, node, graph) {
        rewriter.replace(
          node, .quantizedAttention(QuantizedAttention(op.form)),
          node.inputs.map { rewriter[$0] })
        rewrites += 1
      } else {
        rewriter.copy(node)
      }
    }
    return (rewriter.finish(), rewrites)
  }

  private static func fits(_ form: AttentionForm, _ node: Node, _ graph: Graph) -> Bool {
    guard let width = graph.shape(node.inputs[0])[2].constant else { return false }
    return form.prefix == nil && !form.hasBias && form.scale > 0
      && width / form.heads <= QuantizedAttention.widestHead
  }
}
