import FoundationEssentials
import Runtime
import Testing

/// Searches against HuggingFace's `generate`; Tools/goldens/search.py wrote what it finds.
struct SearchGoldenTests {
  struct Golden: Decodable {
    struct Language: Decodable {
      var table: [[[Float]]]
      var cases: [Case]
    }

    struct Case: Decodable, CustomStringConvertible {
      var beams: Int
      var lengthPenalty: Double
      var maximumTokens: Int
      var texts: [[Int]]
      /// Empty for a greedy search.
      var scores: [Double]

      var description: String {
        "\(beams) beams, penalty \(lengthPenalty), \(maximumTokens) tokens"
      }
    }

    var languages: [Language]

    static func load() throws -> Golden {
      let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      let file = folder.appending(path: "Goldens/search/tables.json")
      return try JSONDecoder().decode(Golden.self, from: Data(contentsOf: file))
    }
  }

  @Test func searchesFindWhatHuggingFaceFinds() throws {
    let golden = try Golden.load()
    #expect(golden.languages.count == 8)
    for (index, language) in golden.languages.enumerated() {
      let model = TableModel(language.table)
      for expected in language.cases {
        let options = SearchOptions(
          beams: expected.beams, maximumTokens: expected.maximumTokens,
          lengthPenalty: expected.lengthPenalty, endID: 0)
        let found = try Search.run(model, images: 1, prompt: [1], options: options)[0]
        #expect(found.map(\.tokens) == expected.texts, "language \(index), \(expected)")
        // They add up in binary32 and are written with five decimals.
        for (generation, score) in zip(found, expected.scores) {
          #expect(abs(generation.score - score) < 2e-5, "language \(index), \(expected)")
        }
      }
    }
  }
}
