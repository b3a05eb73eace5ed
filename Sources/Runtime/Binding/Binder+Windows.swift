import CKernels
import Diagnostics
import Formats

extension Binder {
  mutating func bindRelativeIndex(_ view: StepView) throws(InputError) {
    try checkWindows(view)
    let (window, y) = (view.step.axes[0], view.results[0].root)
    emit(
      KernelCall(CK_RELATIVE_INDEX_I32, reads: [], writes: [y]) { memory in
        ck_relative_index_i32_args(window: window, y: memory.i32(y))
      })
  }

  mutating func bindWindowMask(_ view: StepView) throws(InputError) {
    try checkWindows(view)
    let (axes, y) = (view.step.axes, view.results[0].root)
    emit(
      KernelCall(CK_WINDOW_MASK_F32, reads: [], writes: [y]) { memory in
        ck_window_mask_f32_args(
          height: axes[0], width: axes[1], window: axes[2], shift: axes[3], y: memory.f32(y))
      })
  }

  private func checkWindows(_ view: StepView) throws(InputError) {
    let shape = view.step.windowShape
    try view.check(
      shape == view.results[0].shape, "the windows",
      expected: shape.map { "\($0)" } ?? "axes of windows",
      found: "axes \(view.step.axes), \(view.results[0].description)")
  }
}
