import Graph

extension Op {
  /// The same op with symbols of its dimensions replaced.
  func substituting(_ symbols: [String: Dimension]) -> Op {
    func new(_ dimension: Dimension) -> Dimension { dimension.substituting(symbols) }
    func new(_ shape: Shape) -> Shape { shape.map { new($0) } }
    func new(_ form: AttentionForm) -> AttentionForm {
      var form = form
      form.prefix = form.prefix.map { new($0) }
      return form
    }
    switch self {
    case .constant(let op): return .constant(Constant(value: op.value, shape: new(op.shape)))
    case .reshape(let op): return .reshape(Reshape(shape: new(op.shape)))
    case .broadcast(let op): return .broadcast(Broadcast(shape: new(op.shape)))
    case .slice(let op):
      return .slice(Slice(axis: op.axis, start: new(op.start), end: new(op.end)))
    case .pad(let op):
      return .pad(Pad(axis: op.axis, before: new(op.before), after: new(op.after)))
    case .prefixMask(let op): return .prefixMask(PrefixMask(prefix: new(op.prefix)))
    case .attention(let op): return .attention(Attention(new(op.form)))
    case .attentionGradient(let op): return .attentionGradient(AttentionGradient(new(op.form)))
    case .cachedAttention(let op): return .cachedAttention(CachedAttention(new(op.form)))
    case .embeddingGradient(let op):
      return .embeddingGradient(EmbeddingGradient(rows: new(op.rows)))
    case .keepRows(let op): return .keepRows(KeepRows(count: new(op.count)))
    case .interpolate(let op):
      return .interpolate(Interpolate(rows: new(op.rows), columns: new(op.columns)))
    case .interpolateGradient(let op):
      return .interpolateGradient(
        InterpolateGradient(rows: new(op.rows), columns: new(op.columns)))
    case .add, .multiply, .scale, .exp, .rsqrt, .matMul, .softmax, .layerNorm, .gelu, .transpose,
      .concat,
      .embedding, .patches, .patchesGradient, .relativeIndex, .windowMask, .dropout, .crossEntropy,
      .sum, .geluGradient, .softmaxGradient,
      .layerNormGradient, .crossEntropyGradient, .linear, .residualLayerNorm, .quantizeRows,
      .layerNormQuantize, .quantizedLinear, .quantizedEmbedding, .quantizedAttention, .toHalf:
      return self
    }
  }
}
