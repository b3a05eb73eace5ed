import CKernels
import Diagnostics
import Formats

extension Binder {
  mutating func bindPatches(_ view: StepView) throws(InputError) {
    let sizes = try patchSizes(view, map: view.operands[0], patches: view.results[0])
    let (x, y) = (view.operands[0].root, view.results[0].root)
    emit(
      KernelCall(CK_PATCHES_F32, reads: [x], writes: [y]) { memory in
        ck_patches_f32_args(sizes: sizes, x: memory.f32(x), y: memory.f32(y))
      })
  }

  mutating func bindPatchesGradient(_ view: StepView) throws(InputError) {
    let sizes = try patchSizes(view, map: view.results[0], patches: view.operands[0])
    let (dy, dx) = (view.operands[0].root, view.results[0].root)
    emit(
      KernelCall(CK_PATCHES_GRADIENT_F32, reads: [dy], writes: [dx]) { memory in
        ck_patches_gradient_f32_args(sizes: sizes, dy: memory.f32(dy), dx: memory.f32(dx))
      })
  }

  /// The sizes of both, once `patches` is exactly the patches of `map`.
  func patchSizes(
    _ view: StepView, map: BoundTensor, patches: BoundTensor
  ) throws(InputError) -> ck_patch_sizes {
    guard let form = PlanPatches(axes: view.step.axes),
      let down = form.count(along: map.shape[form.sideAxes.height]),
      let across = form.count(along: map.shape[form.sideAxes.width]),
      patches.shape[1] == down * across,
      patches.shape[2] == map.shape[form.channelAxis] * form.size * form.size
    else {
      throw view.failure(
        "the patches", expected: "those of \(map.description) by axes",
        found: "axes \(view.step.axes), \(patches.description)")
    }
    let channels = map.shape[form.channelAxis]
    return ck_patch_sizes(
      batch: map.shape[0], planes: form.channelAxis == 1 ? channels : 1,
      height: map.shape[form.sideAxes.height], width: map.shape[form.sideAxes.width],
      depth: form.channelAxis == 1 ? 1 : channels, size: form.size, stride: form.stride,
      padding: form.padding, down: down, across: across)
  }
}
