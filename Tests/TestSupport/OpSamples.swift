import Graph

/// Every op, in every form that could be handled differently.
///
/// A new op gets rows here and is then part of the round-trip, reference, gradient and kernel tests.
package enum OpSamples {
  package static let all: [OpSample] =
    elementwise + products + normalization + movement + loss + attention + quantization

  /// The samples of one op.
  package static func of(_ mnemonic: String) -> [OpSample] {
    all.filter { $0.op.mnemonic == mnemonic }
  }

  private static let b = Dimension.symbol("B")
  private static let t = Dimension.symbol("T")

  private static let elementwise: [OpSample] =
    [
      OpSample("of rank 2", .constant(Constant(value: 0.5, shape: [b, 2])), []),
      OpSample("scalar", .constant(Constant(value: -1e-12, shape: [])), []),
      OpSample("equal shapes", .add(Add()), [.f32("a", [b, t]), .f32("b", [b, t])]),
      OpSample("both stretch", .add(Add()), [.f32("a", [b, 1, 3]), .f32("b", [t, 1])]),
      OpSample("bias", .add(Add()), [.f32("a", [b, t, 5]), .f32("b", [5])]),
      OpSample("equal shapes", .multiply(Multiply()), [.f32("a", [b, t]), .f32("b", [b, t])]),
      OpSample(
        "rows by a column", .multiply(Multiply()), [.f32("a", [b, t]), .f32("b", [b, 1])]),
      OpSample("", .scale(Scale(factor: -0.125)), [.f32("x", [b, t])]),
      OpSample("", .exp(Exp()), [.f32("x", [b, t, 3], -5...5)]),
      OpSample("", .rsqrt(Rsqrt()), [.f32("x", [b, t, 3], 0.01...4)]),
      OpSample(
        "", .dropout(Dropout(rate: 0.3, salt: 7)),
        [.f32("x", [b, 50]), .integers(.i32, "seed", [1], -1000...1000)]),
      OpSample(
        "rate 0", .dropout(Dropout(rate: 0, salt: 1)),
        [.f32("x", [b, 5]), .integers(.i32, "seed", [1], 0...9)]),
      OpSample("first and last axis", .sum(Sum(axes: [0, 2])), [.f32("x", [b, t, 4])]),
      OpSample("all axes", .sum(Sum(axes: [0, 1])), [.f32("x", [b, t])]),
      OpSample("no axis", .sum(Sum(axes: [])), [.f32("x", [b, t])]),
    ]
    + GeluForm.allCases.flatMap { form in
      [
        OpSample(form.rawValue, .gelu(Gelu(form: form)), [.f32("x", [b, 9], -6...6)]),
        OpSample(
          form.rawValue, .geluGradient(GeluGradient(form: form)),
          [.f32("x", [b, 9], -6...6), .f32("dy", [b, 9])]),
      ]
    }

  private static let products: [OpSample] =
    [
      OpSample("", .matMul(MatMul()), [.f32("a", [b, t, 4]), .f32("b", [b, 4, 5])]),
      OpSample(
        "projection", .matMul(MatMul(transposeB: true)),
        [.f32("a", [b, t, 4]), .f32("b", [5, 4])]),
      OpSample(
        "transposed a", .matMul(MatMul(transposeA: true)),
        [.f32("a", [b, 4, t]), .f32("b", [b, 4, 5])]),
      OpSample(
        "both transposed", .matMul(MatMul(transposeA: true, transposeB: true)),
        [.f32("a", [4, t]), .f32("b", [5, 4])]),
      linear("plain", Epilogue()),
      linear("bias, merged projections", Epilogue(hasBias: true, splits: [1, 3, 2])),
      linear("residual", Epilogue(hasResidual: true), residual: [b, t, 6]),
      linear(
        "everything, residual repeated",
        Epilogue(
          hasBias: true, activation: .geluQuick, hasResidual: true), residual: [6]),
      quantizedLinear("plain", Epilogue()),
      quantizedLinear("bias, merged projections", Epilogue(hasBias: true, splits: [1, 3, 2])),
      quantizedLinear("residual", Epilogue(hasResidual: true), residual: [b, t, 6]),
      quantizedLinear(
        "everything, residual repeated",
        Epilogue(
          hasBias: true, activation: .geluTanh, hasResidual: true), residual: [t, 6]),
    ]
    + [quantizedEmbedding]
    + Activation.allCases.flatMap { activation in
      [
        linear(activation.rawValue, Epilogue(hasBias: true, activation: activation)),
        quantizedLinear(activation.rawValue, Epilogue(hasBias: true, activation: activation)),
      ]
    }

  /// Ids from the first, the last and a row in between of two packed panels.
  private static let quantizedEmbedding = OpSample(
    "", .quantizedEmbedding(QuantizedEmbedding()),
    [
      .integers(.s8, "weight", [11, 6], -127...127), .f32("scales", [11], 0.001...0.01),
      .i32("ids", [b, t], exactly: [0, 10, 7, 8, 3, 10]),
    ])

  private static func rest(_ epilogue: Epilogue, _ residual: Shape) -> [OpSample.Input] {
    (epilogue.hasBias ? [.f32("bias", [6])] : [])
      + (epilogue.hasResidual ? [.f32("residual", residual)] : [])
  }

  private static func linear(
    _ what: String, _ epilogue: Epilogue, residual: Shape = []
  ) -> OpSample {
    OpSample(
      what, .linear(Linear(epilogue)),
      [.f32("x", [b, t, 8]), .f32("weight", [6, 8])] + rest(epilogue, residual))
  }

  private static func quantizedLinear(
    _ what: String, _ epilogue: Epilogue, residual: Shape = []
  ) -> OpSample {
    OpSample(
      what, .quantizedLinear(QuantizedLinear(epilogue)),
      [
        .integers(.u8, "x", [b, t, 8], 0...127),
        .f32(
          "rows", [b, t, 2],
          exactly: [0.0625, 3, 0.03125, 64, 0.046875, 127, 0.015625, 0, 1, 0, 0.0234375, 40]),
        .integers(.s8, "weight", [6, 8], -127...127),
        .f32("weight_scale", [6], 0.001...0.01),
      ] + rest(epilogue, residual))
  }

  private static let normalization: [OpSample] =
    [Float(1e-5), 1e-12].flatMap { epsilon in
      let parameters: [OpSample.Input] = [.f32("gamma", [8]), .f32("beta", [8])]
      return [
        OpSample(
          "\(epsilon)", .layerNorm(LayerNorm(epsilon: epsilon)),
          [.f32("x", [b, t, 8])] + parameters),
        OpSample(
          "\(epsilon)", .residualLayerNorm(ResidualLayerNorm(epsilon: epsilon)),
          [.f32("x", [b, t, 8]), .f32("residual", [b, t, 8])] + parameters),
        OpSample(
          "\(epsilon), residual repeated", .residualLayerNorm(ResidualLayerNorm(epsilon: epsilon)),
          [.f32("x", [b, t, 8]), .f32("residual", [t, 8])] + parameters),
        OpSample(
          "\(epsilon)", .layerNormGradient(LayerNormGradient(epsilon: epsilon)),
          [.f32("x", [b, t, 8]), .f32("gamma", [8]), .f32("dy", [b, t, 8])]),
      ]
    } + [
      OpSample("", .softmax(Softmax()), [.f32("x", [b, t, 7], -8...8)]),
      OpSample(
        "masked", .softmax(Softmax()),
        [.f32("x", [2, 3], exactly: [1, -.infinity, 2, -.infinity, -3, -.infinity])]),
      OpSample(
        "", .softmaxGradient(SoftmaxGradient()), [.f32("y", [b, 5], 0...1), .f32("dy", [b, 5])]),
    ]

  private static let movement: [OpSample] =
    [
      OpSample("", .reshape(Reshape(shape: [b * t, 2, 3])), [.f32("x", [b, t, 6])]),
      OpSample(
        "integers", .reshape(Reshape(shape: [t, b])), [.integers(.i32, "x", [b, t], -9...9)]),
      OpSample(
        "heads", .transpose(Transpose(permutation: [0, 2, 1, 3])), [.f32("x", [b, t, 2, 4])]),
      OpSample("cycle", .transpose(Transpose(permutation: [2, 0, 1])), [.f32("x", [b, t, 4])]),
      OpSample(
        "", .concat(Concat(axis: 1)),
        [.f32("x", [b, 2, 3]), .f32("y", [b, t, 3]), .f32("z", [b, 1, 3])]),
      OpSample("one input", .concat(Concat(axis: 0)), [.f32("x", [b, 3])]),
      OpSample(
        "last rows", .slice(Slice(axis: 1, start: 2, end: t + 2)), [.f32("x", [b, t + 2, 3])]),
      OpSample("nothing", .slice(Slice(axis: 0, start: 1, end: 1)), [.f32("x", [2, 3])]),
      OpSample("", .pad(Pad(axis: 1, before: 2, after: t)), [.f32("x", [b, t, 3])]),
      OpSample("", .broadcast(Broadcast(shape: [b, t, 4])), [.f32("x", [t, 1])]),
      OpSample("of a scalar", .broadcast(Broadcast(shape: [b, 3])), [.f32("x", [])]),
      OpSample(
        "", .embedding(Embedding()),
        [.f32("table", [7, 4]), .integers(.i32, "ids", [b, t], 0...6)]),
      OpSample(
        "", .keepRows(KeepRows(count: t)), [.f32("x", [b, t + 2, 4]), .f32("scores", [b, t + 2])]),
      OpSample(
        "equals and extremes", .keepRows(KeepRows(count: 2 * b)),
        [
          .f32("x", [2, 6, 3]),
          .f32(
            "scores", [2, 6],
            exactly: [0, -0.0, 1, 1, 0, 1, -.infinity, .nan, -2, .infinity, -2, -2]),
        ]),
      OpSample(
        "none", .keepRows(KeepRows(count: 0)), [.f32("x", [b, t, 4]), .f32("scores", [b, t])]),
      OpSample(
        "", .embeddingGradient(EmbeddingGradient(rows: 4)),
        [.integers(.i32, "ids", [b, t], 0...3), .f32("dy", [b, t, 5])]),
      OpSample(
        "any size", .patches(Patches(PatchForm(size: 2))), [.f32("x", [2, 3, 2 * b, 4 * t])]),
    ] + patches + windows + grids

  private static let grids: [OpSample] =
    [
      ("larger", Dimension(3), Dimension(2), 2 * t, t + b), ("smaller", 5, t + 4, b, 3),
      ("the same", b, t, b, t), ("one point", 1, 1, 3, b),
    ].flatMap { (what, h, w, rows, columns) in
      [
        OpSample(
          what, .interpolate(Interpolate(rows: rows, columns: columns)), [.f32("x", [h, w, 5])]),
        OpSample(
          what, .interpolateGradient(InterpolateGradient(rows: h, columns: w)),
          [.f32("dy", [rows, columns, 5])]),
      ]
    }

  private static let windows: [OpSample] =
    [1, 2, 5].map { OpSample("\($0)", .relativeIndex(RelativeIndex(window: $0)), []) }
    + [(4, 4, 2, 1), (9, 6, 3, 2), (2, 6, 2, 1), (4, 4, 4, 0)].map {
      (height, width, window, shift) in
      OpSample(
        "\(height) by \(width), \(window) shifted by \(shift)",
        .windowMask(WindowMask(height: height, width: width, window: window, shift: shift)), [])
    }

  /// Side by side, with a rest, a single element, overlapping, padded, apart, and both layouts.
  private static let patches: [OpSample] = [
    ("", PatchForm(size: 2), 3, 4, 6), ("left over", PatchForm(size: 3), 2, 7, 5),
    ("of one element", PatchForm(size: 1), 2, 2, 3),
    ("overlapping", PatchForm(size: 3, stride: 2, padding: 1), 2, 5, 4),
    ("wide", PatchForm(size: 7, stride: 4, padding: 2), 1, 9, 8),
    ("apart", PatchForm(size: 1, stride: 3), 2, 5, 4),
    ("channels last", PatchForm(size: 3, stride: 2, padding: 1, channelsLast: true), 5, 4, 7),
    ("padded beyond", PatchForm(size: 3, stride: 1, padding: 2, channelsLast: true), 9, 2, 3),
  ].flatMap { (what, form, channels, height, width) -> [OpSample] in
    let (c, h, w) = (Dimension(channels), Dimension(height), Dimension(width))
    let map: Shape = form.channelsLast ? [b, h, w, c] : [b, c, h, w]
    let count = Dimension(form.count(along: height) * form.count(along: width))
    return [
      OpSample(what, .patches(Patches(form)), [.f32("x", map)]),
      OpSample(
        what, .patchesGradient(PatchesGradient(form, of: map)),
        [.f32("dy", [b, count, c * Dimension(form.size * form.size)])]),
    ]
  }

  private static let loss: [OpSample] =
    [
      Smoothing(form: .kl, amount: 0), Smoothing(form: .kl, amount: 0.1),
      Smoothing(form: .uniform, amount: 0.1),
    ].flatMap { smoothing in
      let inputs: [OpSample.Input] = [
        .f32("logits", [b, t, 6], -3...3),
        .i32("labels", [b, t], exactly: [0, 5, -100, 2, -1, 2]),
      ]
      let what = "\(smoothing.form) \(smoothing.amount)"
      return [
        OpSample(what, .crossEntropy(CrossEntropy(smoothing)), inputs),
        OpSample(
          what, .crossEntropyGradient(CrossEntropyGradient(smoothing)),
          inputs + [.f32("dloss", [], 0.5...2)]),
      ]
    } + [
      OpSample(
        "nothing counts", .crossEntropy(CrossEntropy(Smoothing(form: .kl, amount: 0.1))),
        [.f32("logits", [2, 3]), .i32("labels", [2], exactly: [-1, -1])])
    ]

  private static let attention: [OpSample] =
    [
      OpSample("causal", .prefixMask(PrefixMask(prefix: 0)), [.f32("scores", [b, t, t])]),
      OpSample(
        "", .prefixMask(PrefixMask(prefix: 2 * b)), [.f32("scores", [b, 2, 2 * b + t, 2 * b + t])]),
    ]
    + [
      ("every key", AttentionForm(heads: 2, scale: 0.5), Dimension(4), Dimension(5), 1),
      ("prefix", AttentionForm(heads: 1, scale: 0.35, prefix: 2), t + 2, t + 2, 1),
      ("last rows", AttentionForm(heads: 4, scale: 0.7, prefix: b), t, b + t + 1, 1),
      ("bias", AttentionForm(heads: 2, scale: 0.5, hasBias: true), Dimension(4), Dimension(5), 1),
      ("bias of windows", AttentionForm(heads: 4, scale: 0.6, hasBias: true), t, t, 3),
      (
        "bias and mask", AttentionForm(heads: 1, scale: 0.4, prefix: 1, hasBias: true), t, t + 2, 2
      ),
    ].flatMap { (what, form, queries, keys, windows) -> [OpSample] in
      let batch = Dimension(windows) * b
      let heads = Dimension(form.heads)
      let inputs: [OpSample.Input] =
        [
          .f32("q", [batch, queries, 8]), .f32("k", [batch, keys, 8]), .f32("v", [batch, keys, 8]),
        ]
        + (form.hasBias ? [.f32("bias", [Dimension(windows), heads, queries, keys])] : [])
      return [
        OpSample(what, .attention(Attention(form)), inputs),
        OpSample(
          what, .attentionGradient(AttentionGradient(form)),
          inputs + [.f32("dy", [batch, queries, 8])]),
      ]
    }
    + [(4, 5, 2), (9, 37, 1), (3, 70, 4)].map { (queries, keys, heads) in
      OpSample(
        "\(keys) keys",
        .quantizedAttention(QuantizedAttention(AttentionForm(heads: heads, scale: 0.5))),
        [.f32("q", [b, Dimension(queries), 8])]
          + ["k", "v"].map { .f32($0, [b, Dimension(keys), 8]) })
    }
    + [
      cachedAttention(
        "prefix in 16 bits", prefix: .f16, slots: [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2],
        positions: [1]),
      cachedAttention(
        "first rows", slots: [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2], positions: [0, 1]),
      // Sequences 1 and 2 both go on from sequence 0's first row.
      cachedAttention("shared past", slots: [0, 0, 0, 0, 0, 1, 1, 1, 0, 2, 2, 2], positions: [2]),
    ]

  private static func cachedAttention(
    _ what: String, prefix: DType = .f32, slots: [Double], positions: [Double]
  ) -> OpSample {
    let (q, r, d) = (Dimension.symbol("Q"), Dimension.symbol("R"), Dimension(8))
    return OpSample(
      what, .cachedAttention(CachedAttention(AttentionForm(heads: 2, scale: 0.5))),
      [
        .f32("q", [q, r, d]), .f32("k", [q, r, d]), .f32("v", [q, r, d]),
        // Integers are numbers of either type.
        .integers(prefix, "prefixK", [b, 3, d], -2...2),
        .integers(prefix, "prefixV", [b, 3, d], -2...2),
        .f32("textK", [q, 4, d]), .f32("textV", [q, 4, d]),
        .i32("source", [q], exactly: [1, 0, 1]), .i32("slots", [q, 4], exactly: slots),
        .i32("positions", [r], exactly: positions),
      ], ["B": 2, "Q": 3, "R": positions.count])
  }

  private static let quantization: [OpSample] =
    [
      OpSample("", .toHalf(ToHalf()), [.f32("x", [b, t, 8], -1e-4...2)]),
      OpSample(
        "edges", .toHalf(ToHalf()),
        [.f32("x", [6], exactly: [0, 65519, -1e9, 0x1p-25, 0x1.8p-24, 1 + 0x1p-11])]),
    ]
    + [127, 255].flatMap { levels in
      [
        OpSample(
          "\(levels)", .quantizeRows(QuantizeRows(levels: levels)), [.f32("x", [b, t, 8])]),
        OpSample(
          "\(levels), one sign or none", .quantizeRows(QuantizeRows(levels: levels)),
          [.f32("x", [3, 4], exactly: [1, 2, 3, 4, -1, -2, -3, -4, 0, 0, 0, 0])]),
      ]
    }
    + [(true, false), (false, true), (true, true), (false, false)].map {
      (hasResidual, keepsFloat) in
      OpSample(
        "\(hasResidual ? "residual" : "no residual"), \(keepsFloat ? "keeps" : "drops") float",
        .layerNormQuantize(
          LayerNormQuantize(
            epsilon: 1e-5, levels: 127, hasResidual: hasResidual, keepsFloat: keepsFloat)),
        [.f32("x", [b, t, 8])] + (hasResidual ? [.f32("residual", [b, t, 8])] : [])
          + [.f32("gamma", [8]), .f32("beta", [8])])
    }
}
