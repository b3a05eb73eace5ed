import Graph
import TestSupport
import Testing

@Suite struct ShapeInferenceTests {
  /// Inputs that an op has to refuse.
  struct Mistake: Sendable, CustomTestStringConvertible {
    let op: Op
    let inputs: [TensorType]
    let says: String
    var testDescription: String { "\(op.mnemonic): \(says)" }

    init(_ op: Op, _ inputs: [TensorType], _ says: String) {
      self.op = op
      self.inputs = inputs
      self.says = says
    }
  }

  static let t = Dimension.symbol("T")
  static func f32(_ shape: Dimension...) -> TensorType { .f32(shape) }
  static func i32(_ shape: Dimension...) -> TensorType { TensorType(.i32, shape) }
  static func u8(_ shape: Dimension...) -> TensorType { TensorType(.u8, shape) }
  static func s8(_ shape: Dimension...) -> TensorType { TensorType(.s8, shape) }

  static let elementwise: [Mistake] = [
    Mistake(.constant(Constant(value: 1, shape: [])), [f32()], "expected 0 inputs, found 1"),
    Mistake(.exp(Exp()), [f32(2), f32(2)], "expected 1 inputs, found 2"),
    Mistake(.rsqrt(Rsqrt()), [i32(2)], "expected x of type f32"),
    Mistake(.add(Add()), [f32(2)], "expected 2 inputs, found 1"),
    Mistake(.add(Add()), [f32(2), i32(2)], "expected b of type f32, found i32[2]"),
    Mistake(.add(Add()), [f32(2), f32(3)], "do not broadcast"),
    Mistake(.add(Add()), [f32(t), f32(3)], "do not broadcast"),
    Mistake(.multiply(Multiply()), [f32(2, 3), f32(3, 2)], "do not broadcast"),
    Mistake(.scale(Scale(factor: 1)), [i32(2)], "expected x of type f32"),
    Mistake(.gelu(Gelu(form: .erf)), [u8(2)], "expected x of type f32"),
    Mistake(.geluGradient(GeluGradient(form: .erf)), [f32(2), f32(3)], "expected dy of shape [2]"),
    Mistake(.dropout(Dropout(rate: 1, salt: 0)), [f32(2), i32(1)], "rate 1.0 is outside [0, 1)"),
    Mistake(.dropout(Dropout(rate: .nan, salt: 0)), [f32(2), i32(1)], "outside [0, 1)"),
    Mistake(.dropout(Dropout(rate: 0, salt: 0)), [f32(2), i32(2)], "expected seed of shape [1]"),
    Mistake(.sum(Sum(axes: [1, 0])), [f32(2, 3)], "not ascending"),
    Mistake(.sum(Sum(axes: [0, 0])), [f32(2, 3)], "not ascending"),
    Mistake(.sum(Sum(axes: [2])), [f32(2, 3)], "axis 2 is outside"),
    Mistake(.sum(Sum(axes: [-1])), [f32(2, 3)], "axis -1 is outside"),
  ]

