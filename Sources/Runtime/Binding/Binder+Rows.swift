import CKernels
import Diagnostics
import Formats

extension Binder {
  mutating func bindLayerNorm(_ view: StepView) throws(InputError) {
    let step = view.step
    let (rows, d) = (view.match.rows, view.match["D"])
    try view.check(d >= 1, "the width", expected: "1 or more", found: "0")
    let quantizes = step.levels != 0
    if quantizes { try view.checkLevels() }
    let x = view.operands[0]
    var residual: Int?
    var residualRows = 0
    if step.hasResidual {
      residual = view.operands[1].root
      residualRows = try view.repeatedRows(view.operands[1], of: x.shape)
    }
    let (gamma, beta) = (view.operands[view.operands.count - 2].root, view.operands.last?.root)
    guard let beta else { preconditionFailure("a layer norm has a beta") }
    let keepsFloat = !quantizes || step.keepsFloat
    let y = keepsFloat ? view.results[0].root : nil
    let quantized = quantizes ? view.results.suffix(2).map(\.root) : []
    func arguments(_ memory: BoundMemory, scratch: Int) -> ck_layer_norm_f32_args {
      ck_layer_norm_f32_args(
        rows: rows, d: d, epsilon: step.epsilon, x: memory.f32(x.root),
        residual: residual.map { UnsafePointer(memory.f32($0)) }, residual_rows: residualRows,
        gamma: memory.f32(gamma), beta: memory.f32(beta), y: y.map { memory.f32($0) },
        quantized: quantized.first.map { memory.u8($0) },
        quantized_rows: quantized.last.map { memory.f32($0) }, levels: UInt32(step.levels),
        scratch: memory.f32(scratch))
    }
    if let joined = joinedEmbeddings[x.index] {
      return try emitEmbeddingNorm(of: view, joined, arguments)
    }
    let scratch = try scratch(floats: ck_layer_norm_scratch(d, threads), for: view)
    emit(
      KernelCall(
        CK_LAYER_NORM_F32, reads: view.operands.map(\.root),
        writes: view.results.map(\.root) + [scratch],
        inPlace: y.map { [KernelCall.InPlace(result: $0, operand: x.root)] } ?? []
      ) { memory in arguments(memory, scratch: scratch) })
  }

  mutating func bindLayerNormGradient(_ view: StepView) throws(InputError) {
    let (rows, d, epsilon) = (view.match.rows, view.match["D"], view.step.epsilon)
    try view.check(d >= 1, "the width", expected: "1 or more", found: "0")
    let scratch = try scratch(
      floats: ck_layer_norm_gradient_scratch(rows, d, threads), for: view)
    let (operands, results) = (view.operands.map(\.root), view.results.map(\.root))
    emit(
      KernelCall(
        CK_LAYER_NORM_GRADIENT_F32, reads: operands, writes: results + [scratch]
      ) { memory in
        ck_layer_norm_gradient_f32_args(
          rows: rows, d: d, epsilon: epsilon, x: memory.f32(operands[0]),
          gamma: memory.f32(operands[1]), dy: memory.f32(operands[2]),
          dx: memory.f32(results[0]), dgamma: memory.f32(results[1]),
          dbeta: memory.f32(results[2]), scratch: memory.f32(scratch))
      })
  }

  mutating func bindQuantizeRows(_ view: StepView) throws(InputError) {
    let (rows, k) = (view.match.rows, view.match["K"])
    try view.checkLevels()
    try view.check(k >= 1, "the width", expected: "1 or more", found: "0")
    if let product = joinedProducts[view.operands[0].index] {
      return try emitRequantize(of: view, product)
    }
    let (x, levels) = (view.operands[0].root, UInt32(view.step.levels))
    let (result, scales) = (view.results[0].root, view.results[1].root)
    emit(
      KernelCall(CK_QUANTIZE_ROWS_F32, reads: [x], writes: [result, scales]) { memory in
        ck_quantize_rows_f32_args(
          rows: rows, k: k, levels: levels, x: memory.f32(x), result: memory.u8(result),
          row_scales: memory.f32(scales))
      })
    try emitSamples(of: view)
  }

  mutating func bindSoftmax(_ view: StepView) {
    let (rows, n) = (view.match.rows, view.match["N"])
    let (x, y) = (view.operands[0].root, view.results[0].root)
    emit(
      KernelCall(
        CK_SOFTMAX_F32, reads: [x], writes: [y],
        inPlace: [KernelCall.InPlace(result: y, operand: x)]
      ) { memory in
        ck_softmax_f32_args(rows: rows, n: n, x: memory.f32(x), y: memory.f32(y))
      })
  }

  mutating func bindSoftmaxGradient(_ view: StepView) {
    let (rows, n) = (view.match.rows, view.match["N"])
    let (y, dy, dx) = (view.operands[0].root, view.operands[1].root, view.results[0].root)
    emit(
      KernelCall(CK_SOFTMAX_GRADIENT_F32, reads: [y, dy], writes: [dx]) { memory in
        ck_softmax_gradient_f32_args(
          rows: rows, n: n, y: memory.f32(y), dy: memory.f32(dy), dx: memory.f32(dx))
      })
  }

  mutating func bindPrefixMask(_ view: StepView) throws(InputError) {
    let (batch, s) = (view.match.rows, view.match["S"])
    let prefix = min(try value(view.step.prefix, of: view, "prefix"), s)
    let (x, y) = (view.operands[0].root, view.results[0].root)
    emit(
      KernelCall(
        CK_PREFIX_MASK_F32, reads: [x], writes: [y],
        inPlace: [KernelCall.InPlace(result: y, operand: x)]
      ) { memory in
        ck_prefix_mask_f32_args(
          batch: batch, s: s, prefix: prefix, x: memory.f32(x), y: memory.f32(y))
      })
  }
}
