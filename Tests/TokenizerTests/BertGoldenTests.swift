import FoundationEssentials
import Testing
import Tokenizer

/// Files of the repository that the tests read.
enum Fixtures {
  static let root = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()
  /// bert-base-uncased's vocabulary, where a checkout has it beside the package.
  static let bertVocabulary =
    root.deletingLastPathComponent()
    .appending(path: "shared/data/bert-base-uncased/vocab.txt").path
  static let hasBERT = FileManager.default.fileExists(atPath: bertVocabulary)

  /// Lines that Tools/goldens/tokenizer.py --bulk wrote, named by hand.
  static let bulkLines = ProcessInfo.processInfo.environment["GITC_TOKENIZER_LINES"]

  static func golden(_ name: String) -> URL {
    root.appending(path: "Tests/Goldens/tokenizer").appending(path: name)
  }
}

@Suite("What BertTokenizer makes of the same texts (Tools/goldens/tokenizer.py)")
struct BertGoldenTests {
  private struct Line: Decodable {
    let text: String
    let ids: [Int]
    let decoded: String
  }

  private func lines(_ file: URL = Fixtures.golden("lines.jsonl")) throws -> [Line] {
    let data = try Data(contentsOf: file)
    return try data.split(separator: UInt8(ascii: "\n")).map {
      try JSONDecoder().decode(Line.self, from: Data($0))
    }
  }

  private func tokenizer() throws -> WordPieceTokenizer {
    WordPieceTokenizer(
      vocabulary: try Vocabulary(contentsOf: Fixtures.golden("vocab.txt").path))
  }

  @Test("Every golden line encodes to the same ids")
  func encodes() throws {
    let lines = try lines()
    let tokenizer = try tokenizer()
    #expect(lines.count == 260)
    for line in lines {
      #expect(tokenizer.encode(line.text) == line.ids, "text \(line.text.debugDescription)")
    }
  }

  @Test("Every golden line decodes to the same text, byte for byte")
  func decodes() throws {
    let tokenizer = try tokenizer()
    let vocabulary = tokenizer.vocabulary
    for line in try lines() {
      let text = tokenizer.decode([vocabulary.startID] + line.ids + [vocabulary.endID])
      #expect(
        text.utf8.elementsEqual(line.decoded.utf8),
        "\(text.debugDescription) is not \(line.decoded.debugDescription)")
    }
  }

  @Test(
    "Every line of a large file encodes and decodes as the reference does",
    .enabled(
      if: Fixtures.hasBERT && Fixtures.bulkLines != nil,
      "needs bert-base-uncased's vocabulary, and GITC_TOKENIZER_LINES to name the file"))
  func bulk() throws {
    let tokenizer = WordPieceTokenizer(
      vocabulary: try Vocabulary(contentsOf: Fixtures.bertVocabulary))
    let vocabulary = tokenizer.vocabulary
    let lines = try lines(URL(filePath: try #require(Fixtures.bulkLines)))
    #expect(lines.count >= 100_000)
    for line in lines {
      if tokenizer.encode(line.text) != line.ids {
        Issue.record("text \(line.text.debugDescription) encodes to other ids")
      }
      let text = tokenizer.decode([vocabulary.startID] + line.ids + [vocabulary.endID])
      if !text.utf8.elementsEqual(line.decoded.utf8) {
        Issue.record("\(text.debugDescription) is not \(line.decoded.debugDescription)")
      }
    }
  }

  @Test(
    "With bert-base-uncased's own vocabulary, ids are the published ones",
    .enabled(if: Fixtures.hasBERT, "needs ../shared/data/bert-base-uncased/vocab.txt"))
  func publishedVocabulary() throws {
    let vocabulary = try Vocabulary(contentsOf: Fixtures.bertVocabulary)
    #expect(vocabulary.count == 30522)
    #expect(vocabulary.padID == 0)
    #expect(vocabulary.unknownID == 100)
    #expect(vocabulary.startID == 101)
    #expect(vocabulary.endID == 102)
    #expect(vocabulary.id(of: "[MASK]") == 103)
    let tokenizer = WordPieceTokenizer(vocabulary: vocabulary)
    #expect(tokenizer.encode("a red circle") == [1037, 2417, 4418])
    #expect(tokenizer.encode("[unused0]").map(tokenizer.token) == ["[", "unused", "##0", "]"])
  }
}