  static let products: [Mistake] = [
    Mistake(.matMul(MatMul()), [f32(2, 3), f32(2, 3)], "do not multiply"),
    Mistake(.matMul(MatMul(transposeA: true)), [f32(2, 3), f32(3, 2)], "do not multiply"),
    Mistake(.matMul(MatMul()), [f32(4, 2, 3), f32(5, 3, 2)], "do not multiply"),
    Mistake(.matMul(MatMul()), [f32(2, 3), f32(4, 3, 2)], "do not multiply"),
    Mistake(.matMul(MatMul()), [f32(3), f32(3, 2)], "expected a of rank 2 or more"),
    Mistake(.linear(Linear(Epilogue())), [f32(2, 3)], "expected x and weight"),
    Mistake(.linear(Linear(Epilogue())), [f32(2, 3), f32(4, 2)], "do not multiply"),
    Mistake(.linear(Linear(Epilogue())), [f32(2, 3), f32(1, 4, 3)], "weight of rank 2"),
    Mistake(.linear(Linear(Epilogue(hasBias: true))), [f32(2, 3), f32(4, 3)], "expected 1 inputs"),
    Mistake(
      .linear(Linear(Epilogue(hasBias: true))), [f32(2, 3), f32(4, 3), f32(3)],
      "expected bias of shape [4]"),
    Mistake(
      .linear(Linear(Epilogue(hasResidual: true))), [f32(2, 3), f32(4, 3), f32(3, 4)],
      "expected residual"),
    Mistake(.linear(Linear(Epilogue(splits: [1, 2]))), [f32(2, 3), f32(4, 3)], "do not divide 4"),
    Mistake(
      .linear(Linear(Epilogue(splits: [-1, 5]))), [f32(2, 3), f32(4, 3)], "do not divide 4"),
    Mistake(
      .linear(Linear(Epilogue(hasResidual: true, splits: [4]))), [f32(2, 3), f32(4, 3), f32(4)],
      "do not divide"),
    Mistake(.quantizedLinear(QuantizedLinear(Epilogue())), [u8(2, 3)], "expected x, rows, weight"),
    Mistake(
      .quantizedLinear(QuantizedLinear(Epilogue())), [f32(2, 3), f32(2, 2), s8(4, 3), f32(4)],
      "expected x of type u8"),
    Mistake(
      .quantizedLinear(QuantizedLinear(Epilogue())), [u8(2, 3), f32(3, 2), s8(4, 3), f32(4)],
      "expected rows of shape [2, 2]"),
    Mistake(
      .quantizedLinear(QuantizedLinear(Epilogue())), [u8(2, 3), f32(2, 2), s8(4, 3), f32(3)],
      "expected weightScale of shape [4]"),
    Mistake(
      .quantizedLinear(QuantizedLinear(Epilogue())), [u8(2, 3), f32(2, 2), s8(4, 2), f32(4)],
      "do not multiply"),
  ]

  static let normalization: [Mistake] = [
    Mistake(.softmax(Softmax()), [f32()], "expected x of rank 1 or more"),
    Mistake(.softmaxGradient(SoftmaxGradient()), [f32(2), f32(3)], "expected dy of shape [2]"),
    Mistake(
      .layerNorm(LayerNorm(epsilon: 1)), [f32(2, 3), f32(2), f32(3)],
      "expected gamma and beta of shape [3]"),
    Mistake(.layerNorm(LayerNorm(epsilon: 1)), [f32(), f32(), f32()], "rank 1 or more"),
    Mistake(
      .residualLayerNorm(ResidualLayerNorm(epsilon: 1)), [f32(2, 3), f32(2, 1), f32(3), f32(3)],
      "expected residual"),
    Mistake(
      .layerNormGradient(LayerNormGradient(epsilon: 1)), [f32(2, 3), f32(3), f32(3)],
      "expected dy of shape [2, 3]"),
    Mistake(.quantizeRows(QuantizeRows(levels: 100)), [f32(3)], "127 or 255 levels, found 100"),
    Mistake(.quantizeRows(QuantizeRows(levels: 127)), [f32()], "expected rows, found a scalar"),
    Mistake(
      .layerNormQuantize(
        LayerNormQuantize(epsilon: 1, levels: 127, hasResidual: true, keepsFloat: false)),
      [f32(2, 3), f32(3), f32(3)], "expected 4 inputs, found 3"),
  ]

