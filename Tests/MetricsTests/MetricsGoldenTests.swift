import FoundationEssentials
import Testing

@testable import Metrics

/// What pycocoevalcap and the official VQA evaluation say; Tools/goldens/metrics.py wrote it.
@Suite("Metrics equal the reference's") struct MetricsGoldenTests {
  private struct Captions: Decodable {
    struct Text: Decodable {
      var candidate: String
      var references: [String]
    }

    var texts: [Text]
    var bleu: [Double]
    var rouge: [Double]
    var cider: [Double]
    var cider_d: [Double]
  }

  private struct Answer: Decodable {
    var answer: String
    var answers: [String]
    var accuracy: Double
  }

  private static func golden(_ name: String) throws -> Data {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    return try Data(contentsOf: folder.appending(path: "Goldens/metrics/\(name)"))
  }

  private static func captions() throws -> (Captions, [ReferencedText]) {
    let golden = try JSONDecoder().decode(Captions.self, from: golden("captions.json"))
    func tokens(_ text: String) -> [String] {
      text.split(separator: " ").map(String.init)
    }
    let texts = golden.texts.map {
      ReferencedText(candidate: tokens($0.candidate), references: $0.references.map(tokens))
    }
    return (golden, texts)
  }

  @Test("tokens, text by text")
  func tokens() throws {
    var tokenizer = PTBTokenizer()
    let lines = String(decoding: try Self.golden("tokens.tsv"), as: UTF8.self)
      .split(separator: "\n").map { $0.split(separator: "\t", omittingEmptySubsequences: false) }
    #expect(lines.count == 450)
    for line in lines {
      let found = tokenizer.tokens(String(line[0])).joined(separator: " ")
      #expect(found == line[1], "'\(line[0])'")
    }
  }

  /// Sums of doubles in another order: far below the 1e-6 that the metrics promise.
  private static let tolerance = 1e-9

  private func expectEqual(_ found: [Double], _ right: [Double], _ name: String) {
    #expect(found.count == right.count)
    for (index, (found, right)) in zip(found, right).enumerated() {
      #expect(abs(found - right) <= Self.tolerance, "\(name) of text \(index): \(found), \(right)")
    }
  }

  @Test("BLEU-1 to 4 of a corpus")
  func bleu() throws {
    let (golden, texts) = try Self.captions()
    expectEqual(BLEU.scores(texts), golden.bleu, "BLEU")
    #expect(golden.bleu.allSatisfy { $0 > 0.1 })
  }

  @Test("ROUGE-L of each text")
  func rouge() throws {
    let (golden, texts) = try Self.captions()
    expectEqual(ROUGE.scores(texts), golden.rouge, "ROUGE-L")
  }

  @Test("CIDEr-D and CIDEr of each text")
  func cider() throws {
    let (golden, texts) = try Self.captions()
    expectEqual(CIDEr.scores(texts, form: .clipped), golden.cider_d, "CIDEr-D")
    expectEqual(CIDEr.scores(texts, form: .plain), golden.cider, "CIDEr")
    #expect(golden.cider != golden.cider_d)
  }

  @Test("VQA accuracy of each answer")
  func answers() throws {
    let answers = try JSONDecoder().decode([Answer].self, from: Self.golden("answers.json"))
    #expect(Set(answers.map(\.accuracy)).count > 5)
    // The official code divides by 3 even where fewer others answered.
    for row in answers where row.answers.count > 3 {
      let found = VQAAccuracy.score(row.answer, row.answers)
      // Written as percent with nine decimals.
      #expect(abs(found - row.accuracy) < 1e-10, "'\(row.answer)' of \(row.answers): \(found)")
    }
  }
}
