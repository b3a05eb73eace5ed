import CKernels
import Diagnostics
import Formats

extension Binder {
  mutating func bindAttention(_ view: StepView) throws(InputError) {
    let form = try attentionForm(of: view)
    let floats = ck_attention_scratch(
      form.batch, form.queries, form.keys, form.heads, form.headWidth, threads)
    let scratch = try scratch(floats: floats, for: view)
    let (operands, y) = (view.operands.map(\.root), view.results[0].root)
    let bias = view.step.hasBias ? operands[3] : nil
    emit(
      KernelCall(CK_ATTENTION_F32, reads: operands, writes: [y, scratch]) { memory in
        ck_attention_f32_args(
          batch: form.batch, queries: form.queries, keys: form.keys, heads: form.heads,
          head_width: form.headWidth, scale: form.scale, masked: form.masked, prefix: form.prefix,
          q: memory.f32(operands[0]), k: memory.f32(operands[1]), v: memory.f32(operands[2]),
          bias: bias.map { UnsafePointer(memory.f32($0)) }, bias_batches: form.biasBatches,
          y: memory.f32(y), scratch: memory.f32(scratch))
      })
  }

  mutating func bindQuantizedAttention(_ view: StepView) throws(InputError) {
    let form = try attentionForm(of: view)
    for (what, found, most) in [
      ("keys", form.keys, CK_MOST_QUANTIZED_KEYS),
      ("columns of a head", form.headWidth, CK_MOST_QUANTIZED_WIDTH),
    ] {
      try view.check(
        found <= most, "\(what) of a quantized attention", expected: "\(most) or fewer",
        found: "\(found)")
    }
    let scratch = try scratch(
      floats: ck_attention_u8s8_scratch(form.keys, form.headWidth, threads), for: view)
    let (operands, y) = (view.operands.map(\.root), view.results[0].root)
    emit(
      KernelCall(CK_ATTENTION_U8S8, reads: operands, writes: [y, scratch]) { memory in
        ck_attention_u8s8_args(
          batch: form.batch, queries: form.queries, keys: form.keys, heads: form.heads,
          head_width: form.headWidth, scale: form.scale, q: memory.f32(operands[0]),
          k: memory.f32(operands[1]), v: memory.f32(operands[2]), y: memory.f32(y),
          scratch: memory.f32(scratch))
      })
  }

  mutating func bindAttentionGradient(_ view: StepView) throws(InputError) {
    let form = try attentionForm(of: view)
    let floats = ck_attention_gradient_scratch(
      form.batch, form.queries, form.keys, form.heads, form.headWidth, form.biasBatches, threads)
    let scratch = try scratch(floats: floats, for: view)
    let (operands, results) = (view.operands.map(\.root), view.results.map(\.root))
    let (bias, dbias) = view.step.hasBias ? (operands[3], results[3]) : (nil, nil)
    emit(
      KernelCall(
        CK_ATTENTION_GRADIENT_F32, reads: operands, writes: results + [scratch]
      ) { memory in
        ck_attention_gradient_f32_args(
          batch: form.batch, queries: form.queries, keys: form.keys, heads: form.heads,
          head_width: form.headWidth, scale: form.scale, masked: form.masked, prefix: form.prefix,
          q: memory.f32(operands[0]), k: memory.f32(operands[1]), v: memory.f32(operands[2]),
          bias: bias.map { UnsafePointer(memory.f32($0)) }, bias_batches: form.biasBatches,
          dy: memory.f32(operands[operands.count - 1]), dq: memory.f32(results[0]),
          dk: memory.f32(results[1]), dv: memory.f32(results[2]),
          dbias: dbias.map { memory.f32($0) }, scratch: memory.f32(scratch))
      })
  }

