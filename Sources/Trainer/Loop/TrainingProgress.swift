package import Diagnostics

/// What a training run tells whoever watches it.
package enum TrainingProgress: Sendable {
  /// A step is done.
  case step(TrainingStep)
  /// A validation is done: one entry per validation source, by path.
  case validation(step: Int, results: [(source: String, metrics: ValidationMetrics)])
  /// A state to resume from was saved here.
  case saved(step: Int, path: String)
  /// A sample could not be read and another took its place.
  case skipped(step: Int, problem: InputError)
}

/// One line of the training log.
package struct TrainingStep: Sendable, Equatable {
  package var step: Int
  package var steps: Int
  package var loss: Float
  package var learningRate: Float
  package var gradientNorm: Float
  /// Images or clips per second, over the last steps.
  package var samplesPerSecond: Double
  /// Seconds until the last step at this speed.
  package var secondsLeft: Double
}

/// What validation measures; every number is over the rows that were read.
package struct ValidationMetrics: Sendable, Equatable {
  /// Mean −log p per token, without smoothing.
  package var loss: Double
  /// Share of tokens predicted right, given the right text before them.
  package var tokenAccuracy: Double
  /// Share of texts that greedy decoding gives exactly.
  package var exact: Double
  package var samples: Int

  init(_ result: ValidationResult) {
    loss = result.loss
    tokenAccuracy = result.tokenAccuracy
    exact = result.exact
    samples = result.sampleCount
  }
}
