import Formats
package import Graph

/// Makes projections by parameters int8: rows quantized once for all their readers, inside the layer
/// norm that makes them where there is one; weights per output channel.
///
/// A table whose rows a projection multiplies as integers, as a tied head does, is read as integers too: a
/// plan holds it once, in a quarter of the bytes.
///
/// With four-bit weights for steps, the step's projections have weights of their own, wherever their rows
/// can be divided into groups; a table stays as it is.
///
/// - Requires: projections are fused and merged: scales belong to the final weights.
/// - Leaves alone: layer norms, softmax, attention and the residual stream, which stay f32; weights
///   with fewer than 16 inputs, where quantizing the rows costs more than it saves, or more than
///   an int32 sum has room for.
package struct QuantizeProjections: Pass {
  package static let name = "quantize-projections"
  package static let numerics = PassNumerics.quantizes
  static let inputs = 16...PlanLimits.packedColumns

  private let options: QuantizationOptions
  /// The mean rows of the function's projections.
  private let means: [String: [Float]]
  private let isFourBit: Bool

  /// For the function of this name, which decides about the mean rows.
  package init(
    _ options: QuantizationOptions = QuantizationOptions(), function: String = ""
  ) {
    self.options = options
    means = options.means[function] ?? [:]
    isFourBit = function == "step" && options.stepWeights == .int4
  }

  package func run(
    _ graph: Graph, _ parameters: inout ParameterStore
  ) -> (graph: Graph, rewrites: Int) {
    var quantizer = Quantizer(graph, options, means, isFourBit, parameters)
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
  private let options: QuantizationOptions
  private let means: [String: [Float]]
  private let isFourBit: Bool
  var rewriter: GraphRewriter
  private(set) var rewrites = 0
  private let names: [Value: String]
  /// The weights of projections to quantize, by the projection's first result.
  private var weights: [Value: String] = [:]
  /// The levels of each value that a projection reads as integers: the most that one of them asks for.
  private var levels: [Value: Int] = [:]
  /// How many readers want a value as float, by id.
  private var floatReaders: [Int]
  /// Quantized rows and their scales, by the float value of the old graph.
  private var quantized: [Value: (rows: Value, scales: Value)] = [:]
  /// The groups of the integers of projections, by what they are made of.
  private var shared: [ParameterStore.Recipe: ProductGroups] = [:]

  init(
    _ graph: Graph, _ options: QuantizationOptions, _ means: [String: [Float]],
    _ isFourBit: Bool, _ parameters: ParameterStore
  ) {
    self.graph = graph
    self.options = options
    self.means = means
    self.isFourBit = isFourBit
    rewriter = GraphRewriter(graph)
    floatReaders = graph.useCounts
    names = Dictionary(uniqueKeysWithValues: graph.parameters.map { ($0.value, $0.name) })
    for node in graph.nodes {
      guard let name = QuantizeProjections.weight(of: node, graph, names),
        let levels = (options.precisions[name] ?? .u7).levels
      else { continue }
      weights[node.results[0]] = name
      shared[parameters.recipe(name)] = groups(name)
      floatReaders[node.inputs[0].id] -= 1
      self.levels[node.inputs[0], default: 0] = max(levels, self.levels[node.inputs[0]] ?? 0)
    }
  }

  mutating func handle(_ node: Node, _ parameters: inout ParameterStore) {
    switch node.op {
    case .linear(let op):
      guard let name = weights[node.results[0]] else { return rewriter.copy(node) }
      quantize(op.epilogue, node, weight: name, &parameters)
    case .embedding:
      guard let name = names[node.inputs[0]], let groups = shared[parameters.recipe(name)] else {
        return rewriter.copy(node)
      }
      let table = quantized(
        weight: name, of: node.inputs[0], form: .s8(groups: groups), &parameters)
      rewriter.replace(
        node, .quantizedEmbedding(QuantizedEmbedding()),
        [table.weight, table.scales, rewriter[node.inputs[1]]])
      rewrites += 1
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

  /// How many blocks' products are to fit 16 bits, for a projection by this weight.
  private func groups(_ name: String) -> ProductGroups {
    (options.precisions[name] ?? .u7).groups(options.groups)
  }

  /// What the integers of a projection's weight [N, K] are like.
  private func form(_ name: String, _ weight: Value) -> IntegerForm {
    if isFourBit, let columns = graph.shape(weight)[1].constant,
      GroupQuantization.fits(columns: columns)
    {
      return .s4
    }
    return .s8(groups: groups(name))
  }

  /// The integers of a float parameter and the scale of each row.
  private mutating func quantized(
    weight name: String, of value: Value, form: IntegerForm, _ parameters: inout ParameterStore
  ) -> (weight: Value, scales: Value) {
    let shape = graph.shape(value)
    guard let count = shape[0].constant else { preconditionFailure("'\(name)' has a known shape") }
    let (weight, scales) = parameters.quantize(name, rows: count, form: form)
    return (
      rewriter.parameter(weight, TensorType(.s8, shape)),
      rewriter.parameter(scales, .f32([Dimension(count)]))
    )
  }

  private mutating func quantize(
    _ epilogue: Epilogue, _ node: Node, weight name: String, _ parameters: inout ParameterStore
  ) {
    let (rows, scales) = quantizedRows(node.inputs[0])
    let form = form(name, node.inputs[1])
    let (weight, weightScales) = quantized(
      weight: name, of: node.inputs[1], form: form, &parameters)
    let count = graph.shape(node.inputs[1])[0].constant ?? 0
    var epilogue = epilogue
    var rest = node.inputs.dropFirst(2).map { rewriter[$0] }
    // A bias that is computed stays as it is.
    let bias = epilogue.hasBias ? names[node.inputs[2]] : nil
    if let row = means[name], bias != nil || !epilogue.hasBias {
      let corrected = rewriter.parameter(
        parameters.correct(bias, for: name, rows: count, form: form, row: row),
        .f32([Dimension(count)]))
      if epilogue.hasBias { rest[0] = corrected } else { rest.insert(corrected, at: 0) }
      epilogue.hasBias = true
    }
    let inputs = [rows, scales, weight, weightScales] + rest
    rewriter.replace(node, .quantizedLinear(QuantizedLinear(epilogue)), inputs)
    rewrites += 1
  }
}
