import Testing
import Tokenizer

@Suite("Vocabulary trainer")
struct WordPieceTrainerTests {
  private static let special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]

  @Test("Special tokens, then words by frequency and bytes, then the rest of the alphabet")
  func order() {
    let vocabulary = WordPieceTrainer.train(["Bc ab, ab cd", "a cd ab"], size: 100)
    #expect(
      vocabulary.tokens == Self.special + ["ab", "cd", ",", "a", "bc"]
        + ["##a", "##b", "##c", "##d", "b", "c", "d"])
  }

  @Test("A small size keeps the most frequent words and the whole alphabet")
  func size() {
    let texts = ["ab ab ab cd cd abcd"]
    // Five special tokens, a to d with and without ##, one word.
    let vocabulary = WordPieceTrainer.train(texts, size: 14)
    #expect(vocabulary.count == 14)
    #expect(vocabulary.tokens[5] == "ab")
    #expect(vocabulary.id(of: "cd") == nil)
    #expect(WordPieceTrainer.train(texts, size: 0).count == 13)
  }

  @Test("Every training text encodes without [UNK], at any size", arguments: [0, 60, 10_000])
  func coverage(size: Int) {
    let texts = [
      "A red circle moves left.", "Crème brûlée!", "中文 한국어 😀", "İstanbul ΣΑΣ", "don't", "",
      "##x", "नमस्ते",
    ]
    let vocabulary = WordPieceTrainer.train(texts, size: size)
    let tokenizer = WordPieceTokenizer(vocabulary: vocabulary)
    for text in texts {
      let ids = tokenizer.encode(text)
      #expect(!ids.contains(vocabulary.unknownID), "\(text)")
      #expect(ids.isEmpty == text.isEmpty)
    }
  }

  @Test("The order of the texts does not matter")
  func deterministic() {
    let texts = ["b a", "c b", "d c a", "zz yy xx ww"]
    #expect(
      WordPieceTrainer.train(texts, size: 30)
        == WordPieceTrainer.train(texts.reversed(), size: 30))
  }

  @Test("Without texts there are the special tokens")
  func noTexts() {
    #expect(WordPieceTrainer.train([], size: 100).tokens == Self.special)
  }

  @Test("A word over 100 characters is left out: it is [UNK] in any case")
  func longWord() {
    let vocabulary = WordPieceTrainer.train([String(repeating: "q", count: 101)], size: 100)
    #expect(vocabulary.tokens == Self.special)
  }
}
