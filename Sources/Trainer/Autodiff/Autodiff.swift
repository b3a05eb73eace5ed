package import Graph

/// Reverse-mode differentiation as a transformation of the graph.
///
/// The result holds the forward nodes as they were, then the backward nodes, so the compiler fuses,
/// plans and runs a training step like any other program. Each op's rule stands in the file of its
/// family beside this one.
///
/// - Source: Griewank, Walther 2008, chapter 3 (reverse accumulation).
package struct Autodiff {
  var graph: Graph
  /// The derivative of the loss by each value that has one so far.
  private var gradients: [Value: Value] = [:]
  /// Derivatives that are zeros around others: what slices gave.
  var padded: [Value: (pad: Pad, inner: Value)] = [:]
  /// Values that depend on a parameter that learns: only they are worth a derivative.
  private var isActive: Set<Value>

  private init(_ graph: Graph, frozen: Set<String>) {
    self.graph = graph
    isActive = Set(graph.parameters.filter { !frozen.contains($0.name) }.map(\.value))
    for node in graph.nodes where node.inputs.contains(where: isActive.contains) {
      isActive.formUnion(node.results)
    }
  }

  /// Gives a graph that computes the loss and its gradient by every parameter.
  ///
  /// - Parameters:
  ///   - graph: has an f32[] output named `loss`; no quantized or projection-fused ops.
  ///   - loss: that output's name.
  ///   - frozen: parameters that do not learn; what only their gradients need is not computed.
  /// - Returns: a graph of the same inputs and parameters with outputs `loss` and
  ///   `gradient.<parameter>` for each parameter that learns, of the parameter's type; one that the
  ///   loss does not depend on has zeros.
  /// - Throws: when there is no such output, or an op on the way has no derivative.
  package static func differentiate(
    _ graph: Graph, loss: String, frozen: Set<String> = []
  ) throws(GraphError) -> Graph {
    guard let output = graph.outputs.first(where: { $0.name == loss }) else {
      throw GraphError("no output named '\(loss)' to differentiate")
    }
    guard graph.type(output.value) == .f32([]) else {
      throw GraphError("expected loss f32[], found \(graph.type(output.value))")
    }
    var autodiff = Autodiff(graph, frozen: frozen)
    autodiff.graph.removeOutputs()
    autodiff.graph.output(loss, output.value)
    autodiff.gradients[output.value] = autodiff.graph.constant(1)
    for node in graph.nodes.reversed() { try autodiff.propagate(node) }
    for parameter in graph.parameters where !frozen.contains(parameter.name) {
      let gradient =
        autodiff.gradients[parameter.value]
        ?? autodiff.graph.constant(0, graph.shape(parameter.value))
      autodiff.graph.output("gradient.\(parameter.name)", gradient)
    }
    return autodiff.graph
  }

  private mutating func propagate(_ node: Node) throws(GraphError) {
    let incoming = node.results.map { gradients[$0] }
    guard incoming.contains(where: { $0 != nil }), node.inputs.contains(where: isActive.contains)
    else { return }
    let outgoing = try inputGradients(node, incoming)
    for (input, gradient) in zip(node.inputs, outgoing) {
      guard let gradient, isActive.contains(input) else { continue }
      gradients[input] = gradients[input].map { added($0, gradient) } ?? gradient
    }
  }

  /// The derivative by each input of `node`, nil where there is none, for the derivatives by its
  /// results.
  private mutating func inputGradients(
    _ node: Node, _ incoming: [Value?]
  ) throws(GraphError) -> [Value?] {
    guard node.results.count == 1, let dy = incoming[0] else {
      throw GraphError("\(node.op.mnemonic): no derivative of an op with several results")
    }
    switch node.op {
    case .constant, .relativeIndex, .windowMask: return []
    case .add: return addRule(node, dy)
    case .multiply: return multiplyRule(node, dy)
    case .scale(let op): return [graph.scale(dy, by: op.factor)]
    case .exp: return [graph.multiply(dy, node.results[0])]
    case .rsqrt: return [rsqrtRule(node, dy)]
    case .gelu(let op):
      return [apply(.geluGradient(GeluGradient(form: op.form)), node.inputs[0], dy)]
    case .dropout(let op):
      return [graph.dropout(dy, seed: node.inputs[1], rate: op.rate, salt: op.salt), nil]
    case .sum(let op): return [sumRule(op, node, dy)]
    case .matMul(let op): return matMulRule(op, node, dy)
    case .softmax: return [apply(.softmaxGradient(SoftmaxGradient()), node.results[0], dy)]
    case .prefixMask: return [try prefixMaskRule(node, dy)]
    case .layerNorm(let op):
      return graph.apply(
        .layerNormGradient(LayerNormGradient(epsilon: op.epsilon)),
        [node.inputs[0], node.inputs[1], dy])
    case .attention(let op):
      return graph.apply(.attentionGradient(AttentionGradient(op.form)), node.inputs + [dy])
    case .reshape: return [graph.reshape(dy, graph.shape(node.inputs[0]))]
    case .transpose(let op): return [transposeRule(op, dy)]
    case .concat(let op): return concatRule(op, node, dy)
    case .slice(let op): return [sliceRule(op, node, dy)]
    case .broadcast: return [sum(dy, to: graph.shape(node.inputs[0]))]
    case .pad(let op): return [padRule(op, node, dy)]
    case .embedding:
      let rows = graph.shape(node.inputs[0])[0]
      return [apply(.embeddingGradient(EmbeddingGradient(rows: rows)), node.inputs[1], dy), nil]
    case .interpolate:
      let shape = graph.shape(node.inputs[0])
      return [
        apply(.interpolateGradient(InterpolateGradient(rows: shape[0], columns: shape[1])), dy)
      ]
    case .crossEntropy(let op):
      return [
        apply(
          .crossEntropyGradient(CrossEntropyGradient(op.smoothing)), node.inputs[0], node.inputs[1],
          dy), nil,
      ]
    case .patches(let op):
      let gradient = PatchesGradient(op.form, of: graph.shape(node.inputs[0]))
      return [apply(.patchesGradient(gradient), dy)]
    case .geluGradient, .softmaxGradient, .layerNormGradient, .attentionGradient,
      .embeddingGradient, .patchesGradient, .interpolateGradient, .crossEntropyGradient, .linear,
      .cachedAttention,
      .residualLayerNorm,
      .quantizeRows, .layerNormQuantize, .quantizedLinear, .quantizedEmbedding,
      .quantizedAttention, .toHalf, .keepRows:
      throw GraphError("\(node.op.mnemonic): no derivative; differentiate before fusing")
    }
  }

  /// Appends an op of one result.
  private mutating func apply(_ op: Op, _ inputs: Value...) -> Value { graph.apply(op, inputs)[0] }
}
