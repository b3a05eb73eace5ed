import FoundationEssentials
import Runtime
import Testing

/// Searches against Hugging Face's `generate`, and against a slow port of the original's; what they find
/// was written by Tools/goldens/search.py.
struct SearchGoldenTests {
  struct Golden<Case: Decodable>: Decodable {
    struct Language: Decodable {
      var table: [[[Float]]]
      var cases: [Case]
    }

    var languages: [Language]

    static func load(_ name: String) throws -> Self {
      try JSONDecoder().decode(Self.self, from: goldenFile("search/\(name).json"))
    }
  }

  struct HuggingFaceCase: Decodable, CustomStringConvertible {
    var beams: Int
    var lengthPenalty: Double
    var maximumTokens: Int
    /// "true" or "never"; nil for `False`.
    var earlyStopping: String?
    var banned: [Int]?
    var classes: [[Int]]?
    var texts: [[Int]]
    /// Empty for a greedy search.
    var scores: [Double]

    var description: String {
      "\(beams) beams, penalty \(lengthPenalty), \(maximumTokens) tokens, early stopping "
        + "\(earlyStopping ?? "false"), banned \(banned ?? []), classes \(classes ?? [])"
    }

    var options: SearchOptions {
      let stopping: SearchOptions.EarlyStopping =
        switch earlyStopping {
        case "true": .always
        case "never": .never
        default: .heuristic
        }
      return SearchOptions(
        .beamSearch(stopping), beams: beams, maximumTokens: maximumTokens,
        lengthPenalty: lengthPenalty, endID: 0, bannedIDs: Set(banned ?? []),
        classes: classes.map { TokenTrie($0) })
    }
  }

  @Test(arguments: [("tables", 8), ("constraints", 4)])
  func searchesFindWhatHuggingFaceFinds(file: String, languages: Int) throws {
    let golden = try Golden<HuggingFaceCase>.load(file)
    #expect(golden.languages.count == languages)
    for (index, language) in golden.languages.enumerated() {
      let model = TableModel(language.table)
      for expected in language.cases {
        let found = try Search.run(model, images: 1, prompt: [1], options: expected.options)[0]
        #expect(found.map(\.tokens) == expected.texts, "language \(index), \(expected)")
        // They add up in binary32 and are written with five decimals.
        for (generation, score) in zip(found, expected.scores) {
          #expect(abs(generation.score - score) < 2e-5, "language \(index), \(expected)")
        }
      }
    }
  }

  @Test func everyFormOfEarlyStoppingFindsSomethingElse() throws {
    var texts: [String: [[[Int]]]] = [:]
    for language in try Golden<HuggingFaceCase>.load("tables").languages {
      for example in language.cases where example.beams == 3 && example.lengthPenalty >= 1 {
        if example.maximumTokens == 7 {
          texts[example.earlyStopping ?? "false", default: []].append(example.texts)
        }
      }
    }
    #expect(texts.count == 3 && Set(texts.values).count == 3)
  }

  struct OriginalCase: Decodable, CustomStringConvertible {
    var beams: Int
    var prompt: [Int]
    /// Tokens, prompt included.
    var maximum: Int
    var lengthPenalty: Double
    /// With the end token where it came.
    var text: [Int]
    var score: Double

    var description: String {
      "\(beams) beams, prompt \(prompt), \(maximum) tokens, penalty \(lengthPenalty)"
    }
  }

  @Test func theOriginalSearchFindsWhatTheOriginalFinds() throws {
    let golden = try Golden<OriginalCase>.load("original")
    #expect(golden.languages.count == 4)
    for (index, language) in golden.languages.enumerated() {
      let model = TableModel(language.table)
      for expected in language.cases {
        let options = SearchOptions(
          .originalBeamSearch, beams: expected.beams,
          maximumTokens: expected.maximum - expected.prompt.count,
          lengthPenalty: expected.lengthPenalty, endID: 0)
        let found = try Search.run(model, images: 1, prompt: expected.prompt, options: options)[0]
        #expect(found.map(\.tokens) == [expected.text], "language \(index), \(expected)")
        // Eight logarithms of a row's sum, each to about 1e-7.
        #expect(
          abs(found[0].score - expected.score) < 8e-7 + 1e-9, "language \(index), \(expected)")
      }
    }
  }
}

/// The bytes of a golden; `name` is below Tests/Goldens.
func goldenFile(_ name: String) throws -> Data {
  let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
  return try Data(contentsOf: folder.appending(path: "Goldens/\(name)"))
}
