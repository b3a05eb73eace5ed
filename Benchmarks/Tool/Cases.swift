import CKernels

/// The shapes of the released models: ViT-B/16 and six decoder layers of width 768.
enum Cases {
  /// Every case, in the order of the table.
  ///
  /// - Parameter threads: scratch is made for so many.
  /// - Returns: cases with memory of their own.
  static func all(threads: Int) -> [Case] {
    var cases: [Case] = []
    // 197 rows: an image of 224 pixels; 901: of 480; 1182: six frames.
    for groups in [1, 2, 4] {
      cases.append(linear("attention input", 197, 2304, 768, groups: groups))
      cases.append(linear("attention output", 197, 768, 768, groups: groups, residual: true))
      cases.append(linear("MLP in, quick GELU", 197, 3072, 768, groups: groups, .quick))
      cases.append(linear("MLP out", 197, 768, 3072, groups: groups, residual: true))
    }
    cases.append(linear("MLP in, erf GELU", 197, 3072, 768, groups: 2, .erf))
    for rows in [197, 1576] { cases += requantized(rows: rows, threads: threads) }
    for rows in [901, 1182] {
      cases.append(linear("attention output", rows, 768, 768, groups: 2, residual: true))
    }
    for rows in [1, 4, 8] {
      cases.append(step(rows: rows))
      cases += heads(rows: rows, threads: threads)
    }
    for rows in [197, 901, 1182] {
      cases.append(attention(rows: rows, threads: threads))
      cases.append(quantizedAttention(rows: rows, threads: threads))
    }
    // One image, its four beams, a batch of eight images, six frames.
    for (sequences, images, prefix) in [(1, 1, 197), (4, 1, 197), (8, 8, 197), (1, 1, 1182)] {
      cases.append(
        cachedAttention(sequences: sequences, images: images, prefix: prefix, threads: threads))
    }
    cases += floatProducts(threads: threads)
    cases.append(layerNorm(rows: 197, threads: threads))
    cases.append(quantize(rows: 197, columns: 3072))
    return cases
  }

  enum Form { case none, quick, erf }

  private static func linear(
    _ name: String, _ m: Int, _ n: Int, _ k: Int, groups: Int, _ form: Form = .none,
    residual: Bool = false
  ) -> Case {
    let made = Case(
      "int8 \(name) [\(m), \(n), \(k)], runs of \(groups)", .integerProducts(m * n * k))
    made.add(
      CK_LINEAR_U8S8, product(in: made, m, n, k, groups: groups, form, residual: residual))
    return made
  }

  private static func product(
    in made: Case, _ m: Int, _ n: Int, _ k: Int, groups: Int, _ form: Form = .none,
    residual: Bool = false
  ) -> ck_linear_u8s8_args {
    let rows = made.floats(2 * m)
    for i in 0..<m { (rows[2 * i], rows[2 * i + 1]) = (0.01, 64) }
    let activation =
      switch form {
      case .none: CK_ACTIVATION_NONE
      case .quick: CK_ACTIVATION_GELU_QUICK
      case .erf: CK_ACTIVATION_GELU_ERF
      }
    let scales = made.floats(n)
    for i in 0..<n { scales[i] = 0.0003 }
    let epilogue = ck_epilogue(
      bias: made.floats(n), residual: residual ? UnsafePointer(made.floats(m * n)) : nil,
      residual_rows: residual ? m : 0, activation: activation, split_count: 1,
      split_columns: (n, 0, 0, 0), results: (made.floats(m * n), nil, nil, nil))
    return ck_linear_u8s8_args(
      m: m, n: n, k: k, groups: UInt32(groups), x: made.bytes(m * k), rows: rows,
      w: made.weights(ck_packed_s8_bytes(n, k)), column_sums: made.integers(n),
      w_scales: scales, epilogue: epilogue)
  }

  /// The MLP's first projection with its rows quantized after it, and as they are made.
  private static func requantized(rows: Int, threads: Int) -> [Case] {
    let (n, k) = (3072, 768)
    let apart = Case("int8 MLP in, then quantized, \(rows) rows", .integerProducts(rows * n * k))
    let first = product(in: apart, rows, n, k, groups: 4, .quick)
    apart.add(CK_LINEAR_U8S8, first)
    apart.add(
      CK_QUANTIZE_ROWS_F32,
      ck_quantize_rows_f32_args(
        rows: rows, k: n, levels: 127, x: first.epilogue.results.0 ?? apart.floats(rows * n),
        result: apart.bytes(rows * n), row_scales: apart.floats(2 * rows)))
    let joined = Case("int8 MLP in, quantized, \(rows) rows", .integerProducts(rows * n * k))
    joined.add(
      CK_REQUANTIZE_U8S8,
      ck_requantize_u8s8_args(
        linear: product(in: joined, rows, n, k, groups: 4, .quick), levels: 127,
        result: joined.bytes(rows * n), row_scales: joined.floats(2 * rows),
        scratch: joined.floats(ck_requantize_scratch(rows, n, threads))))
    return [apart, joined]
  }

  /// All projections of one decoding step: 66 MB of weights, more than caches hold.
  private static func step(rows: Int) -> Case {
    let layer = [(2304, 768), (768, 768), (3072, 768), (768, 3072)]
    let shapes = (0..<6).flatMap { _ in layer } + [(30522, 768)]
    let made = Case(
      "int8 step, all projections, \(rows) rows", .bytes(shapes.reduce(0) { $0 + $1.0 * $1.1 }))
    for (n, k) in shapes {
      made.add(CK_LINEAR_U8S8, product(in: made, rows, n, k, groups: 2))
    }
    return made
  }

