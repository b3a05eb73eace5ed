/// What one validation batch, or several added up, says of the model, by what it learns.
enum ValidationResult: Equatable, Sendable {
  case prediction(PredictionResult)
  case retrieval(RetrievalResult)

  /// Adds a batch of the same model.
  mutating func add(_ other: ValidationResult) {
    switch (self, other) {
    case (.prediction(let sum), .prediction(let more)): self = .prediction(sum + more)
    case (.retrieval(let sum), .retrieval(let more)): self = .retrieval(sum + more)
    default: preconditionFailure("batches of two objectives")
    }
  }

  /// What is told of it.
  var metrics: ValidationMetrics {
    switch self {
    case .prediction(let result):
      ValidationMetrics(
        loss: result.loss,
        shares: [.init("exact", result.exact), .init("token_accuracy", result.tokenAccuracy)],
        samples: result.sampleCount)
    case .retrieval(let result): result.metrics
    }
  }
}
