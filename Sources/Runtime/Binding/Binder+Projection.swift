import CKernels
import Diagnostics
import Formats
import Kernels

extension Binder {
  mutating func bindLinear(_ view: StepView) throws(InputError) {
    let (m, n, k) = (view.match.rows, view.match["N"], view.match["K"])
    try view.check(k >= 1, "the columns of x", expected: "1 or more", found: "0")
    let epilogue = try epilogue(of: view, m: m, n: n, parameters: 2)
    let scratch = try scratch(floats: ck_linear_f32_scratch(m, n, k, threads), for: view)
    let (x, w) = (view.operands[0].root, view.operands[1].root)
    emit(
      KernelCall(
        CK_LINEAR_F32, reads: view.operands.map(\.root),
        writes: view.results.map(\.root) + [scratch],
        // Sums start with the residual, which an activation would come between.
        inPlace: view.step.activation == .none ? epilogue.inPlace : []
      ) { memory in
        ck_linear_f32_args(
          m: m, n: n, k: k, x: memory.f32(x), w: memory.f32(w), epilogue: epilogue.bound(memory),
          scratch: memory.f32(scratch))
      })
  }

  mutating func bindQuantizedLinear(_ view: StepView) throws(InputError) {
    let (m, n, k) = (view.match.rows, view.match["N"], view.match["K"])
    try view.checkLevels()
    try view.check(
      (1...PlanLimits.packedColumns).contains(k), "the columns of x",
      expected: "1 ... \(PlanLimits.packedColumns)", found: "\(k)")
    let epilogue = try epilogue(of: view, m: m, n: n, parameters: 4)
    let operands = view.operands.map(\.root)
    guard let weight = view.operands[2].weight,
      let sums = weights.table[weight].columnSumsOffset
    else { preconditionFailure("a packed weight has column sums") }
    let isFourBit = weights.table[weight].layout == .packedN8K32
    // Other instruction sets do not ask, and finding out reads the whole weight.
    let groups =
      isa == .avx2 && !isFourBit
      ? PartialSums.groups(
        try weights.partialSums(ofWeight: weight), levels: view.step.levels) : 0
    func arguments(_ memory: BoundMemory) -> ck_linear_u8s8_args {
      let packed = memory.addresses[operands[2]]
      return ck_linear_u8s8_args(
        m: m, n: n, k: k, groups: UInt32(groups), x: memory.u8(operands[0]),
        rows: memory.f32(operands[1]), w: packed.assumingMemoryBound(to: Int8.self),
        column_sums: (packed + sums).assumingMemoryBound(to: Int32.self),
        w_scales: memory.f32(operands[3]), epilogue: epilogue.bound(memory))
    }
    if joinedResults.contains(view.results[0].index) {
      joinedProducts[view.results[0].index] = JoinedProduct(
        reads: operands, arguments: arguments)
      return
    }
    if !isFourBit { try emitTop(of: view, arguments: arguments) }
    emit(
      KernelCall(
        isFourBit ? CK_LINEAR_U8S4 : CK_LINEAR_U8S8, reads: operands,
        writes: view.results.map(\.root), inPlace: epilogue.inPlace, arguments: arguments))
  }

  mutating func bindMatMul(_ view: StepView) throws(InputError) {
    let (a, b, c) = (view.operands[0], view.operands[1], view.results[0])
    let (aEnd, bEnd) = (Array(a.shape.suffix(2)), Array(b.shape.suffix(2)))
    let (transposeA, transposeB) = (view.step.transposeA, view.step.transposeB)
    var (m, k) = transposeA ? (aEnd[1], aEnd[0]) : (aEnd[0], aEnd[1])
    let (kOfB, n) = transposeB ? (bEnd[1], bEnd[0]) : (bEnd[0], bEnd[1])
    let leading = Array(a.shape.dropLast(2))
    let isShared = b.shape.count == 2
    try view.check(
      k == kOfB && (isShared || Array(b.shape.dropLast(2)) == leading)
        && c.shape == leading + [m, n],
      "shapes", expected: "[…, M, K] · […, K, N] = […, M, N]",
      found: "\(a.description) · \(b.description) = \(c.description)")
    var batch = elementCount(leading)
    if isShared && !transposeA {
      m *= batch
      batch = 1
    }
    try view.check(k >= 1, "the summed length K", expected: "1 or more", found: "0")
    let strides = (a: aEnd[0] * aEnd[1], b: isShared ? 0 : k * n)
    let scratch = try scratch(
      floats: ck_matmul_f32_scratch(m, n, k, transposeA ? 1 : 0, threads), for: view)
    emit(
      KernelCall(
        CK_MATMUL_F32, reads: [a.root, b.root], writes: [c.root, scratch]
      ) { [batch, m] memory in
        ck_matmul_f32_args(
          batch: batch, m: m, n: n, k: k, transpose_a: transposeA ? 1 : 0,
          transpose_b: transposeB ? 1 : 0, a: memory.f32(a.root), a_batch_stride: strides.a,
          b: memory.f32(b.root), b_batch_stride: strides.b, c: memory.f32(c.root),
          scratch: memory.f32(scratch))
      })
  }

  /// The epilogue of a projection whose bias and residual follow the first `parameters` operands.
  private func epilogue(
    of view: StepView, m: Int, n: Int, parameters: Int
  ) throws(InputError) -> BoundEpilogue {
    let step = view.step
    let bias = step.hasBias ? view.operands[parameters].root : nil
    let residual = step.hasResidual ? view.operands.last : nil
    let columns = view.results.map { $0.shape[$0.shape.count - 1] }
    try view.check(
      columns.reduce(0, +) == n && !(residual != nil && columns.count > 1),
      "the columns of the results", expected: "\(n) together, in one result with a residual",
      found: "\(columns)")
    var rows = 0
    if let residual { rows = try view.repeatedRows(residual, of: view.results[0].shape) }
    return BoundEpilogue(
      bias: bias, residual: residual?.root, residualRows: rows,
      activation: ck_activation(step.activation), columns: columns,
      results: view.results.map(\.root), isResidualWhole: residual != nil && rows == m)
  }
}

/// A `ck_epilogue` before memory is known.
private struct BoundEpilogue {
  let bias: Int?
  let residual: Int?
  let residualRows: Int
  let activation: ck_activation
  let columns: [Int]
  let results: [Int]
  /// Whether the residual has an element for each of the result's.
  let isResidualWhole: Bool

  var inPlace: [KernelCall.InPlace] {
    guard isResidualWhole, let residual else { return [] }
    return [KernelCall.InPlace(result: results[0], operand: residual)]
  }

  func bound(_ memory: BoundMemory) -> ck_epilogue {
    func column(_ i: Int) -> Int { i < columns.count ? columns[i] : 0 }
    func result(_ i: Int) -> UnsafeMutablePointer<Float>? {
      i < results.count ? memory.f32(results[i]) : nil
    }
    return ck_epilogue(
      bias: bias.map { UnsafePointer(memory.f32($0)) },
      residual: residual.map { UnsafePointer(memory.f32($0)) }, residual_rows: residualRows,
      activation: activation, split_count: results.count,
      split_columns: (column(0), column(1), column(2), column(3)),
      results: (result(0), result(1), result(2), result(3)))
  }
}

extension ck_activation {
  init(_ activation: PlanActivation) {
    switch activation {
    case .none: self = CK_ACTIVATION_NONE
    case .geluErf: self = CK_ACTIVATION_GELU_ERF
    case .geluTanh: self = CK_ACTIVATION_GELU_TANH
    case .geluQuick: self = CK_ACTIVATION_GELU_QUICK
    }
  }
}