  static let movement: [Mistake] = [
    Mistake(.reshape(Reshape(shape: [t, 3])), [f32(t, 2)], "does not fill"),
    Mistake(.transpose(Transpose(permutation: [0, 0])), [f32(2, 3)], "does not permute"),
    Mistake(.transpose(Transpose(permutation: [0])), [f32(2, 3)], "does not permute"),
    Mistake(.concat(Concat(axis: 0)), [], "expected 1 input or more"),
    Mistake(.concat(Concat(axis: 2)), [f32(2, 3)], "axis 2 is outside"),
    Mistake(.concat(Concat(axis: 0)), [f32(2, 3), f32(2, 4)], "differ outside axis 0"),
    Mistake(.concat(Concat(axis: 0)), [f32(2), i32(2)], "differ outside axis 0"),
    Mistake(.slice(Slice(axis: 1, start: 0, end: 1)), [f32(2)], "axis 1 is outside"),
    Mistake(.slice(Slice(axis: 0, start: 0, end: 3)), [f32(2)], "0..<3 is outside axis 0"),
    Mistake(.slice(Slice(axis: 0, start: 2, end: 1)), [f32(t)], "2..<1 is outside axis 0"),
    Mistake(.slice(Slice(axis: 0, start: -1, end: 1)), [f32(t)], "-1..<1 is outside axis 0"),
    Mistake(.pad(Pad(axis: 0, before: 1, after: 1)), [i32(2)], "expected x of type f32"),
    Mistake(.pad(Pad(axis: 1, before: 1, after: 1)), [f32(2)], "axis 1 is outside"),
    Mistake(.broadcast(Broadcast(shape: [2, 4])), [f32(2, 3)], "do not broadcast"),
    Mistake(.broadcast(Broadcast(shape: [3])), [f32(2, 3)], "does not broadcast to"),
    Mistake(.embedding(Embedding()), [f32(5, 2), f32(3)], "expected ids of type i32"),
    Mistake(.embedding(Embedding()), [f32(5), i32(3)], "expected table of rank 2"),
    Mistake(
      .quantizedEmbedding(QuantizedEmbedding()), [f32(5, 4), f32(5), i32(2)], "table of type s8"),
    Mistake(
      .quantizedEmbedding(QuantizedEmbedding()), [s8(5, 4), f32(4), i32(2)], "scales of shape [5]"),
    Mistake(
      .quantizedEmbedding(QuantizedEmbedding()), [s8(5, 4), f32(5), f32(2)], "ids of type i32"),
    Mistake(
      .embeddingGradient(EmbeddingGradient(rows: 5)), [i32(3), f32(4, 2)], "one row per id"),
    Mistake(.relativeIndex(RelativeIndex(window: 0)), [], "found 0"),
    Mistake(.relativeIndex(RelativeIndex(window: 65)), [], "found 65"),
    Mistake(
      .windowMask(WindowMask(height: 4, width: 6, window: 4, shift: 1)), [], "do not divide 4 by 6"),
    Mistake(
      .windowMask(WindowMask(height: 4, width: 4, window: 2, shift: 2)), [], "shifted by 2"),
    Mistake(.patches(Patches(PatchForm(size: 4))), [f32(1, 3, 3, 8)], "a patch of 4 by 4"),
    Mistake(.patches(Patches(PatchForm(size: 4))), [f32(1, 3, t, 8)], "constant sides"),
    Mistake(.patches(Patches(PatchForm(size: 4))), [f32(1, 3, 8 * t + 1, 8)], "constant sides"),
    Mistake(
      .patches(Patches(PatchForm(size: 4, stride: 2))), [f32(1, 3, 8 * t, 8)], "constant sides"),
    Mistake(
      .keepRows(KeepRows(count: 4)), [f32(2, 3, 5), f32(2, 3)], "4 of 3 rows cannot be kept"),
    Mistake(
      .keepRows(KeepRows(count: -1)), [f32(2, 3, 5), f32(2, 3)], "-1 of 3 rows cannot be kept"),
    Mistake(.keepRows(KeepRows(count: 1)), [f32(2, 3, 5), f32(2, 5)], "scores"),
    Mistake(.keepRows(KeepRows(count: 1)), [f32(2, 3), f32(2, 3)], "expected x of rank 3"),
    Mistake(
      .interpolate(Interpolate(rows: 0, columns: 2)), [f32(2, 2, 3)], "rows and columns of 1 or"),
    Mistake(
      .interpolateGradient(InterpolateGradient(rows: 2, columns: 2)), [f32(0, 2, 3)],
      "rows and columns of 1 or"),
    Mistake(.interpolate(Interpolate(rows: 2, columns: 2)), [f32(2, 3)], "expected x of rank 3"),
    Mistake(.patches(Patches(PatchForm(size: 0))), [f32(1, 3, 4, 4)], "a patch of 0"),
    Mistake(.patches(Patches(PatchForm(size: 2, stride: 0))), [f32(1, 3, 4, 4)], "2 by 0"),
    Mistake(.patches(Patches(PatchForm(size: 2, padding: 2))), [f32(1, 3, 4, 4)], "padding 2"),
    Mistake(.patches(Patches(PatchForm(size: 3, padding: 2))), [f32(1, 3, 1, 4)], "padding 2"),
    Mistake(.patches(Patches(PatchForm(size: 4))), [f32(3, 4, 4)], "expected x of rank 4"),
    Mistake(
      .patchesGradient(PatchesGradient(PatchForm(size: 2), of: [1, 3, 4, 4])), [f32(1, 5, 12)],
      "not the patches of 2 by 2"),
    Mistake(
      .patchesGradient(PatchesGradient(PatchForm(size: 2), of: [1, 3, 4, 4])), [f32(1, 4, 13)],
      "not the patches of 2 by 2"),
    Mistake(
      .patchesGradient(PatchesGradient(PatchForm(size: 2), of: [1, 3, 4, t])), [f32(1, 4, 12)],
      "of a map of 4 by 0"),
  ]

