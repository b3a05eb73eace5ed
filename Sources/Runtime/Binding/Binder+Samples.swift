import CKernels
import Diagnostics
import Formats

/// An input of normalised pixels that can be given as the samples of images too.
package struct SampledInput {
  /// The input f32[B, 3, H, W].
  let name: String
  /// f32[3, 256]: what each sample is when it is normalised.
  let table: [Float]

  package init(name: String, table: [Float]) {
    (self.name, self.table) = (name, table)
  }
}

extension Binder {
  /// After the step that quantizes the patches of the sampled input: a call that makes the same integers
  /// of samples u8[B, H, W, 3] at once.
  ///
  /// It stands beside two calls, the patches' and this step's, of which a run makes one or the other. That
  /// takes an input that nothing else reads, and no call before them that depends on an input.
  mutating func emitSamples(of view: StepView) throws(InputError) {
    guard let sampled, let port = function.inputs.first(where: { $0.name == sampled.name }),
      stepIndex > 0, isConstant.count == stepStart,
      isConstant.dropLast().allSatisfy({ $0 }), isConstant.last == false
    else { return }
    let patches = function.steps[stepIndex - 1]
    let (pixels, rows) = (port.tensor, view.operands[0].index)
    guard patches.opcode == .patches, patches.operands == [pixels], patches.results == [rows],
      function.isReadOnce(pixels), function.isReadOnce(rows)
    else { return }
    let sizes = try patchSizes(
      self.view(stepIndex - 1), map: tensors[pixels], patches: tensors[rows])
    guard sizes.depth == 1, sizes.planes * 256 == sampled.table.count else { return }
    let samples = try scratch(floats: (tensors[pixels].count + 3) / 4, for: view)
    let scratch = try scratch(
      floats: ck_quantize_samples_scratch(view.match["K"], threads), for: view)
    let (levels, result, scales) = (
      UInt32(view.step.levels), view.results[0].root, view.results[1].root
    )
    emit(
      KernelCall(
        CK_QUANTIZE_SAMPLES_U8, reads: [samples], writes: [result, scales, scratch],
        constants: sampled.table
      ) { memory, table in
        ck_quantize_samples_u8_args(
          sizes: sizes, levels: levels, x: memory.u8(samples), table: table,
          result: memory.u8(result), row_scales: memory.f32(scales), scratch: memory.f32(scratch))
      })
    self.samples = (samples, tensors[pixels].count)
  }
}
