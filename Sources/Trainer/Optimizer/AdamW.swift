import CKernels
import Formats
import Kernels
import Runtime

/// AdamW over all parameters in one sweep, and the gradient's norm before it.
///
///     m ← β₁m + (1 − β₁)g,  v ← β₂v + (1 − β₂)g²
///     p ← p − η(m̂ / (√v̂ + ε) + λp),   m̂ = m/(1 − β₁ᵗ), v̂ = v/(1 − β₂ᵗ)
///
/// Weight decay λ applies to matrices and tables, not to vectors (biases, layer norms), as is usual
/// for transformers, nor to tables of relative positions, as in Swin. What is frozen stays as it is.
/// Defaults of the recipe are PyTorch's but for λ 0.01 (the GIT paper's).
/// - Source: Loshchilov, Hutter 2019, algorithm 2, in PyTorch's form.
final class AdamW {
  private let buffers: ParameterBuffers
  private let options: Recipe.Optimizer
  private let threads: Int
  /// One step per run of parameters that share rate and decay.
  private let arguments: UnsafeMutableBufferPointer<ck_adamw_f32_args>
  private let steps: [ck_step]
  private let rateRatios: [Float]
  private let normArguments: UnsafeMutablePointer<ck_squared_norm_f32_args>
  private let normScratch: UnsafeMutablePointer<Double>
  private let normStep: ck_step

  /// Prepares the sweep over every parameter in `buffers`.
  ///
  /// - Parameters:
  ///   - buffers: parameters, their gradients and moments; all are read and written in place.
  ///   - options: rates, decay and clipping.
  ///   - kernels: the instruction set to run on.
  ///   - threads: threads of every sweep.
  init(
    _ buffers: ParameterBuffers, _ options: Recipe.Optimizer, kernels: KernelSet, threads: Int
  ) {
    self.buffers = buffers
    self.options = options
    self.threads = threads
    arguments = .allocate(capacity: buffers.learnt.count)
    rateRatios = buffers.learnt.map { options.group(of: $0.name).rate }
    let update = kernels.function(CK_ADAMW_F32)
    var steps: [ck_step] = []
    for (index, weight) in buffers.learnt.enumerated() {
      let start = weight.offset / 4
      let decays =
        weight.shape.count(where: { $0 > 1 }) >= 2
        && !weight.name.hasSuffix("relative_position_bias_table")
      (arguments.baseAddress.unsafelyUnwrapped + index).initialize(
        to: ck_adamw_f32_args(
          count: weight.byteCount / 4, gradient_scale: 1, learning_rate: 0,
          weight_decay: decays ? options.weightDecay : 0, beta1: options.beta1,
          beta2: options.beta2, epsilon: options.epsilon, correction1: 1, correction2: 1,
          gradient: buffers.gradients + start, parameter: buffers.values + start,
          m: buffers.firstMoments + start, v: buffers.secondMoments + start))
      steps.append(
        ck_step(
          kernel: update, args: arguments.baseAddress.unsafelyUnwrapped + index, barrier_after: 0))
    }
    self.steps = steps
    normScratch = .allocate(capacity: buffers.count / 4096 + 2)
    normArguments = .allocate(capacity: 1)
    normArguments.initialize(
      to: ck_squared_norm_f32_args(
        count: buffers.count, x: buffers.gradients, result: normScratch, scratch: normScratch + 1))
    normStep = ck_step(
      kernel: kernels.function(CK_SQUARED_NORM_F32), args: normArguments, barrier_after: 1)
  }

  deinit {
    arguments.deallocate()
    normArguments.deallocate()
    normScratch.deallocate()
  }

  /// The Euclidean norm of the whole gradient, before clipping.
  func gradientNorm() -> Float {
    withUnsafePointer(to: normStep) { ck_run($0, 1, threads, ThreadCount.default) }
    return Float(normScratch[0].squareRoot())
  }

  /// Changes the parameters by the gradients.
  ///
  /// - Parameters:
  ///   - step: 1 at the first update; corrects the moments' start from zero.
  ///   - rate: the learning rate now, before those of the groups.
  ///   - norm: what `gradientNorm` gave; gradients are scaled so that it is at most `clipNorm`.
  func update(step: Int, rate: Float, norm: Float) {
    let isClipped = options.clipNorm > 0 && norm > options.clipNorm
    let correction1 = 1 - power(options.beta1, step)
    let correction2 = 1 - power(options.beta2, step)
    for index in arguments.indices {
      arguments[index].gradient_scale = isClipped ? options.clipNorm / norm : 1
      arguments[index].learning_rate = rate * rateRatios[index]
      arguments[index].correction1 = correction1
      arguments[index].correction2 = correction2
    }
    steps.withUnsafeBufferPointer {
      ck_run($0.baseAddress.unsafelyUnwrapped, $0.count, threads, ThreadCount.default)
    }
  }

  /// baseⁿ in Double: β₂ᵗ near 1 must not lose its distance from 1.
  private func power(_ base: Float, _ exponent: Int) -> Float {
    var (result, factor, remaining) = (1.0, Double(base), exponent)
    while remaining > 0 {
      if remaining & 1 == 1 { result *= factor }
      factor *= factor
      remaining >>= 1
    }
    return Float(result)
  }
}
