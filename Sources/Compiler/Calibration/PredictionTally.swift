#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// How well a model predicts tokens, and how far its predictions are from another's.
package struct PredictionTally: Sendable {
  private var rightLossSum = 0.0
  private var lossSum = 0.0
  private var divergenceSum = 0.0
  /// Of the squares of what each token's loss grows by.
  private var squareSum = 0.0
  /// Tokens predicted so far.
  package private(set) var tokens = 0
  /// The largest divergence of one token.
  package private(set) var maximumDivergence = 0.0

  /// Nothing predicted yet.
  package init() {}

  /// The mean of −log p per token of the model that is right by definition, in nats; 0 before the first.
  package var rightLoss: Double { mean(rightLossSum) }
  /// The same of the other.
  package var loss: Double { mean(lossSum) }
  /// The mean of Σ p · (log p − log q) per token, in nats; 0 before the first.
  package var divergence: Double { mean(divergenceSum) }
  /// By how much of itself the loss has changed; 0 where it is 0.
  package var lossChange: Double { rightLoss > 0 ? (loss - rightLoss) / rightLoss : 0 }

  /// Two standard errors of the change, as a share of the right loss: what chance alone may make of
  /// predictions that are as good, on so few tokens, taken as independent; 0 before the second.
  package var lossUncertainty: Double {
    guard tokens > 1, rightLoss > 0 else { return 0 }
    let change = loss - rightLoss
    let variance = max(0, squareSum / Double(tokens) - change * change)
    return 2 * (variance / Double(tokens - 1)).squareRoot() / rightLoss
  }

  private func mean(_ sum: Double) -> Double { tokens == 0 ? 0 : sum / Double(tokens) }

  /// Adds predictions.
  ///
  /// - Parameters:
  ///   - right: f32[rows, V], scores before softmax, of the model that is right.
  ///   - found: the other's.
  ///   - labels: the token that each row predicts.
  package mutating func add(_ right: [Float], _ found: [Float], labels: some Collection<Int32>) {
    if labels.isEmpty { return }
    precondition(right.count == found.count, "equal rows")
    let rows = labels.count
    precondition(!right.isEmpty && right.count % rows == 0, "a row of scores per label")
    let width = right.count / rows
    for (row, label) in labels.enumerated() {
      let p = Self.logSoftmax(right[row * width..<(row + 1) * width])
      let q = Self.logSoftmax(found[row * width..<(row + 1) * width])
      let divergence = zip(p, q).reduce(0) { $0 + exp($1.0) * ($1.0 - $1.1) }
      divergenceSum += divergence
      maximumDivergence = max(maximumDivergence, divergence)
      let growth = p[Int(label)] - q[Int(label)]
      squareSum += growth * growth
      rightLossSum -= p[Int(label)]
      lossSum -= q[Int(label)]
      tokens += 1
    }
  }

  private static func logSoftmax(_ scores: ArraySlice<Float>) -> [Double] {
    let largest = Double(scores.max() ?? 0)
    let total = scores.reduce(0) { $0 + exp(Double($1) - largest) }
    return scores.map { Double($0) - largest - log(total) }
  }
}
