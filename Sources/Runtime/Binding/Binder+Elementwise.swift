import CKernels
import Diagnostics
import Formats

extension Binder {
  mutating func bindGelu(_ view: StepView) throws(InputError) {
    let activation = try activation(of: view)
    let (count, x, y) = (view.results[0].count, view.operands[0].root, view.results[0].root)
    emit(
      KernelCall(
        CK_GELU_F32, reads: [x], writes: [y],
        inPlace: [KernelCall.InPlace(result: y, operand: x)]
      ) { memory in
        ck_gelu_f32_args(
          count: count, activation: activation, x: memory.f32(x), y: memory.f32(y))
      })
  }

  mutating func bindGeluGradient(_ view: StepView) throws(InputError) {
    let activation = try activation(of: view)
    let (count, dx) = (view.results[0].count, view.results[0].root)
    let (x, dy) = (view.operands[0].root, view.operands[1].root)
    emit(
      KernelCall(CK_GELU_GRADIENT_F32, reads: [x, dy], writes: [dx]) { memory in
        ck_gelu_gradient_f32_args(
          count: count, activation: activation, x: memory.f32(x), dy: memory.f32(dy),
          dx: memory.f32(dx))
      })
  }

  private func activation(of view: StepView) throws(InputError) -> ck_activation {
    try view.check(
      view.step.activation != .none, "activation", expected: "a GELU", found: "none")
    return ck_activation(view.step.activation)
  }

  mutating func bindBinary(_ view: StepView, _ op: ck_binary) throws(InputError) {
    let (a, b, y) = (view.operands[0], view.operands[1], view.results[0])
    guard let aStrides = broadcastStrides(a, to: y.shape),
      let bStrides = broadcastStrides(b, to: y.shape),
      y.shape == broadcastShape(a.shape, b.shape)
    else {
      throw view.failure(
        "shapes", expected: "the common shape of \(a.description) and \(b.description)",
        found: y.description)
    }
    let axes = StridedAxes(y.shape, [aStrides, bStrides, y.strides])
    var inPlace: [KernelCall.InPlace] = []
    if a.count == y.count { inPlace.append(KernelCall.InPlace(result: y.root, operand: a.root)) }
    if b.count == y.count { inPlace.append(KernelCall.InPlace(result: y.root, operand: b.root)) }
    emit(
      KernelCall(CK_BINARY_F32, reads: [a.root, b.root], writes: [y.root], inPlace: inPlace) {
        memory in
        ck_binary_f32_args(
          op: op, rank: axes.lengths.count, lengths: rankArray(axes.lengths),
          a_strides: rankArray(axes.strides[0]), b_strides: rankArray(axes.strides[1]),
          a: memory.f32(a.root), b: memory.f32(b.root), y: memory.f32(y.root))
      })
  }

  mutating func bindScale(_ view: StepView) {
    let (count, x, y) = (view.results[0].count, view.operands[0].root, view.results[0].root)
    let factor = view.step.value
    emit(
      KernelCall(
        CK_SCALE_F32, reads: [x], writes: [y],
        inPlace: [KernelCall.InPlace(result: y, operand: x)]
      ) { memory in
        ck_scale_f32_args(count: count, factor: factor, x: memory.f32(x), y: memory.f32(y))
      })
  }

  mutating func bindToHalf(_ view: StepView) {
    let (count, x, y) = (view.results[0].count, view.operands[0].root, view.results[0].root)
    emit(
      KernelCall(CK_TO_HALF_F32, reads: [x], writes: [y]) { memory in
        ck_to_half_f32_args(count: count, x: memory.f32(x), y: memory.f16(y))
      })
  }

  mutating func bindUnary(_ view: StepView, _ op: ck_unary) {
    let (count, x, y) = (view.results[0].count, view.operands[0].root, view.results[0].root)
    emit(
      KernelCall(
        CK_UNARY_F32, reads: [x], writes: [y],
        inPlace: [KernelCall.InPlace(result: y, operand: x)]
      ) { memory in
        ck_unary_f32_args(count: count, op: op, x: memory.f32(x), y: memory.f32(y))
      })
  }

  mutating func bindFill(_ view: StepView) {
    let (count, y, value) = (view.results[0].count, view.results[0].root, view.step.value)
    emit(
      KernelCall(CK_FILL_F32, reads: [], writes: [y]) { memory in
        ck_fill_f32_args(count: count, value: value, y: memory.f32(y))
      })
  }

  mutating func bindDropout(_ view: StepView) throws(InputError) {
    let (count, x, y) = (view.results[0].count, view.operands[0].root, view.results[0].root)
    let (seed, rate) = (view.operands[1].root, view.step.value)
    try view.check(
      rate >= 0 && rate < 1, "the rate", expected: "a number in [0, 1)", found: "\(rate)")
    guard let salt = UInt32(exactly: view.step.salt) else {
      throw view.failure("salt", expected: "0 ..< 2^32", found: "\(view.step.salt)")
    }
    emit(
      KernelCall(
        CK_DROPOUT_F32, reads: [x, seed], writes: [y],
        inPlace: [KernelCall.InPlace(result: y, operand: x)]
      ) { memory in
        ck_dropout_f32_args(
          count: count, rate: rate, salt: salt, seed: memory.i32(seed), x: memory.f32(x),
          y: memory.f32(y))
      })
  }

  mutating func bindSum(_ view: StepView) throws(InputError) {
    let (x, y, axes) = (view.operands[0], view.results[0], view.step.axes)
    let kept = x.shape.indices.filter { !axes.contains($0) }
    try view.check(
      axes == Array(Set(axes)).sorted() && axes.allSatisfy(x.shape.indices.contains)
        && y.shape == kept.map { x.shape[$0] },
      "axes", expected: "ascending axes of \(x.description) that leave \(y.description)",
      found: "\(axes)")
    let whole = StridedAxes(kept.map { x.shape[$0] }, [kept.map { x.strides[$0] }])
    let summed = StridedAxes(axes.map { x.shape[$0] }, [axes.map { x.strides[$0] }])
    emit(
      KernelCall(CK_SUM_F32, reads: [x.root], writes: [y.root]) { memory in
        ck_sum_f32_args(
          rank: whole.lengths.count, lengths: rankArray(whole.lengths),
          strides: rankArray(whole.strides[0]), summed_rank: summed.lengths.count,
          summed_lengths: rankArray(summed.lengths), summed_strides: rankArray(summed.strides[0]),
          x: memory.f32(x.root), y: memory.f32(y.root))
      })
  }
}

/// The common shape of two tensors under NumPy's rule; nil when there is none.
func broadcastShape(_ a: [Int], _ b: [Int]) -> [Int]? {
  let rank = max(a.count, b.count)
  var shape: [Int] = []
  for axis in 0..<rank {
    let x = axis < rank - a.count ? 1 : a[axis - (rank - a.count)]
    let y = axis < rank - b.count ? 1 : b[axis - (rank - b.count)]
    guard x == y || x == 1 || y == 1 else { return nil }
    shape.append(x == 1 ? y : x)
  }
  return shape
}

/// The strides with which `tensor` is read as if it had `shape`; nil when it does not stretch to it.
func broadcastStrides(_ tensor: BoundTensor, to shape: [Int]) -> [Int]? {
  let missing = shape.count - tensor.shape.count
  guard missing >= 0 else { return nil }
  var strides = [Int](repeating: 0, count: missing)
  for (axis, length) in tensor.shape.enumerated() {
    guard length == shape[missing + axis] || length == 1 else { return nil }
    strides.append(length == 1 ? 0 : tensor.strides[axis])
  }
  return strides
}
