import CKernels
import Diagnostics
import Formats

extension Binder {
  mutating func bindInterpolate(_ view: StepView) throws(InputError) {
    try bindInterpolation(
      view, CK_INTERPOLATE_F32, source: view.operands[0], result: view.results[0])
  }

  mutating func bindInterpolateGradient(_ view: StepView) throws(InputError) {
    try bindInterpolation(
      view, CK_INTERPOLATE_GRADIENT_F32, source: view.results[0], result: view.operands[0])
  }

  private mutating func bindInterpolation(
    _ view: StepView, _ op: ck_op, source: BoundTensor, result: BoundTensor
  ) throws(InputError) {
    let lengths = Array(source.shape.prefix(2) + result.shape.prefix(2))
    try view.check(
      lengths.allSatisfy { $0 >= 1 }, "the grids", expected: "rows and columns of 1 or more",
      found: "\(source.description) and \(result.description)")
    let (x, y, d) = (view.operands[0].root, view.results[0].root, view.match["D"])
    emit(
      KernelCall(op, reads: [x], writes: [y]) { memory in
        ck_interpolate_f32_args(
          source_rows: lengths[0], source_columns: lengths[1], rows: lengths[2],
          columns: lengths[3], d: d, x: memory.f32(x), y: memory.f32(y))
      })
  }
}
