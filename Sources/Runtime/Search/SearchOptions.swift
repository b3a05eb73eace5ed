/// How a text is searched for.
package struct SearchOptions: Sendable, Equatable {
  /// What is done with several continuations of a text.
  package enum Method: Sendable, Equatable {
    /// Hugging Face's beam search; with one beam, the likeliest token each time.
    case beamSearch(EarlyStopping)
    /// The original repository's beam search; see ``OriginalBeamRule``.
    case originalBeamSearch
    /// Tokens are drawn at random; each of the sequences is a text of its own.
    case sampling(Sampling)
  }

  /// When Hugging Face's beam search is done with an image that has as many finished texts as beams.
  package enum EarlyStopping: Sendable, Equatable {
    /// `False`: when the likeliest unfinished text, scored at its present length, is no better than
    /// the worst finished one.
    case heuristic
    /// `True`: at once.
    case always
    /// `"never"`: as `False`, but scored at the greatest length where that makes a score better.
    case never
  }

  package var method: Method
  /// Sequences followed at once for each image: beams, or texts drawn.
  package var beams: Int
  /// The most tokens generated, the end token included.
  package var maximumTokens: Int
  /// Ranks finished texts by Σ log p / (generated tokens ^ penalty): 0 prefers short ones, 1 compares
  /// means.
  ///
  /// The original beam search has another form.
  package var lengthPenalty: Double
  /// The token that ends a text.
  package var endID: Int
  /// Tokens that are never generated; the others' probabilities stay what they were.
  package var bannedIDs: Set<Int>
  /// Sequences of two tokens or more that no generated text contains.
  package var bannedWords: [[Int]]
  /// The only texts that may be generated, each with its end token; nil for any text.
  package var classes: TokenTrie?

  /// - Precondition: `beams` and `maximumTokens` are at least 1.
  package init(
    _ method: Method = .beamSearch(.heuristic), beams: Int = 1, maximumTokens: Int,
    lengthPenalty: Double = 1, endID: Int, bannedIDs: Set<Int> = [], bannedWords: [[Int]] = [],
    classes: TokenTrie? = nil
  ) {
    precondition(beams >= 1 && maximumTokens >= 1, "a search has a beam and a token")
    precondition(bannedWords.allSatisfy { $0.count > 1 }, "a word of one token is a banned ID")
    self.method = method
    self.beams = beams
    self.maximumTokens = maximumTokens
    self.lengthPenalty = lengthPenalty
    self.endID = endID
    self.bannedIDs = bannedIDs
    self.bannedWords = bannedWords
    self.classes = classes
  }

  /// What a text of `count` generated tokens is ranked by, but in the original beam search.
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
  /// With classes, how often sampling would choose this one; else nil.
  ///
  /// It is Π p(token) / p(any token that some class goes on with); the shares of all classes that fit
  /// add up to 1.
  package var share: Double?
}
