package import Diagnostics

/// What a training run tells whoever watches it.
///
/// Steps count from 1 through all stages.
package enum TrainingProgress: Sendable {
  /// A stage begins, or goes on at its step `firstStep`; told of recipes with several.
  case stage(name: String, firstStep: Int, lastStep: Int, start: InitialParameters?)
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
  /// A part of all that is right, from 0 to 1.
  package struct Share: Sendable, Equatable {
    /// As in the log.
    package var name: String
    package var value: Double

    init(_ name: String, _ value: Double) { (self.name, self.value) = (name, value) }
  }

  /// Of captions the mean −log p per token, without smoothing; of pairs the mean of their batches.
  package var loss: Double
  /// Of captions `exact`, texts that greedy decoding gives exactly, and `token_accuracy`, tokens
  /// predicted right given the right text before them; of pairs `text_of_image`, images whose nearest
  /// text is theirs, and `image_of_text`.
  package var shares: [Share]
  package var samples: Int
}