  /// The head of a step, to all logits with the sums of their exponentials, and to the likeliest tokens
  /// with the same sums.
  private static func heads(rows: Int, threads: Int) -> [Case] {
    let (n, k) = (30522, 768)
    let all = Case("int8 head, logits and sums, \(rows) rows", .bytes(n * k))
    let head = product(in: all, rows, n, k, groups: 2)
    all.add(CK_LINEAR_U8S8, head)
    all.add(
      CK_EXPONENTIAL_SUM_F32,
      ck_exponential_sum_f32_args(
        rows: rows, n: n, x: head.epilogue.results.0 ?? all.floats(rows * n),
        maxima: all.floats(rows), sums: all.doubles(rows)))
    let likeliest = Case("int8 head, likeliest and sums, \(rows) rows", .bytes(n * k))
    likeliest.add(
      CK_TOP_U8S8,
      ck_top_u8s8_args(
        linear: product(in: likeliest, rows, n, k, groups: 2),
        logits: likeliest.floats(rows * Int(CK_CANDIDATES)),
        ids: likeliest.integers(rows * Int(CK_CANDIDATES)), maxima: likeliest.floats(rows),
        sums: likeliest.doubles(rows),
        scratch: likeliest.floats(ck_top_scratch(rows, n, threads))))
    return [all, likeliest]
  }

  private static func attention(rows: Int, threads: Int) -> Case {
    let (heads, width) = (12, 64)
    let made = Case("attention, \(rows) rows", .floatProducts(2 * rows * rows * heads * width))
    let count = rows * heads * width
    made.add(
      CK_ATTENTION_F32,
      ck_attention_f32_args(
        batch: 1, queries: rows, keys: rows, heads: heads, head_width: width, scale: 0.125,
        masked: 0, prefix: 0, q: made.floats(count), k: made.floats(count),
        v: made.floats(count), bias: nil, bias_batches: 1, y: made.floats(count),
        scratch: made.floats(ck_attention_scratch(1, rows, rows, heads, width, threads))))
    return made
  }

  private static func quantizedAttention(rows: Int, threads: Int) -> Case {
    let (heads, width) = (12, 64)
    let made = Case(
      "int8 attention, \(rows) rows", .integerProducts(2 * rows * rows * heads * width))
    let count = rows * heads * width
    made.add(
      CK_ATTENTION_U8S8,
      ck_attention_u8s8_args(
        batch: 1, queries: rows, keys: rows, heads: heads, head_width: width, scale: 0.125,
        q: made.floats(count), k: made.floats(count), v: made.floats(count),
        y: made.floats(count),
        scratch: made.floats(ck_attention_u8s8_scratch(rows, width, threads))))
    return made
  }

  private static func cachedAttention(
    sequences: Int, images: Int, prefix: Int, threads: Int
  ) -> Case {
    let (heads, width, capacity, layers) = (12, 64, 64, 6)
    let d = heads * width
    let made = Case(
      "cached attention, six layers, \(sequences) sequences on \(images) times \(prefix) rows",
      .bytes(2 * layers * images * prefix * d * MemoryLayout<UInt16>.stride))
    let scratch = made.floats(
      ck_cached_attention_scratch(heads, width, prefix, capacity, threads))
    for _ in 0..<layers {
      let (source, slots) = (made.integers(sequences), made.integers(sequences * capacity))
      for sequence in 0..<sequences {
        source[sequence] = Int32(sequence * images / sequences)
        for position in 0..<capacity { slots[sequence * capacity + position] = Int32(sequence) }
      }
      let positions = made.integers(1)
      positions[0] = 8
      made.add(
        CK_CACHED_ATTENTION_F32,
        ck_cached_attention_f32_args(
          sequences: sequences, rows: 1, heads: heads, head_width: width, images: images,
          prefix_rows: prefix, capacity: capacity, scale: 0.125, q: made.floats(sequences * d),
          k: made.floats(sequences * d), v: made.floats(sequences * d),
          half_prefix: 1, prefix_k: made.floats(images * prefix * d / 2),
          prefix_v: made.floats(images * prefix * d / 2),
          text_k: made.floats(sequences * capacity * d),
          text_v: made.floats(sequences * capacity * d), source: source, slots: slots,
          positions: positions, y: made.floats(sequences * d), scratch: scratch))
    }
    return made
  }

  private static func layerNorm(rows: Int, threads: Int) -> Case {
    let d = 768
    // x is read, y and a byte per element are written.
    let made = Case("layer norm and quantize, \(rows) rows of \(d)", .bytes(rows * d * 9))
    made.add(
      CK_LAYER_NORM_F32,
      ck_layer_norm_f32_args(
        rows: rows, d: d, epsilon: 1e-5, x: made.floats(rows * d), residual: nil,
        residual_rows: 0, gamma: made.floats(d), beta: made.floats(d), y: made.floats(rows * d),
        quantized: made.bytes(rows * d), quantized_rows: made.floats(2 * rows), levels: 127,
        scratch: made.floats(ck_layer_norm_scratch(d, threads))))
    return made
  }

  private static func quantize(rows: Int, columns: Int) -> Case {
    let made = Case("quantize, \(rows) rows of \(columns)", .bytes(rows * columns * 5))
    made.add(
      CK_QUANTIZE_ROWS_F32,
      ck_quantize_rows_f32_args(
        rows: rows, k: columns, levels: 127, x: made.floats(rows * columns),
        result: made.bytes(rows * columns), row_scales: made.floats(2 * rows)))
    return made
  }
}