  mutating func bindCachedAttention(_ view: StepView) throws(InputError) {
    let match = view.match
    let (sequences, rows, width) = (match["Q"], match["R"], match["D"])
    let (images, prefixRows, capacity) = (match["B"], match["P"], match["L"])
    let heads = try checkHeads(view, width: width)
    try view.check(
      rows <= capacity && images >= 1, "new rows R and images B",
      expected: "R at most the capacity \(capacity), B at least 1",
      found: "\(rows), \(images)")
    try checkScratch(view, rows: prefixRows + capacity, by: capacity, width: width)
    let scratch = try scratch(
      floats: ck_cached_attention_scratch(heads, width / heads, prefixRows, capacity, threads),
      for: view)
    let (operands, y) = (view.operands.map(\.root), view.results[0].root)
    let (textK, textV) = (operands[5], operands[6])
    try view.check(
      textK != textV && !(operands[..<5] + operands[7...]).contains { $0 == textK || $0 == textV },
      "text_k and text_v, which are written", expected: "tensors that stand nowhere else",
      found: "the same tensor twice")
    let scale = view.step.value
    let isHalf = view.operands[3].dtype == .f16
    emit(
      KernelCall(
        CK_CACHED_ATTENTION_F32, reads: operands, writes: [y, scratch, textK, textV]
      ) { memory in
        ck_cached_attention_f32_args(
          sequences: sequences, rows: rows, heads: heads, head_width: width / heads, images: images,
          prefix_rows: prefixRows, capacity: capacity, scale: scale, q: memory.f32(operands[0]),
          k: memory.f32(operands[1]), v: memory.f32(operands[2]), half_prefix: isHalf ? 1 : 0,
          prefix_k: memory.addresses[operands[3]], prefix_v: memory.addresses[operands[4]],
          text_k: memory.f32(textK), text_v: memory.f32(textV), source: memory.i32(operands[7]),
          slots: memory.i32(operands[8]), positions: memory.i32(operands[9]), y: memory.f32(y),
          scratch: memory.f32(scratch))
      })
  }

  private struct AttentionForm {
    let batch, queries, keys, heads, headWidth: Int
    let scale: Float
    let masked: UInt32
    let prefix: Int
    /// 0 without a bias.
    let biasBatches: Int
  }

  private func attentionForm(of view: StepView) throws(InputError) -> AttentionForm {
    let match = view.match
    let (batch, queries, keys) = (match["B"], match["S"], match["T"])
    let heads = try checkHeads(view, width: match["D"])
    try checkScratch(view, rows: queries, by: keys, width: match["D"])
    try view.check(keys >= 1, "keys", expected: "1 or more", found: "0")
    var prefix = 0
    if view.step.prefix != nil {
      // A masked query stands at its row counted from the last key.
      try view.check(
        keys >= queries, "keys of a masked attention", expected: "\(queries) or more",
        found: "\(keys)")
      prefix = min(try value(view.step.prefix, of: view, "prefix"), keys)
    }
    var biasBatches = 0
    if view.step.hasBias {
      biasBatches = match["W"]
      try view.check(
        biasBatches >= 1 && batch % biasBatches == 0 && match["H"] == heads, "the bias",
        expected: "\(heads) heads for a divisor of the batch \(batch)",
        found: view.operands[3].description)
    }
    return AttentionForm(
      batch: batch, queries: queries, keys: keys, heads: heads, headWidth: match["D"] / heads,
      scale: view.step.value, masked: view.step.prefix == nil ? 0 : 1, prefix: prefix,
      biasBatches: biasBatches)
  }

  private func checkHeads(_ view: StepView, width: Int) throws(InputError) -> Int {
    let heads = view.step.heads
    try view.check(
      heads >= 1 && width >= 1 && width % heads == 0, "heads", expected: "a divisor of \(width)",
      found: "\(heads)")
    return heads
  }

  /// Kernels say how much scratch they need without looking for overflow; it is less than this.
  private func checkScratch(
    _ view: StepView, rows: Int, by columns: Int, width: Int
  ) throws(InputError) {
    // A few buffers of rows · columns, rows · width or columns · width floats, padded to panels.
    var product = threads * MemoryLayout<Float>.stride * 256
    for factor in [rows, columns, width] {
      let (next, overflow) = product.multipliedReportingOverflow(by: factor + 16)
      if overflow {
        throw view.failure("an attention is too large", expected: "less than 2^63", found: "more")
      }
      product = next
    }
  }
}