  static let lossAndAttention: [Mistake] = {
    let loss = Smoothing(form: .kl, amount: 0)
    let form = AttentionForm(heads: 2, scale: 1)
    let biased = AttentionForm(heads: 2, scale: 1, hasBias: true)
    let cache = [
      f32(3, 1, 4), f32(3, 1, 4), f32(3, 1, 4), f32(2, 5, 4), f32(2, 5, 4), f32(3, 6, 4),
      f32(3, 6, 4), i32(3), i32(3, 6), i32(1),
    ]
    func cached(_ index: Int, _ type: TensorType, _ says: String) -> Mistake {
      var inputs = cache
      inputs[index] = type
      return Mistake(.cachedAttention(CachedAttention(form)), inputs, says)
    }
    return [
      Mistake(.crossEntropy(CrossEntropy(loss)), [f32(2, 5), i32(3)], "labels of shape [2]"),
      Mistake(.crossEntropy(CrossEntropy(loss)), [f32(2, 5), f32(2)], "labels of type i32"),
      Mistake(
        .crossEntropy(CrossEntropy(Smoothing(form: .kl, amount: 1))), [f32(2, 5), i32(2)],
        "smoothing 1.0 is outside [0, 1)"),
      Mistake(
        .crossEntropyGradient(CrossEntropyGradient(loss)), [f32(2, 5), i32(2), f32(1)],
        "expected dloss of shape []"),
      Mistake(.prefixMask(PrefixMask(prefix: 0)), [f32(2, 3)], "as many queries as keys"),
      Mistake(.prefixMask(PrefixMask(prefix: 0)), [f32(3)], "rank 2 or more"),
      Mistake(
        .attention(Attention(AttentionForm(heads: 3, scale: 1))),
        [f32(1, 2, 4), f32(1, 2, 4), f32(1, 2, 4)], "do not make 3 heads"),
      Mistake(
        .attention(Attention(AttentionForm(heads: 0, scale: 1))),
        [f32(1, 2, 4), f32(1, 2, 4), f32(1, 2, 4)], "do not make 0 heads"),
      Mistake(
        .attention(Attention(form)), [f32(1, 2, 4), f32(1, 2, 4), f32(1, 3, 4)],
        "expected v of shape [1, 2, 4]"),
      Mistake(
        .attention(Attention(form)), [f32(1, 2, 4), f32(2, 2, 4), f32(2, 2, 4)], "do not make"),
      Mistake(
        .attentionGradient(AttentionGradient(form)),
        [f32(1, 2, 4), f32(1, 3, 4), f32(1, 3, 4), f32(1, 3, 4)], "expected dy of shape [1, 2, 4]"),
      Mistake(
        .attention(Attention(biased)),
        [f32(4, 2, 4), f32(4, 3, 4), f32(4, 3, 4), f32(3, 2, 2, 3)], "bias"),
      Mistake(
        .attention(Attention(biased)),
        [f32(4, 2, 4), f32(4, 3, 4), f32(4, 3, 4), f32(2, 1, 2, 3)], "not one of 2 heads"),
      Mistake(
        .attention(Attention(biased)), [f32(4, 2, 4), f32(4, 3, 4), f32(4, 3, 4)], "4 inputs"),
      Mistake(
        .attentionGradient(AttentionGradient(biased)),
        [f32(4, 2, 4), f32(4, 3, 4), f32(4, 3, 4), f32(2, 2, 2, 3)], "5 inputs"),
      Mistake(
        .quantizedAttention(QuantizedAttention(AttentionForm(heads: 2, scale: 1, prefix: 1))),
        [f32(1, 2, 4), f32(1, 2, 4), f32(1, 2, 4)], "no mask"),
      Mistake(
        .quantizedAttention(QuantizedAttention(biased)),
        [f32(1, 2, 4), f32(1, 2, 4), f32(1, 2, 4)],
        "no bias"),
      Mistake(
        .quantizedAttention(QuantizedAttention(AttentionForm(heads: 2, scale: 0))),
        [f32(1, 2, 4), f32(1, 2, 4), f32(1, 2, 4)], "a scale above 0, found 0.0"),
      Mistake(
        .quantizedAttention(QuantizedAttention(form)),
        [f32(1, 2, 2050), f32(1, 2, 2050), f32(1, 2, 2050)], "at most 1024 columns, found 1025"),
      Mistake(.toHalf(ToHalf()), [i32(2)], "expected x of type f32"),
      Mistake(.cachedAttention(CachedAttention(biased)), cache, "no bias"),
      cached(3, TensorType(.f16, [2, 5, 4]), "expected prefixV of type f16"),
      cached(5, TensorType(.f16, [3, 6, 4]), "expected textK of type f32"),
      cached(1, f32(3, 2, 4), "expected v of shape"),
      cached(3, f32(2, 5, 8), "differ in width"),
      cached(4, f32(2, 6, 4), "expected prefixV of shape"),
      cached(5, f32(2, 6, 4), "textV"),
      cached(7, i32(2), "expected source of shape [3]"),
      cached(8, i32(3, 5), "expected slots of shape [3, 6]"),
      cached(9, i32(2), "expected positions of shape [1]"),
      cached(9, f32(1), "expected positions of type i32"),
    ]
  }()

  @Test(arguments: elementwise + products + normalization + movement + lossAndAttention)
  func inputsThatDoNotFitAreRefusedByName(mistake: Mistake) throws {
    let error = try #require(throws: GraphError.self) {
      try mistake.op.resultTypes(mistake.inputs)
    }
    #expect(error.message.hasPrefix(mistake.op.mnemonic + ":"), "\(error)")
    #expect(error.message.contains(mistake.says), "\(error)")
  }

  @Test func everyOpRefusesSomething() {
    let tested = Set(
      (Self.elementwise + Self.products + Self.normalization + Self.movement
        + Self.lossAndAttention).map(\.op.mnemonic))
    #expect(Set(Op.kinds.keys).subtracting(tested).isEmpty)
  }

  @Test func readsBeforeDefinitionAreRefused() {
    var graph = Graph()
    let x = graph.input("x", .f32([2]))
    #expect(throws: GraphError.self) { try graph.append(.add(Add()), [x, Value(id: 7)]) }
  }
}
