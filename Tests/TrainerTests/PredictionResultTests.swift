import Testing

@testable import Trainer

@Suite("A validation result of captions") struct PredictionResultTests {
  private func result(_ logits: [[Float]], labels: [Int32], tokens: Int) -> PredictionResult {
    logits.flatMap { $0 }.withUnsafeBufferPointer {
      PredictionResult(
        loss: 0.5, logits: $0, labels: labels,
        shape: .init(count: labels.count / tokens, frames: 1, tokens: tokens))
    }
  }

  @Test("counts right tokens, and samples all of whose tokens are right")
  func counts() {
    let (zero, one, two): ([Float], [Float], [Float]) = ([5, 1, 2], [-3, -1, -2], [0, 0, 0.1])
    let result = result(
      [
        one, two, zero,  // all right
        one, zero, two,  // the second wrong
        two, one, one,  // right where it counts
        zero, zero, one,  // nothing counts
      ], labels: [1, 2, 0, 1, 1, 2, -1, 1, -1, -1, -1, -1], tokens: 3)
    #expect(result.sampleCount == 4)
    #expect(result.tokenCount == 7)
    #expect(result.rightTokens == 6)
    #expect(result.exactSamples == 3)
    #expect(result.lossSum == 3.5)
    #expect(result.tokenAccuracy == 6.0 / 7)
    #expect(result.exact == 0.75)
  }

  @Test("takes the first of equal logits, as greedy decoding does")
  func ties() {
    #expect(result([[1, 1]], labels: [0], tokens: 1).exact == 1)
    #expect(result([[1, 1]], labels: [1], tokens: 1).exact == 0)
  }

  @Test("adds up over batches, weighing the loss by tokens")
  func sum() {
    let one = result([[1, 0]], labels: [0], tokens: 1)
    var three = result([[1, 0], [1, 0], [1, 0]], labels: [0, 1, 0], tokens: 3)
    three.lossSum = 6
    let sum = .empty + one + three
    #expect(sum.loss == 6.5 / 4)
    #expect(sum.tokenAccuracy == 0.75)
    #expect(sum.exact == 0.5)
    #expect(PredictionResult.empty.loss.isNaN)
  }
}
