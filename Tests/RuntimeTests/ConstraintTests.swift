import Diagnostics
import Randomness
import Runtime
import Testing

/// Searches that may not say everything.
struct ConstraintTests {
  private static func model(seed: UInt64, positions: Int = 8, tokens: Int = 6) -> TableModel {
    var random = SeededRandom(seed)
    return TableModel(
      (0..<positions).map { _ in
        (0..<tokens).map { _ in (0..<tokens).map { _ in Float(random.unit() * 6 - 3) } }
      })
  }

  private static let methods: [(SearchOptions.Method, Int)] = [
    (.beamSearch(.heuristic), 1), (.beamSearch(.heuristic), 3), (.originalBeamSearch, 3),
    (.sampling(Sampling(seed: 4)), 3),
  ]

  private static func contains(_ text: [Int], _ word: [Int]) -> Bool {
    text.indices.contains { text[$0...].starts(with: word) }
  }

  // MARK: Banned words

  @Test(arguments: UInt64(1)...6, 0..<4)
  func bannedWordsDoNotCome(seed: UInt64, method: Int) throws {
    let model = Self.model(seed: seed)
    let (kind, beams) = Self.methods[method]
    var options = SearchOptions(kind, beams: beams, maximumTokens: 7, endID: 0)
    let free = try Search.run(model, images: 2, prompt: [1], options: options)
    let favourite = free[0][0].tokens.dropFirst()
    guard favourite.count > 2 else { return }
    let word = Array(favourite.dropFirst().prefix(2))
    options.bannedWords = [word]
    let found = try Search.run(model, images: 2, prompt: [1], options: options)
    for text in found.joined() {
      #expect(!Self.contains(Array(text.tokens.dropFirst()), word), "\(text.tokens) has \(word)")
    }
    // Bans change nothing where nothing is banned.
    options.bannedWords = [[5, 5, 5, 5, 5, 5]]
    #expect(try Search.run(model, images: 2, prompt: [1], options: options) == free)
  }

  @Test(arguments: UInt64(1)...6)
  func aGreedyTextGoesOnWhereTheBannedWordBegan(seed: UInt64) throws {
    let model = Self.model(seed: seed)
    var options = SearchOptions(maximumTokens: 7, endID: 0)
    let free = try Search.run(model, images: 1, prompt: [1], options: options)[0][0].tokens
    guard free.count > 4 else { return }
    options.bannedWords = [Array(free[2...3])]
    let found = try Search.run(model, images: 1, prompt: [1], options: options)[0][0].tokens
    let start = free.indices.dropFirst().first { free[$0...].starts(with: free[2...3]) } ?? 0
    #expect(found.starts(with: free[..<start]))
    // The next best token instead of the word's first one.
    let logits = model.logits(after: Array(free[..<start]), image: 0)
    let second = logits.indices.filter { $0 != free[start] }.max { logits[$0] < logits[$1] }
    #expect(found[start] == second)
  }

  @Test func wordsThatTheModelSaysAllTheTimeDoNotComeEither() throws {
    // After any token but 1 comes 1, after 1 comes 2; ending is all but impossible.
    let rows: [[Float]] = [[-50, 9, 1, 0], [-50, 0, 9, 1], [-50, 9, 1, 0], [-50, 9, 1, 0]]
    let model = TableModel([[[Float]]](repeating: rows, count: 100))
    for beams in [1, 2] {
      let options = SearchOptions(
        beams: beams, maximumTokens: 99, endID: 0, bannedWords: [[1, 2], [1, 3]])
      let found = try Search.run(model, images: 1, prompt: [1], options: options)[0]
      for text in found {
        let generated = Array(text.tokens.dropFirst())
        #expect(generated.count == 99)
        #expect(!Self.contains(generated, [1, 2]) && !Self.contains(generated, [1, 3]))
      }
    }
  }

