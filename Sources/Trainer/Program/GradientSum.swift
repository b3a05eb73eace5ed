import CKernels
import Kernels
import Runtime

/// The gradient of a batch that is worked through in parts: the sum of theirs, each by its share of
/// the tokens that are learnt.
///
/// A mean over all tokens of a batch is the mean of the parts' means by their shares of tokens, and so
/// are its derivatives.
final class GradientSum {
  /// Where a part's gradient is to be, laid out as the sum.
  let part: UnsafeMutablePointer<Float>
  private let arguments: UnsafeMutablePointer<ck_weighted_sum_f32_args>
  private let step: ck_step
  private let threads: Int

  /// A sum that lies in the gradients of `buffers`.
  init(_ buffers: ParameterBuffers, kernels: KernelSet, threads: Int) {
    self.threads = threads
    part = ParameterBuffers.zeros(buffers.count)
    arguments = .allocate(capacity: 1)
    arguments.initialize(
      to: ck_weighted_sum_f32_args(
        count: buffers.count, factor: 0, adds: 0, x: part, sum: buffers.gradients))
    step = ck_step(
      kernel: kernels.function(CK_WEIGHTED_SUM_F32), args: arguments, barrier_after: 0)
  }

  deinit {
    arguments.deallocate()
    part.deallocate()
  }

  /// Adds `share` of the part's gradient, to nothing where it `starts` the sum.
  func add(_ share: Float, starts: Bool) {
    arguments.pointee.factor = share
    arguments.pointee.adds = starts ? 0 : 1
    withUnsafePointer(to: step) { ck_run($0, 1, threads, ThreadCount.default) }
  }
}
