package import Graph

/// Finds attention in its ordinary spelling and makes it one op.
///
///     q, k, v : [B, S, D] -> reshape [B, S, H, D/H] -> transpose [B, H, S, D/H]
///     softmax(prefix_mask(scale(q·kᵀ) + bias))·v -> transpose back -> reshape [B, S, D]
///
/// The mask, the bias and the scale may be absent, and factors of the scale may stand on q and on k. A
/// bias is [H, S, T]; or [W, H, S, T] where scores are reshaped to [B/W, W, H, S, T] for the sum and back
/// after it.
///
/// - Leaves alone: scores or probabilities that something else reads (dropout, an output), other
///   layouts of heads.
package struct FuseAttention: Pass {
  package static let name = "fuse-attention"
  package static let numerics = PassNumerics.reassociates

  package init() {}

  package func run(
    _ graph: Graph, _: inout ParameterStore
  ) -> (graph: Graph, rewrites: Int) {
    let matcher = Matcher(graph)
    var rewriter = GraphRewriter(graph)
    var rewrites = 0
    for node in graph.nodes {
      if let found = matcher.attention(endingAt: node) {
        var inputs = [found.q, found.k, found.v].map { rewriter[$0] }
        if let bias = found.bias {
          let shape = graph.shape(bias)
          let isShared = shape.count == 3
          inputs.append(
            isShared ? rewriter.graph.reshape(rewriter[bias], [1] + shape) : rewriter[bias])
        }
        rewriter.replace(node, .attention(Attention(found.form)), inputs)
        rewrites += 1
      } else {
        rewriter.copy(node)
      }
    }
    return (rewriter.finish(), rewrites)
  }

  private struct Match {
    var q: Value
    var k: Value
    var v: Value
    var bias: Value?
    var form: AttentionForm
  }

  private struct Matcher {
    let graph: Graph
    let producers: [Int?]
    let uses: [Int]

    init(_ graph: Graph) {
      self.graph = graph
      producers = graph.producers
      uses = graph.useCounts
    }

    func producer(_ value: Value) -> Node? { producers[value.id].map { graph.nodes[$0] } }

    /// The producer of a value that nothing else reads.
    func onlyProducer(_ value: Value) -> Node? { uses[value.id] == 1 ? producer(value) : nil }

    func attention(endingAt node: Node) -> Match? {
      guard case .reshape = node.op, let back = onlyProducer(node.inputs[0]),
        case .transpose(let order) = back.op, order.permutation == [0, 2, 1, 3],
        let mixed = onlyProducer(back.inputs[0]),
        case .matMul(MatMul(transposeA: false, transposeB: false)) = mixed.op,
        let probabilities = onlyProducer(mixed.inputs[0]), case .softmax = probabilities.op,
        let v = mergedHeads(mixed.inputs[1])
      else { return nil }

      var (scale, prefix): (Float, Dimension?) = (1, nil)
      guard var scores = onlyProducer(probabilities.inputs[0]) else { return nil }
      if case .prefixMask(let mask) = scores.op, let inner = onlyProducer(scores.inputs[0]) {
        prefix = mask.prefix
        scores = inner
      }
      var bias: Value?
      if let found = biased(scores) { (scores, bias) = (found.scores, found.bias) }
      if case .scale(let op) = scores.op, let inner = onlyProducer(scores.inputs[0]) {
        scale = op.factor
        scores = inner
      }
      guard case .matMul(MatMul(transposeA: false, transposeB: true)) = scores.op else {
        return nil
      }
      func unscaled(_ value: Value) -> Value {
        guard let scaled = onlyProducer(value), case .scale(let op) = scaled.op else {
          return value
        }
        scale *= op.factor
        return scaled.inputs[0]
      }
      let (queries, keys) = (unscaled(scores.inputs[0]), unscaled(scores.inputs[1]))
      guard let q = mergedHeads(queries), let k = mergedHeads(keys),
        graph.type(node.results[0]) == graph.type(q),
        let heads = graph.shape(queries)[1].constant
      else { return nil }
      return Match(
        q: q, k: k, v: v, bias: bias,
        form: AttentionForm(heads: heads, scale: scale, prefix: prefix, hasBias: bias != nil))
    }

    /// What makes the scores [B, H, S, T], and the bias added to them; nil where none is.
    private func biased(_ node: Node) -> (scores: Node, bias: Value)? {
      let whole = graph.shape(node.results[0])
      if case .add = node.op, whole.count == 4 {
        return sum(node, of: { $0 == Shape(whole.dropFirst()) })
      }
      guard case .reshape = node.op, whole.count == 4, let add = onlyProducer(node.inputs[0]),
        case .add = add.op
      else { return nil }
      let divided = graph.shape(add.results[0])
      guard divided.count == 5, divided.suffix(3) == whole.suffix(3),
        divided[0] * divided[1] == whole[0], divided[1].constant != nil,
        let found = sum(add, of: { $0 == Shape(divided.dropFirst()) }),
        case .reshape = found.scores.op, graph.shape(found.scores.inputs[0]) == whole,
        let scores = onlyProducer(found.scores.inputs[0])
      else { return nil }
      return (scores, found.bias)
    }

    /// The operands of a sum of which one is a bias by its shape, and nothing else reads the other.
    private func sum(
      _ add: Node, of isBias: (Shape) -> Bool
    ) -> (scores: Node, bias: Value)? {
      for (scores, bias) in [(add.inputs[0], add.inputs[1]), (add.inputs[1], add.inputs[0])]
      where isBias(graph.shape(bias)) && graph.type(scores) == graph.type(add.results[0]) {
        if let node = onlyProducer(scores) { return (node, bias) }
      }
      return nil
    }

    /// The [B, S, D] value whose columns are the heads of `value` [B, H, S, D/H].
    private func mergedHeads(_ value: Value) -> Value? {
      guard let order = producer(value), case .transpose(let op) = order.op,
        op.permutation == [0, 2, 1, 3], let split = producer(order.inputs[0]),
        case .reshape = split.op
      else { return nil }
      let (whole, heads) = (graph.shape(split.inputs[0]), graph.shape(split.results[0]))
      guard whole.count == 3, heads.count == 4, heads[0] == whole[0], heads[1] == whole[1],
        heads[2] * heads[3] == whole[2]
      else { return nil }
      return split.inputs[0]
    }
  }
}
