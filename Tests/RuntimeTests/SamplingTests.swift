import FoundationEssentials
import Randomness
import Testing

@testable import Runtime

/// What is left of a distribution, and what is drawn from it.
struct SamplingTests {
  struct Golden: Decodable {
    struct Case: Decodable {
      var temperature: Float
      var topK: Int?
      var topP: Double
      var logits: [Float]
      /// By token; 0 for those that cannot be drawn.
      var probabilities: [Double]
    }

    var cases: [Case]
  }

  /// Languages of 5 tokens, as in `SearchTests`.
  private static func model(seed: UInt64) -> TableModel {
    var random = SeededRandom(seed)
    return TableModel(
      (0..<6).map { _ in
        (0..<5).map { _ in (0..<5).map { _ in Float(random.unit() * 6 - 3) } }
      })
  }

  private static func texts(
    _ model: TableModel, _ sampling: Sampling, count: Int = 1, images: Int = 1
  ) throws -> [[Generation]] {
    try Search.run(
      model, images: images, prompt: [1],
      options: SearchOptions(.sampling(sampling), beams: count, maximumTokens: 5, endID: 0))
  }

  @Test func filtersLeaveWhatThoseOfHuggingFaceLeave() throws {
    let golden = try JSONDecoder().decode(Golden.self, from: goldenFile("search/sampling.json"))
    #expect(golden.cases.count == 9)
    for expected in golden.cases {
      let sampling = Sampling(
        temperature: expected.temperature, topK: expected.topK, topP: expected.topP)
      let candidates = expected.logits.withUnsafeBufferPointer { logits in
        sampling.candidates(Distribution(logits), of: .any(except: []))
      }
      let total = candidates.reduce(0) { $0 + $1.weight }
      let kept = expected.probabilities.indices.filter { expected.probabilities[$0] > 0 }
      #expect(candidates.map(\.token) == kept, "\(sampling)")
      for (token, weight) in candidates {
        // Quotients of exponentials to 1e-7 each, whose arguments are rounded: logits up to 4 in
        // size, divided by the temperature; and nine decimals.
        let bound = 2e-7 + 16 * 0x1p-24 / Double(expected.temperature)
        #expect(abs(weight / total - expected.probabilities[token]) < bound + 1e-9)
      }
      #expect(abs(candidates.reduce(0) { $0 + $1.weight / total } - 1) < 1e-12)
    }
  }

  @Test func bannedTokensAndThoseOfNoProbabilityAreNoCandidates() {
    let logits: [Float] = [1, -.infinity, 3, 2]
    let tokens = logits.withUnsafeBufferPointer { logits in
      [NextTokens.any(except: [2]), .only([1, 2]), .only([1]), .any(except: [0, 2, 3])].map {
        next in
        [Sampling(), Sampling(topK: 3), Sampling(topP: 0.99)].map { sampling in
          sampling.candidates(Distribution(logits), of: next).map(\.token)
        }
      }
    }
    #expect(tokens[0] == [[0, 3], [0, 3], [0, 3]])
    #expect(tokens[1] == [[2], [2], [2]])
    #expect(tokens[2] == [[], [], []] && tokens[3] == [[], [], []])
  }

  @Test(arguments: UInt64(1)...5)
  func theLikeliestTokenAloneIsAGreedySearch(seed: UInt64) throws {
    let model = Self.model(seed: seed)
    let greedy = try Search.run(
      model, images: 2, prompt: [1], options: SearchOptions(maximumTokens: 5, endID: 0))
    for sampling in [
      Sampling(topK: 1, seed: seed), Sampling(topP: 1e-9, seed: seed),
      Sampling(temperature: 1e-30, seed: seed),
    ] {
      #expect(try Self.texts(model, sampling, images: 2) == greedy)
    }
  }

  @Test func seedsDecideEverything() throws {
    let model = Self.model(seed: 7)
    let one = try Self.texts(model, Sampling(seed: 5), count: 8)[0]
    #expect(try Self.texts(model, Sampling(seed: 5), count: 8)[0] == one)
    #expect(try Self.texts(model, Sampling(seed: 6), count: 8)[0] != one)
    // How many are drawn does not change the first ones.
    #expect(try Self.texts(model, Sampling(seed: 5), count: 3)[0] == Array(one.prefix(3)))
    #expect(Set(one.map(\.tokens)).count > 1)
  }

  @Test func severalImagesDrawWhatEachDrawsAlone() throws {
    let model = Self.model(seed: 8)
    let together = try Self.texts(model, Sampling(seed: 3), count: 4, images: 3)
    for image in 0..<3 {
      let turned = TableModel(
        model.table.map { rows in rows.indices.map { rows[($0 + image) % rows.count] } })
      #expect(try Self.texts(turned, Sampling(seed: 3), count: 4)[0] == together[image])
    }
  }

  @Test func tokensComeAsOftenAsTheyShould() throws {
    let logits: [Float] = [-50, 0.5, 1.5, -0.5, 1]
    let model = TableModel([[[Float]]](repeating: [[Float]](repeating: logits, count: 5), count: 2))
    let (count, sampling) = (4000, Sampling(temperature: 1.5, topK: 3, seed: 11))
    let options = SearchOptions(.sampling(sampling), beams: count, maximumTokens: 1, endID: 0)
    let drawn = try Search.run(model, images: 1, prompt: [1], options: options)[0].map(\.tokens[1])
    let weights = [1: 0.5, 2: 1.5, 4: 1].mapValues { exponential($0 / 1.5) }
    let total = weights.values.reduce(0, +)
    #expect(Set(drawn) == Set(weights.keys))
    let chiSquare = weights.reduce(0.0) { sum, entry in
      let expected = Double(count) * entry.value / total
      let found = Double(drawn.count { $0 == entry.key })
      return sum + (found - expected) * (found - expected) / expected
    }
    // Two degrees of freedom: right draws exceed this once in a million seeds.
    #expect(chiSquare < 27.6)
  }

  @Test func whatIsToldIsWhatTheModelSaysOfIt() throws {
    let model = Self.model(seed: 9)
    for text in try Self.texts(model, Sampling(temperature: 3, seed: 1), count: 6)[0] {
      var sum = 0.0
      for (index, logProb) in text.tokenLogProbs.enumerated() {
        let before = Array(text.tokens.prefix(index + 1))
        let expected = model.logProb(of: text.tokens[index + 1], after: before, image: 0)
        #expect(abs(Double(logProb) - expected) < 1e-6)
        sum += expected
      }
      #expect(abs(text.logProb - sum) < 1e-6)
      #expect(abs(text.score - sum / Double(text.tokenLogProbs.count)) < 1e-6)
    }
  }
}
