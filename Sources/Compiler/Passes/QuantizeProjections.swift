package import Graph

/// Makes projections by parameters int8: rows quantized once for all their readers, inside the layer
/// norm that makes them where there is one; weights per output channel.
///
/// - Requires: projections are fused and merged: scales belong to the final weights.
/// - Leaves alone: layer norms, softmax, attention and the residual stream, which stay f32; weights
///   with fewer than 16 inputs, where quantizing the rows costs more than it saves.
package struct QuantizeProjections: Pass {
  package static let name = "quantize-projections"
  package static let numerics = PassNumerics.quantizes
  /// 7 bits: two products with an 8-bit weight fit the int16 of AVX2's multiply-add.
  package static let levels = 127
  private static let minimumInputs = 16

  package init() {}

  package func run(
    _ graph: Graph, _ parameters: inout ParameterStore
  ) -> (graph: Graph, rewrites: Int) {
    var quantizer = Quantizer(graph)
    for node in graph.nodes { quantizer.handle(node, &parameters) }
    return (quantizer.rewriter.finish(), quantizer.rewrites)
  }

  private struct Quantizer {
    let graph: Graph
    var rewriter: GraphRewriter
    var rewrites = 0
    private let names: [Value: String]
    /// How many readers want a value as float, and as integers.
    private var floatReaders: [Int]
    private var integerReaders: [Int]
    /// Quantized rows and their scales, by the float value of the old graph.
    private var quantized: [Value: (rows: Value, scales: Value)] = [:]

    init(_ graph: Graph) {
      self.graph = graph
      rewriter = GraphRewriter(graph)
      let names = Dictionary(uniqueKeysWithValues: graph.parameters.map { ($0.value, $0.name) })
      self.names = names
      floatReaders = graph.useCounts
      integerReaders = floatReaders.map { _ in 0 }
      for node in graph.nodes where Self.isQuantizable(graph, node, names) {
        floatReaders[node.inputs[0].id] -= 1
        integerReaders[node.inputs[0].id] += 1
      }
    }

    private static func isQuantizable(
      _ graph: Graph, _ node: Node, _ names: [Value: String]
    ) -> Bool {
      guard case .linear = node.op, names[node.inputs[1]] != nil,
        let inputs = graph.shape(node.inputs[1])[1].constant
      else { return false }
      return inputs >= QuantizeProjections.minimumInputs
    }

    mutating func handle(_ node: Node, _ parameters: inout ParameterStore) {
      switch node.op {
      case .linear(let op) where Self.isQuantizable(graph, node, names):
        quantize(op.epilogue, node, &parameters)
      case .layerNorm(let op) where integerReaders[node.results[0].id] > 0:
        quantizeNorm(node, epsilon: op.epsilon, hasResidual: false)
      case .residualLayerNorm(let op) where integerReaders[node.results[0].id] > 0:
        quantizeNorm(node, epsilon: op.epsilon, hasResidual: true)
      default: rewriter.copy(node)
      }
    }

    private mutating func quantizeNorm(_ node: Node, epsilon: Float, hasResidual: Bool) {
      let (old, keepsFloat) = (node.results[0], floatReaders[node.results[0].id] > 0)
      let op = LayerNormQuantize(
        epsilon: epsilon, levels: QuantizeProjections.levels, hasResidual: hasResidual,
        keepsFloat: keepsFloat)
      let results = rewriter.graph.apply(
        .layerNormQuantize(op), node.inputs.map { rewriter[$0] })
      if keepsFloat { rewriter.map(old, to: results[0]) }
      let rows = results.suffix(2)
      quantized[old] = (rows[rows.startIndex], rows[rows.startIndex + 1])
      rewrites += 1
    }

    /// The integers and scales of a value, made where a norm did not make them.
    private mutating func quantizedRows(_ x: Value) -> (rows: Value, scales: Value) {
      if let known = quantized[x] { return known }
      let results = rewriter.graph.apply(
        .quantizeRows(QuantizeRows(levels: QuantizeProjections.levels)), [rewriter[x]])
      quantized[x] = (results[0], results[1])
      return (results[0], results[1])
    }

    private mutating func quantize(
      _ epilogue: Epilogue, _ node: Node, _ parameters: inout ParameterStore
    ) {
      let (rows, scales) = quantizedRows(node.inputs[0])
      guard let name = names[node.inputs[1]],
        let count = graph.shape(node.inputs[1])[0].constant
      else { preconditionFailure("a quantizable weight is a parameter of known shape") }
      let (weight, weightScales) = parameters.quantize(name, rows: count)
      let inputs =
        [
          rows, scales,
          rewriter.parameter(weight, TensorType(.s8, graph.shape(node.inputs[1]))),
          rewriter.parameter(weightScales, .f32([Dimension(count)])),
        ] + node.inputs.dropFirst(2).map { rewriter[$0] }
      rewriter.replace(node, .quantizedLinear(QuantizedLinear(epilogue)), inputs)
      rewrites += 1
    }
  }
}
