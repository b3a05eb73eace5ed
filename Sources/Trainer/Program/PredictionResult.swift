/// What one validation batch, or several added up, says of a captioner.
struct PredictionResult: Equatable, Sendable {
  /// Σ of −log p over the predicted tokens.
  var lossSum: Double
  /// Predicted tokens.
  var tokenCount: Int
  /// Tokens whose most probable prediction is right.
  var rightTokens: Int
  /// Samples all of whose tokens are right: exactly those that greedy decoding reproduces.
  var exactSamples: Int
  var sampleCount: Int

  /// Nothing validated yet.
  static let empty = PredictionResult(
    lossSum: 0, tokenCount: 0, rightTokens: 0, exactSamples: 0, sampleCount: 0)

  /// The mean of −log p per token; NaN without tokens.
  var loss: Double { lossSum / Double(tokenCount) }
  var tokenAccuracy: Double { Double(rightTokens) / Double(tokenCount) }
  var exact: Double { Double(exactSamples) / Double(sampleCount) }

  static func + (a: PredictionResult, b: PredictionResult) -> PredictionResult {
    PredictionResult(
      lossSum: a.lossSum + b.lossSum, tokenCount: a.tokenCount + b.tokenCount,
      rightTokens: a.rightTokens + b.rightTokens, exactSamples: a.exactSamples + b.exactSamples,
      sampleCount: a.sampleCount + b.sampleCount)
  }
}

extension PredictionResult {
  /// Counts one batch.
  ///
  /// - Parameters:
  ///   - loss: the mean over predicted tokens.
  ///   - logits: f32[count, tokens, V].
  ///   - labels: i32[count, tokens], negative where nothing is predicted.
  ///   - shape: the batch's sizes.
  init(loss: Float, logits: UnsafeBufferPointer<Float>, labels: [Int32], shape: Batch.Shape) {
    self = .empty
    let width = logits.count / max(1, labels.count)
    sampleCount = shape.count
    for sample in 0..<shape.count {
      var isExact = true
      for position in sample * shape.tokens..<(sample + 1) * shape.tokens
      where labels[position] >= 0 {
        let row = logits[(position * width)..<((position + 1) * width)]
        var best = row.startIndex
        for index in row.indices where row[index] > row[best] { best = index }
        let isRight = best - row.startIndex == Int(labels[position])
        tokenCount += 1
        rightTokens += isRight ? 1 : 0
        isExact = isExact && isRight
      }
      exactSamples += isExact ? 1 : 0
    }
    lossSum = Double(loss) * Double(tokenCount)
  }
}
