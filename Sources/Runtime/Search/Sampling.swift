import Randomness

/// How tokens are drawn.
///
/// Of the tokens that may come, the `topK` with the greatest logits are left, lower ids first among
/// equals. Each weighs exp((logit - greatest) / temperature). Of these, the heaviest are left whose
/// weights together are at least `topP` of the sum, as few as possible. A number below the sum of what
/// is left, from ``SeededRandom``, says which one comes, in order of id.
///
/// Sums are of binary64 in order of id, and exponentials are computed by ``Distribution``: equal
/// logits and seeds give equal texts on every machine. The order of the filters is that of Hugging
/// Face's `generate`.
package struct Sampling: Sendable, Equatable {
  /// Above 0; below 1 the likelier tokens become likelier still.
  package var temperature: Float
  /// The most tokens to draw from; nil for all.
  package var topK: Int?
  /// In 0 < p ≤ 1: the least share of the weight to draw from.
  package var topP: Double
  /// Sequence i of an image draws from `SeededRandom(seed, i)`.
  package var seed: UInt64

  /// - Precondition: values in those ranges.
  package init(temperature: Float = 1, topK: Int? = nil, topP: Double = 1, seed: UInt64 = 0) {
    precondition(temperature > 0 && topP > 0 && topP <= 1 && topK ?? 1 >= 1, "values in range")
    self.temperature = temperature
    self.topK = topK
    self.topP = topP
    self.seed = seed
  }
}

extension Sampling {
  /// The tokens to draw from, in order of id, each with its weight; none where none may come.
  func candidates(
    _ distribution: Distribution, of next: NextTokens
  ) -> [(token: Int, weight: Double)] {
    let tokens =
      topK.map { distribution.best($0, of: next).sorted() } ?? distribution.tokens(of: next)
    let weights = distribution.weights(of: tokens, temperature: temperature)
    var candidates = zip(tokens, weights).map { (token: $0, weight: $1) }
    if topP == 1 { return candidates }
    let total = candidates.reduce(0) { $0 + $1.weight }
    // Tokens below this weigh less than 1 - topP together, so none of them is needed.
    let threshold = (1 - topP) * total / Double(max(candidates.count, 1))
    candidates = candidates.filter { $0.weight >= threshold }
    candidates.sort { ($1.weight, $0.token) < ($0.weight, $1.token) }
    var sum = 0.0
    let count = candidates.firstIndex { candidate in
      sum += candidate.weight
      return sum >= topP * total
    }
    return candidates.prefix((count ?? candidates.count) + 1).sorted { $0.token < $1.token }
  }

  /// A token at random, or nil where none may come.
  func draw(
    _ distribution: Distribution, of next: NextTokens, _ random: inout SeededRandom
  ) -> Int? {
    let candidates = candidates(distribution, of: next)
    let mark = random.unit() * candidates.reduce(0) { $0 + $1.weight }
    var sum = 0.0
    let drawn = candidates.first { candidate in
      sum += candidate.weight
      return sum > mark
    }
    return (drawn ?? candidates.last { $0.weight > 0 })?.token
  }
}
