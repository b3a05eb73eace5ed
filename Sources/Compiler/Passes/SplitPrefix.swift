package import Graph

/// Computes image rows and text rows of the decoder's sequence apart.
///
/// The model puts image tokens and text in one sequence. Row-wise ops do not care, so
/// op(concat(image, text)) = concat(op(image), op(text)); attention under the prefix mask becomes
/// attention of the image over itself, and of the text over both:
///
///     image: attention(qᵢ, kᵢ, vᵢ)
///     text:  attention(qₜ, concat(kᵢ, kₜ), concat(vᵢ, vₜ); prefix)
///
/// What then nobody reads, such as the last layer's image rows after its keys and values, is dead.
///
/// - Requires: attention is fused. Projections may be or not: training splits before it fuses them.
/// - Leaves alone: sequences that end in an op that mixes rows in another way; they are joined again.
package struct SplitPrefix: Pass {
  package static let name = "split-prefix"
  package static let numerics = PassNumerics.exact

  package init() {}

  package func run(
    _ graph: Graph, _: inout ParameterStore
  ) -> (graph: Graph, rewrites: Int) {
    var (graph, rewrites) = (graph, 0)
    // Only once a part of the sequence is apart does what is made of it alone, such as fewer image rows
    // that are joined with the text again, no longer depend on the other part.
    while true {
      var splitter = Splitter(graph)
      for node in graph.nodes { splitter.handle(node) }
      if splitter.rewrites == 0 { return (graph, rewrites) }
      rewrites += splitter.rewrites
      graph = splitter.finish()
    }
  }
}

/// Two parts of one value along an axis.
private struct Parts {
  var image: Value
  var text: Value
  var axis: Int
}

private struct Splitter {
  private let graph: Graph
  private var rewriter: GraphRewriter
  private let isText: [Bool]
  private let isImage: [Bool]
  private var parts: [Value: Parts] = [:]
  private(set) var rewrites = 0

  init(_ graph: Graph) {
    self.graph = graph
    rewriter = GraphRewriter(graph)
    let dependence = Dependence(graph)
    isText = dependence.onText
    isImage = dependence.onImage
  }

  mutating func handle(_ node: Node) {
    if splits(node) {
      // A concatenation alone is only a chance to split what follows.
      if case .concat = node.op { return }
      rewrites += 1
      return
    }
    for input in node.inputs where parts[input] != nil { join(input) }
    rewriter.copy(node)
  }

  mutating func finish() -> Graph {
    for output in graph.outputs where parts[output.value] != nil { join(output.value) }
    return rewriter.finish()
  }

  /// Makes a split value whole again, once.
  private mutating func join(_ value: Value) {
    guard let parts = parts.removeValue(forKey: value) else { return }
    rewriter.map(value, to: rewriter.graph.concat([parts.image, parts.text], axis: parts.axis))
  }

  /// Handles the node in two parts, or answers false.
  private mutating func splits(_ node: Node) -> Bool {
    switch node.op {
    case .concat(let op):
      guard node.inputs.count == 2, op.axis < graph.shape(node.results[0]).count - 1,
        isImage[node.inputs[0].id], !isText[node.inputs[0].id], isText[node.inputs[1].id],
        parts[node.inputs[0]] == nil, parts[node.inputs[1]] == nil
      else { return false }
      parts[node.results[0]] = Parts(
        image: rewriter[node.inputs[0]], text: rewriter[node.inputs[1]], axis: op.axis)
      return true
    case .slice(let op):
      guard let parts = parts[node.inputs[0]], parts.axis == op.axis else { return false }
      let border = rewriter.graph.shape(parts.image)[op.axis]
      let end = graph.shape(node.inputs[0])[op.axis]
      if op.start == 0, op.end == border {
        rewriter.map(node.results[0], to: parts.image)
      } else if op.start == border, op.end == end {
        rewriter.map(node.results[0], to: parts.text)
      } else {
        return false
      }
      return true
    case .attention(let op): return splitsAttention(op.form, node)
    case .linear, .matMul, .layerNorm, .residualLayerNorm, .gelu, .scale, .add, .multiply:
      return splitsRows(node)
    default: return false
    }
  }

  private mutating func splitsAttention(_ form: AttentionForm, _ node: Node) -> Bool {
    guard !form.hasBias, let q = parts[node.inputs[0]], let k = parts[node.inputs[1]],
      let v = parts[node.inputs[2]], [q, k, v].allSatisfy({ $0.axis == 1 }),
      form.prefix == rewriter.graph.shape(k.image)[1]
    else { return false }
    var whole = form
    whole.prefix = nil
    let image = rewriter.graph.attention(q.image, k.image, v.image, whole)
    let text = rewriter.graph.attention(
      q.text, rewriter.graph.concat([k.image, k.text], axis: 1),
      rewriter.graph.concat([v.image, v.text], axis: 1), form)
    parts[node.results[0]] = Parts(image: image, text: text, axis: 1)
    return true
  }

  /// Ops that treat every row of the split axis alike: inputs are split too, or do not have the axis.
  private mutating func splitsRows(_ node: Node) -> Bool {
    guard let first = node.inputs.first(where: { parts[$0] != nil }), let axis = parts[first]?.axis
    else { return false }
    let rank = graph.shape(node.results[0]).count
    // The last axis is what rows consist of.
    guard axis < rank - 1 else { return false }
    var (image, text): ([Value], [Value]) = ([], [])
    for input in node.inputs {
      if let parts = parts[input] {
        guard parts.axis == axis, graph.shape(input).count == rank, !isProduct(node, by: input)
        else { return false }
        image.append(parts.image)
        text.append(parts.text)
      } else {
        // Weights, and suffixes such as a bias, that repeat along the split axis.
        guard graph.shape(input).count < rank - axis || isWeight(input, of: node) else {
          return false
        }
        image.append(rewriter[input])
        text.append(rewriter[input])
      }
    }
    let (images, texts) = (
      rewriter.graph.apply(node.op, image), rewriter.graph.apply(node.op, text)
    )
    for (index, result) in node.results.enumerated() {
      parts[result] = Parts(image: images[index], text: texts[index], axis: axis)
    }
    return true
  }

  /// Whether `input` is a matrix that multiplies every row of the node's first input.
  private func isWeight(_ input: Value, of node: Node) -> Bool {
    switch node.op {
    case .linear: input == node.inputs[1]
    case .matMul(let op):
      input == node.inputs[1] && !op.transposeA && graph.shape(input).count == 2
    default: false
    }
  }

  /// Whether every row of the result depends on all rows of `input`.
  private func isProduct(_ node: Node, by input: Value) -> Bool {
    if case .matMul(let op) = node.op { return op.transposeA || input == node.inputs[1] }
    return false
  }
}
