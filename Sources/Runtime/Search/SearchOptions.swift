/// How a text is searched for.
package struct SearchOptions: Sendable, Equatable {
  /// 1: the likeliest token each time; more: beam search over that many sequences.
  package var beams: Int
  /// The most tokens generated, the end token included.
  package var maximumTokens: Int
  /// Ranks finished texts by Σ log p / (generated tokens ^ penalty): 0 prefers short ones, 1 compares
  /// means.
  package var lengthPenalty: Double
  /// The token that ends a text.
  package var endID: Int
  /// Tokens that are never generated; the others' probabilities stay what they were.
  package var bannedIDs: Set<Int>

  /// - Precondition: `beams` and `maximumTokens` are at least 1.
  package init(
    beams: Int = 1, maximumTokens: Int, lengthPenalty: Double = 1, endID: Int,
    bannedIDs: Set<Int> = []
  ) {
    precondition(beams >= 1 && maximumTokens >= 1, "a search has a beam and a token")
    self.beams = beams
    self.maximumTokens = maximumTokens
    self.lengthPenalty = lengthPenalty
    self.endID = endID
    self.bannedIDs = bannedIDs
  }

  /// What a text of `count` generated tokens is ranked by.
  package func score(logProb: Double, count: Int) -> Double {
    logProb / power(Double(count), lengthPenalty)
  }
}

/// A text that a search found.
package struct Generation: Sendable, Equatable {
  /// The prompt, then what was generated, the end token included where it came.
  package var tokens: [Int]
  /// The natural logarithm of the probability of each generated token.
  package var tokenLogProbs: [Float]
  /// Their sum.
  package var logProb: Double
  /// What the search ranked by.
  package var score: Double
}
