import Glibc

extension Recipe.Optimizer {
  /// The learning rate of step `step` (the first is 1) of `steps`.
  ///
  /// Linear from 0 to the peak over the warm-up, then half a cosine from the peak to
  /// `finalRatio` times the peak at the last step.
  /// - Source: Loshchilov, Hutter 2017, eq. 5, without restarts.
  package func rate(step: Int, of steps: Int) -> Float {
    precondition(step >= 1 && step <= steps, "step \(step) of \(steps)")
    if step <= warmupSteps { return learningRate * Float(step) / Float(warmupSteps) }
    let progress = Double(step - warmupSteps) / Double(max(1, steps - warmupSteps))
    let cosine = 0.5 * (1 + cos(Double.pi * progress))
    return learningRate * (finalRatio + (1 - finalRatio) * Float(cosine))
  }
}
