import Testing

@testable import Metrics

@Suite("Metrics at their edges") struct MetricsEdgeTests {
  private func text(_ candidate: String, _ references: String...) -> ReferencedText {
    func tokens(_ text: String) -> [String] { text.split(separator: " ").map(String.init) }
    return ReferencedText(candidate: tokens(candidate), references: references.map(tokens))
  }

  @Test("a text equal to its reference has every measure's highest score")
  func highest() {
    let texts = [
      text("a red circle moves left", "a red circle moves left"), text("x y z w", "x y z w"),
    ]
    for score in BLEU.scores(texts) { #expect(abs(score - 1) < 1e-8) }
    #expect(ROUGE.scores(texts) == [1, 1])
    for form in [CIDEr.Form.plain, .clipped] {
      for score in CIDEr.scores(texts, form: form) { #expect(abs(score - 10) < 1e-9) }
    }
  }

  @Test("nothing said scores nothing, and nothing breaks")
  func empty() {
    let texts = [text("", "a dog"), text("", "")]
    #expect(BLEU.scores(texts).allSatisfy { $0 < 1e-5 })
    // An empty text equals an empty reference.
    #expect(ROUGE.scores(texts) == [0, 1])
    #expect(CIDEr.scores(texts, form: .clipped) == [0, 0])
  }

  @Test("one text alone has no rare words")
  func alone() {
    #expect(CIDEr.scores([text("a dog", "a dog")], form: .clipped) == [0])
  }

  @Test(
    "an answer counts by how many others gave it",
    arguments: [(0, 0.0), (1, 0.3), (2, 0.6), (3, 0.9), (4, 1.0), (9, 1.0)])
  func vqa(_ count: Int, _ accuracy: Double) {
    let answers =
      Array(repeating: "yes", count: count) + (0..<(10 - count)).map { "other \($0)" }
    for answer in ["yes", " Yes.", "the yes"] {
      #expect(abs(VQAAccuracy.score(answer, answers) - accuracy) < 1e-12)
    }
  }

  @Test("answers are compared as they are where all agree")
  func unanimous() {
    let answers = Array(repeating: "yes", count: 10)
    #expect(VQAAccuracy.score("yes", answers) == 1)
    #expect(VQAAccuracy.score("Yes.", answers) == 0)
  }

  @Test(
    "few answers are enough where all say the same",
    arguments: [
      ("Yes.", ["yes"], 1.0), ("no", ["yes"], 0), ("yes", ["yes", "yes"], 1),
      ("yes", ["yes", "no"], 0.5), ("yes", ["yes", "yes", "no"], 2.0 / 3),
      // Two of two others are as many as there are; of three others, two thirds.
      ("yes", ["yes", "yes", "yes"], 1), ("yes", ["yes", "yes", "yes", "no"], 0.75),
    ] as [(String, [String], Double)])
  func fewAnswers(_ answer: String, _ answers: [String], _ accuracy: Double) {
    #expect(abs(VQAAccuracy.score(answer, answers) - accuracy) < 1e-12)
  }

  @Test("tokens may end where the text does, and lines are spaces")
  func tokens() {
    var tokenizer = PTBTokenizer()
    #expect(tokenizer.tokens("") == [])
    #expect(tokenizer.tokens("  ") == [])
    #expect(tokenizer.tokens("the dog's\nbowl isn't") == ["the", "dog", "'s", "bowl", "is", "n't"])
    #expect(
      tokenizer.tokens("wait... what?! (no)") == ["wait", "what", "?!", "-lrb-", "no", "-rrb-"])
  }
}
