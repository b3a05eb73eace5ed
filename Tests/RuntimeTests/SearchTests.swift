import Diagnostics
import Randomness
import Runtime
import Testing

/// Greedy and beam search on languages small enough to look at whole.
struct SearchTests {
  /// Random logits by position, last token and next token.
  private static func model(seed: UInt64, positions: Int = 6, tokens: Int = 5) -> TableModel {
    var random = SeededRandom(seed)
    return TableModel(
      (0..<positions).map { _ in
        (0..<tokens).map { _ in (0..<tokens).map { _ in Float(random.unit() * 6 - 3) } }
      })
  }

  /// Every text with its log-probability that ends, or has `limit` tokens.
  private static func allTexts(
    _ model: TableModel, prompt: [Int], limit: Int, image: Int
  ) -> [(tokens: [Int], logProb: Double)] {
    var open: [(tokens: [Int], logProb: Double)] = [(prompt, 0)]
    var texts: [(tokens: [Int], logProb: Double)] = []
    for _ in 0..<limit {
      var next: [(tokens: [Int], logProb: Double)] = []
      for text in open {
        for token in 0..<model.vocabularyCount {
          let logProb =
            text.logProb + model.logProb(of: token, after: text.tokens, image: image)
          let longer = (tokens: text.tokens + [token], logProb: logProb)
          if token == 0 { texts.append(longer) } else { next.append(longer) }
        }
      }
      open = next
    }
    return texts + open
  }

  @Test(arguments: [UInt64(1), 2, 3], [0.0, 1.0])
  func asManyBeamsAsTextsFindTheBestOnes(seed: UInt64, penalty: Double) throws {
    let model = Self.model(seed: seed, positions: 5, tokens: 4)
    // Four tokens, three positions: 3 · 3 · 4 texts at most are open or finished at once.
    let options = SearchOptions(
      beams: 60, maximumTokens: 3, lengthPenalty: penalty, endID: 0)
    let found = try Search.run(model, images: 2, prompt: [1, 2], options: options)
    for image in 0..<2 {
      let texts = Self.allTexts(model, prompt: [1, 2], limit: 3, image: image)
      let ranked = texts.map { text in
        (text.tokens, options.score(logProb: text.logProb, count: text.tokens.count - 2))
      }.sorted { $0.1 > $1.1 }
      #expect(found[image].count == ranked.count)
      for (generation, expected) in zip(found[image], ranked) {
        #expect(generation.tokens == expected.0)
        // Logarithms of a row's probabilities to about 1e-7 each, three of them.
        #expect(abs(generation.score - expected.1) < 1e-6)
      }
    }
  }

  @Test(arguments: UInt64(1)...6)
  func greedySearchTakesTheLikeliestTokenEachTime(seed: UInt64) throws {
    let model = Self.model(seed: seed)
    let options = SearchOptions(maximumTokens: 5, endID: 0)
    let found = try Search.run(model, images: 3, prompt: [2], options: options)
    for image in 0..<3 {
      var tokens = [2]
      var logProbs: [Double] = []
      while tokens.count < 6, tokens.count == 1 || tokens.last != 0 {
        let logits = model.logits(after: tokens, image: image)
        let next = logits.indices.max { (logits[$0], -$0) < (logits[$1], -$1) } ?? 0
        logProbs.append(model.logProb(of: next, after: tokens, image: image))
        tokens.append(next)
      }
      let generation = try #require(found[image].first)
      #expect(found[image].count == 1)
      #expect(generation.tokens == tokens)
      #expect(generation.tokenLogProbs.count == logProbs.count)
      for (a, b) in zip(generation.tokenLogProbs, logProbs) { #expect(abs(Double(a) - b) < 1e-6) }
      #expect(abs(generation.logProb - logProbs.reduce(0, +)) < 1e-6)
      #expect(
        abs(generation.score - generation.logProb / Double(logProbs.count)) < 1e-12)
    }
  }

  @Test func severalImagesFindWhatEachFindsAlone() throws {
    let model = Self.model(seed: 9)
    let options = SearchOptions(beams: 3, maximumTokens: 5, endID: 0)
    let together = try Search.run(model, images: 3, prompt: [1], options: options)
    for image in 0..<3 {
      // The same language with its rows turned, so that image 0 is this image.
      let turned = TableModel(
        model.table.map { rows in rows.indices.map { rows[($0 + image) % rows.count] } })
      let alone = try Search.run(turned, images: 1, prompt: [1], options: options)
      #expect(together[image] == alone[0])
    }
  }

  @Test func equalLogitsGiveTheLowerTokenFirst() throws {
    let model = TableModel(
      [[[Float]]](
        repeating: [[Float]](repeating: [-9, 1, 1, 1], count: 4), count: 4))
    let greedy = try Search.run(
      model, images: 1, prompt: [3], options: SearchOptions(maximumTokens: 3, endID: 0))
    #expect(greedy[0][0].tokens == [3, 1, 1, 1])
    let beams = try Search.run(
      model, images: 1, prompt: [3], options: SearchOptions(beams: 2, maximumTokens: 2, endID: 0))
    #expect(beams[0].map(\.tokens) == [[3, 1, 1], [3, 2, 1]])
  }

  @Test(arguments: [1, 3])
  func aSearchStopsAtTheModelsLength(beams: Int) throws {
    // Ending is all but impossible.
    let rows = [[Float]](repeating: [-50, 0.5, 0.25], count: 3)
    let model = TableModel([[[Float]]](repeating: rows, count: 4))
    let options = SearchOptions(beams: beams, maximumTokens: 99, endID: 0)
    let found = try Search.run(model, images: 1, prompt: [1, 2], options: options)
    #expect(found[0][0].tokens.count == 4)
    #expect(throws: InputError.self) {
      try Search.run(model, images: 1, prompt: [1, 2, 1, 2], options: options)
    }
  }

  @Test(arguments: [1, 2])
  func bannedTokensDoNotCome(beams: Int) throws {
    let model = Self.model(seed: 4)
    var options = SearchOptions(beams: beams, maximumTokens: 5, endID: 0)
    let free = try Search.run(model, images: 1, prompt: [1], options: options)[0][0]
    let favourite = try #require(free.tokens.dropFirst().first)
    options.bannedIDs = [favourite]
    let found = try Search.run(model, images: 1, prompt: [1], options: options)[0]
    for generation in found { #expect(!generation.tokens.dropFirst().contains(favourite)) }
  }

  @Test(arguments: [Float.nan, .infinity, -.infinity], [1, 2])
  func logitsThatAreNoDistributionAreRefused(value: Float, beams: Int) {
    var row = [Float](repeating: value, count: 4)
    if value.isNaN { row = [0, 1, value, 0] }
    let model = TableModel([[[Float]]](repeating: [[Float]](repeating: row, count: 4), count: 3))
    let error = #expect(throws: InputError.self) {
      try Search.run(
        model, images: 1, prompt: [1],
        options: SearchOptions(beams: beams, maximumTokens: 2, endID: 0))
    }
    #expect(error?.kind == .badData)
  }
}
