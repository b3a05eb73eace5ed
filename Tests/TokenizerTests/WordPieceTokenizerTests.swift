import Diagnostics
import Foundation  // for NFD, which FoundationEssentials lacks
import Testing
import Tokenizer

@Suite("WordPiece")
struct WordPieceTokenizerTests {
  private static let tokens = [
    "[PAD]", "[UNK]", "[CLS]", "[SEP]", "a", "un", "##aff", "##able", "##a", "aff", ".", "?", "'",
    "s", "t", "b", "##b", "!", ",",
  ]

  private func tokenizer(_ more: [String] = []) throws(InputError) -> WordPieceTokenizer {
    WordPieceTokenizer(vocabulary: try Vocabulary(tokens: Self.tokens + more, place: "test"))
  }

  private func pieces(_ text: String, _ more: [String] = []) throws(InputError) -> [String] {
    let tokenizer = try tokenizer(more)
    return tokenizer.encode(text).map(tokenizer.token)
  }

  @Test("The longest piece is taken first, and again from where it ended")
  func longestFirst() throws {
    #expect(try pieces("unaffable") == ["un", "##aff", "##able"])
    #expect(try pieces("unaffaable") == ["un", "##aff", "##a", "##able"])
    #expect(try pieces("affable aff") == ["aff", "##able", "aff"])
  }

  @Test("A word whose end no piece spells is one [UNK], without its first pieces")
  func unknownWord() throws {
    #expect(try pieces("a unaffx a") == ["a", "[UNK]", "a"])
  }

  @Test("A word of 100 characters is spelled, one of 101 is [UNK]")
  func longWords() throws {
    let word = String(repeating: "b", count: 100)
    #expect(try pieces(word).count == 100)
    #expect(try pieces(word + "b") == ["[UNK]"])
    #expect(try pieces(word + "!" + word).count == 201)
  }

  @Test("A special token in the text is that token; in small letters it is text")
  func specialTokens() throws {
    #expect(try pieces("a[SEP]b [CLS]") == ["a", "[SEP]", "b", "[CLS]"])
    #expect(try pieces("[[SEP]", ["["]) == ["[", "[SEP]"])
    #expect(try pieces("[sep]") == ["[UNK]", "[UNK]", "[UNK]"])
    #expect(try pieces("[MASK]") == ["[UNK]", "[UNK]", "[UNK]"])
    #expect(try pieces("[MASK]", ["[MASK]"]) == ["[MASK]"])
  }

  @Test("Pieces are compared by code points, not by canonical equivalence")
  func codePoints() throws {
    // U+AC01 decomposes to the Jamo U+1100 U+1161 U+11A8; a precomposed token is out of reach.
    #expect(try pieces("\u{AC01}", ["\u{AC01}"]) == ["[UNK]"])
    let jamo = "\u{1100}\u{1161}\u{11A8}"
    let both = try tokenizer(["\u{AC01}", jamo])
    #expect(both.encode("\u{AC01}") == [Self.tokens.count + 1])
  }

  @Test("Text without words has no ids")
  func emptyText() throws {
    #expect(try pieces("") == [])
    #expect(try pieces(" \t\n\u{3000}\u{200B}\u{0}\u{301}") == [])
  }

  @Test("Decoding joins pieces, drops special tokens and cleans up around punctuation")
  func decoding() throws {
    let tokenizer = try tokenizer()
    func decode(_ tokens: String...) -> String {
      tokenizer.decode(tokens.compactMap(tokenizer.vocabulary.id))
    }
    #expect(decode("[CLS]", "un", "##aff", "##able", "?", "[SEP]", "[PAD]") == "unaffable?")
    #expect(decode("a", "'", "s", "b", "!") == "a's b!")
    #expect(decode("a", "'", "b", ",", "a", ".") == "a'b, a.")
    #expect(decode("a", "[UNK]", "b") == "a b")
    #expect(decode("[CLS]", "##able", "a") == "##able a")
    #expect(decode() == "")
  }

  @Test(
    "A contraction written as one token loses the space before it",
    arguments: ["n't", "'m", "'s", "'ve", "'re"])
  func contractions(token: String) throws {
    let tokenizer = try tokenizer([token])
    #expect(tokenizer.decode([4, Self.tokens.count]) == "a" + token)
  }

  @Test("Precomposed and decomposed forms of every scalar give the same ids")
  func canonicalForms() throws {
    // U+11938 was assigned after the reference tokenizer's data, which leaves it whole.
    let precomposed = (UInt32(0x80)...0x2FFFF).compactMap(Unicode.Scalar.init)
      .filter { ($0.properties.age?.major ?? 99) < 13 }.map(String.init)
    let pairs = precomposed.map { ($0, $0.decomposedStringWithCanonicalMapping) }
      .filter { !$0.0.unicodeScalars.elementsEqual($0.1.unicodeScalars) }
    #expect(pairs.count > 13_000)
    let vocabulary = WordPieceTrainer.train(pairs.map(\.1), size: 0)
    let tokenizer = WordPieceTokenizer(vocabulary: vocabulary)
    for (composed, decomposed) in pairs {
      let ids = tokenizer.encode(composed)
      #expect(ids == tokenizer.encode(decomposed), "\(composed.unicodeScalars)")
      #expect(!ids.contains(vocabulary.unknownID), "\(composed.unicodeScalars)")
    }
  }
}