  @Test(arguments: UInt64(1)...10)
  func whatAnImageSaysDoesNotDependOnTheBansOfAnother(seed: UInt64) throws {
    // Image 0 says 3 1 3 1 … however often that is refused; image 1 reads the row after and says
    // anything.
    let flat: [Float] = [1, 2, 2, 1, 1, 1, 1, 1]
    var rows = [[Float]](repeating: flat, count: 8)
    rows[1] = [-50, 0, 0, 20, 10, 0, 0, 0]
    for row in [3, 4] { rows[row] = [-50, 20, 0, 0, 0, 0, 0, 0] }
    let options = SearchOptions(
      .sampling(Sampling(seed: seed)), beams: 1, maximumTokens: 99, endID: 0,
      bannedWords: [[3, 1], [1, 2]])
    func found(_ rows: [[Float]], images: Int) throws -> [[Generation]] {
      let model = TableModel([[[Float]]](repeating: rows, count: 100))
      return try Search.run(model, images: images, prompt: [1], options: options)
    }
    let together = try found(rows, images: 2)
    // Longer than there are restarts.
    #expect(together[0][0].tokens.count > 64)
    #expect(try together[1] == found(Array(rows[1...] + rows[..<1]), images: 1)[0])
  }

  @Test(arguments: 0..<4)
  func nothingLeftToSayIsAUsageError(method: Int) {
    let (kind, beams) = Self.methods[method]
    let options = SearchOptions(
      kind, beams: beams, maximumTokens: 3, endID: 0, bannedIDs: Set(0..<6))
    let error = #expect(throws: InputError.self) {
      try Search.run(Self.model(seed: 1), images: 1, prompt: [1], options: options)
    }
    #expect(error?.kind == .usage && error?.place == "the banned words")
  }

  // MARK: Classes

  private static let classes = [
    [3, 0], [5, 5, 0], [4, 1, 0], [2, 0], [4, 5, 4, 0], [4, 5, 0], [1, 0],
  ]

  @Test(arguments: UInt64(1)...6, 0..<4)
  func whatComesIsAClass(seed: UInt64, method: Int) throws {
    let (kind, beams) = Self.methods[method]
    let options = SearchOptions(
      kind, beams: beams, maximumTokens: 7, endID: 0, classes: TokenTrie(Self.classes))
    let found = try Search.run(Self.model(seed: seed), images: 2, prompt: [1], options: options)
    for text in found.joined() {
      #expect(Self.classes.contains(Array(text.tokens.dropFirst())))
      #expect((0...1).contains(text.share ?? -1))
    }
  }

  @Test(arguments: UInt64(1)...6)
  func beamsEnoughFindAllClassesAndTheirSharesAreOne(seed: UInt64) throws {
    let model = Self.model(seed: seed)
    let options = SearchOptions(
      beams: 7, maximumTokens: 7, lengthPenalty: 0, endID: 0, classes: TokenTrie(Self.classes))
    let found = try Search.run(model, images: 1, prompt: [1], options: options)[0]
    #expect(Set(found.map { Array($0.tokens.dropFirst()) }) == Set(Self.classes))
    // Four tokens, each probability to about 1e-7.
    #expect(abs(found.reduce(0) { $0 + ($1.share ?? 0) } - 1) < 4e-7)
    for text in found {
      let sum = (1..<text.tokens.count).reduce(0.0) { sum, index in
        sum
          + model.logProb(of: text.tokens[index], after: Array(text.tokens[..<index]), image: 0)
      }
      #expect(abs(text.score - sum) < 1e-6, "without a penalty, the log-probability")
    }
    #expect(found.map(\.score) == found.map(\.score).sorted(by: >))
  }

  @Test func aShareIsHowOftenSamplingChoosesAClass() throws {
    let model = Self.model(seed: 2)
    var options = SearchOptions(
      beams: 7, maximumTokens: 7, lengthPenalty: 0, endID: 0, classes: TokenTrie(Self.classes))
    let found = try Search.run(model, images: 1, prompt: [1], options: options)[0]
    options.method = .sampling(Sampling(seed: 1))
    options.beams = 4000
    let drawn = try Search.run(model, images: 1, prompt: [1], options: options)[0]
    let chiSquare = found.reduce(0.0) { sum, text in
      let expected = 4000 * (text.share ?? 0)
      let count = Double(drawn.count { $0.tokens == text.tokens })
      return sum + (count - expected) * (count - expected) / expected
    }
    // Six degrees of freedom: right draws exceed this once in a million seeds.
    #expect(chiSquare < 38.3)
  }

  @Test(arguments: UInt64(1)...6)
  func aGreedySearchTakesTheLikeliestAllowedTokenEachTime(seed: UInt64) throws {
    let model = Self.model(seed: seed)
    let options = SearchOptions(maximumTokens: 7, endID: 0, classes: TokenTrie(Self.classes))
    let found = try Search.run(model, images: 1, prompt: [1], options: options)[0][0]
    var text: [Int] = []
    while text.last != 0 {
      let logits = model.logits(after: [1] + text, image: 0)
      let next = Set(Self.classes.filter { $0.starts(with: text) }.map { $0[text.count] })
      text.append(try #require(next.max { logits[$0] < logits[$1] }))
    }
    #expect(found.tokens == [1] + text)
  }

  @Test func classesThatDoNotFitAreNotBegun() throws {
    let model = Self.model(seed: 2)
    for limit in 2...3 {
      let options = SearchOptions(
        beams: 7, maximumTokens: limit, lengthPenalty: 0, endID: 0,
        classes: TokenTrie(Self.classes))
      let found = try Search.run(model, images: 1, prompt: [1], options: options)[0]
      let fitting = Self.classes.filter { $0.count <= limit }
      #expect(Set(found.map { Array($0.tokens.dropFirst()) }) == Set(fitting))
      #expect(abs(found.reduce(0) { $0 + ($1.share ?? 0) } - 1) < 4e-7)
    }
    let options = SearchOptions(maximumTokens: 1, endID: 0, classes: TokenTrie(Self.classes))
    let error = #expect(throws: InputError.self) {
      try Search.run(model, images: 1, prompt: [1], options: options)
    }
    #expect(error?.kind == .usage && error?.what == "no class fits")
  }

  @Test func aTrieKnowsItsSequences() {
    let trie = TokenTrie(Self.classes + [[3, 0]])
    for (index, sequence) in Self.classes.enumerated() {
      #expect(trie.index(of: sequence) == index)
    }
    for other in [[], [4], [4, 5], [3, 0, 0], [9]] { #expect(trie.index(of: other) == nil) }
    #expect(trie.shortest == 2)
    #expect(trie.next(after: [], limit: 9) == [1, 2, 3, 4, 5])
    #expect(trie.next(after: [4, 5], limit: 9) == [0, 4])
    #expect(trie.next(after: [4, 5], limit: 3) == [0])
    #expect(trie.next(after: [4, 5, 4, 0], limit: 9).isEmpty)
    #expect(trie.next(after: [7], limit: 9).isEmpty)
  }

  // MARK: Progress

  @Test(arguments: 0..<4)
  func progressEndsWithWhatIsFound(method: Int) throws {
    let (kind, beams) = Self.methods[method]
    let options = SearchOptions(kind, beams: beams, maximumTokens: 6, endID: 0)
    var told: [[[Int]]] = [[], []]
    let found = try Search.run(Self.model(seed: 3), images: 2, prompt: [1], options: options) {
      image, text in told[image].append(text)
    }
    for image in 0..<2 {
      #expect(told[image].last == Array(found[image][0].tokens.dropFirst()))
      #expect(told[image].first?.count == 1)
      if beams == 1 {
        for (shorter, longer) in zip(told[image], told[image].dropFirst()) {
          #expect(longer.starts(with: shorter))
        }
      }
    }
  }
}
