package import Graph

/// Keeps the keys and values of image tokens as binary16: `prefix` rounds what it hands to `step`.
///
/// Every step reads all of them, so they are as much of its time as their bytes are of memory: of git-base
/// 7 MB of floats beside 66 MB of weights, and 44 MB for six frames. Rounding is 66 dB, beside some 40 of
/// the integers around it. What `prefix` itself computes with stays f32.
///
/// - Requires: the split into functions, whose ports it goes by.
/// - Leaves alone: text rows, which are few.
package struct HalvePrefix: Pass {
  package static let name = "halve-prefix"
  package static let numerics = PassNumerics.quantizes

  private let attention: Precision

  /// For attention that is quantized; one in floats keeps them.
  package init(_ attention: Precision = .int8) { self.attention = attention }

  package func run(
    _ graph: Graph, _: inout ParameterStore
  ) -> (graph: Graph, rewrites: Int) {
    func isFloat(_ port: NamedValue) -> Bool {
      Self.isPrefix(port.name) && graph.type(port.value).dtype == .f32
    }
    let inputs = graph.inputs.filter(isFloat)
    let halved = Set(graph.outputs.filter(isFloat).map(\.name))
    let rewrites = inputs.count + halved.count
    if attention != .int8 || rewrites == 0 { return (graph, 0) }
    var rewriter = GraphRewriter(
      graph,
      retyped: Dictionary(
        uniqueKeysWithValues: inputs.map { ($0.name, TensorType(.f16, graph.shape($0.value))) }))
    for node in graph.nodes { rewriter.copy(node) }
    var result = rewriter.finish()
    let outputs = result.outputs
    result.removeOutputs()
    for output in outputs {
      result.output(
        output.name,
        halved.contains(output.name)
          ? result.apply(.toHalf(ToHalf()), [output.value])[0] : output.value)
    }
    return (result, rewrites)
  }

  /// By the names that ``Partition`` gives.
  private static func isPrefix(_ name: String) -> Bool {
    name.hasPrefix("prefix_k.") || name.hasPrefix("prefix_v.")
  }
}
