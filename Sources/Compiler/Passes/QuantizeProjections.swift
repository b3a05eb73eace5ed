import Formats
package import Graph

/// Makes projections by parameters int8: rows quantized once for all their readers, inside the layer
/// norm that makes them where there is one; weights per output channel.
///
/// - Requires: projections are fused and merged: scales belong to the final weights.
/// - Leaves alone: layer norms, softmax, attention and the residual stream, which stay f32; weights
///   with fewer than 16 inputs, where quantizing the rows costs more than it saves, or more than
///   an int32 sum has room for.
package struct QuantizeProjections: Pass {
  package static let name = "quantize-projections"
  package static let numerics = PassNumerics.quantizes
  static let inputs = 16...PlanLimits.packedColumns

  /// What projections multiply, by the names of their weights; those not named, `.u7`.
  private let precisions: [String: ProjectionPrecision]

  package init(_ precisions: [String: ProjectionPrecision] = [:]) { self.precisions = precisions }

  package func run(
    _ graph: Graph, _ parameters: inout ParameterStore
  ) -> (graph: Graph, rewrites: Int) {
    var quantizer = Quantizer(graph, precisions)
    for node in graph.nodes { quantizer.handle(node, &parameters) }
    return (quantizer.rewriter.finish(), quantizer.rewrites)
  }

  /// The name of the weight of a projection that can be quantized.
  static func weight(of node: Node, _ graph: Graph, _ names: [Value: String]) -> String? {
    guard case .linear = node.op, let name = names[node.inputs[1]],
      let count = graph.shape(node.inputs[1])[1].constant, inputs.contains(count)
    else { return nil }
    return name
  }
}

private struct Quantizer {
  let graph: Graph
  var rewriter: GraphRewriter
  private(set) var rewrites = 0
  /// The weights of projections to quantize, by the projection's first result.
  private var weights: [Value: String] = [:]
  /// The levels of each value that a projection reads as integers: the most that one of them asks for.
  private var levels: [Value: Int] = [:]
  /// How many readers want a value as float, by id.
  private var floatReaders: [Int]
  /// Quantized rows and their scales, by the float value of the old graph.
  private var quantized: [Value: (rows: Value, scales: Value)] = [:]

  init(_ graph: Graph, _ precisions: [String: ProjectionPrecision]) {
    self.graph = graph
    rewriter = GraphRewriter(graph)
    floatReaders = graph.useCounts
    let names = Dictionary(uniqueKeysWithValues: graph.parameters.map { ($0.value, $0.name) })
    for node in graph.nodes {
      guard let name = QuantizeProjections.weight(of: node, graph, names),
        let levels = (precisions[name] ?? .u7).levels
      else { continue }
      weights[node.results[0]] = name
      floatReaders[node.inputs[0].id] -= 1
      self.levels[node.inputs[0], default: 0] = max(levels, self.levels[node.inputs[0]] ?? 0)
    }
  }

  mutating func handle(_ node: Node, _ parameters: inout ParameterStore) {
    switch node.op {
    case .linear(let op):
      guard let name = weights[node.results[0]] else { return rewriter.copy(node) }
      quantize(op.epilogue, node, weight: name, &parameters)
    case .layerNorm(let op):
      quantizeNorm(node, epsilon: op.epsilon, hasResidual: false)
    case .residualLayerNorm(let op):
      quantizeNorm(node, epsilon: op.epsilon, hasResidual: true)
    default: rewriter.copy(node)
    }
  }

  private mutating func quantizeNorm(_ node: Node, epsilon: Float, hasResidual: Bool) {
    guard let levels = levels[node.results[0]] else { return rewriter.copy(node) }
    let keepsFloat = floatReaders[node.results[0].id] > 0
    let op = LayerNormQuantize(
      epsilon: epsilon, levels: levels, hasResidual: hasResidual, keepsFloat: keepsFloat)
    let results = rewriter.graph.apply(.layerNormQuantize(op), node.inputs.map { rewriter[$0] })
    if keepsFloat { rewriter.map(node.results[0], to: results[0]) }
    quantized[node.results[0]] = (results[results.count - 2], results[results.count - 1])
    rewrites += 1
  }

  /// The integers and scales of a value, made where a norm did not make them.
  private mutating func quantizedRows(_ x: Value) -> (rows: Value, scales: Value) {
    if let known = quantized[x] { return known }
    guard let levels = levels[x] else { preconditionFailure("a projection reads %\(x.id)") }
    let results = rewriter.graph.apply(
      .quantizeRows(QuantizeRows(levels: levels)), [rewriter[x]])
    quantized[x] = (results[0], results[1])
    return (results[0], results[1])
  }

  private mutating func quantize(
    _ epilogue: Epilogue, _ node: Node, weight name: String, _ parameters: inout ParameterStore
  ) {
    let (rows, scales) = quantizedRows(node.inputs[0])
    let shape = graph.shape(node.inputs[1])
    guard let count = shape[0].constant else { preconditionFailure("'\(name)' has a known shape") }
    let (weight, weightScales) = parameters.quantize(name, rows: count)
    let inputs =
      [
        rows, scales,
        rewriter.parameter(weight, TensorType(.s8, shape)),
        rewriter.parameter(weightScales, .f32([Dimension(count)])),
      ] + node.inputs.dropFirst(2).map { rewriter[$0] }
    rewriter.replace(node, .quantizedLinear(QuantizedLinear(epilogue)), inputs)
    rewrites += 1
  }
}
