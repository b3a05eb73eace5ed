import Diagnostics
import FoundationEssentials
import Testing
import Tokenizer

@Suite("Vocabulary")
struct VocabularyTests {
  private static let special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]

  private func error(_ tokens: [String]) -> InputError? {
    do throws(InputError) {
      _ = try Vocabulary(tokens: tokens, place: "vocab.txt")
      return nil
    } catch {
      return error
    }
  }

  /// Reads these bytes as a vocabulary file.
  private func read(_ bytes: [UInt8]) throws -> Vocabulary {
    let url = FileManager.default.temporaryDirectory.appending(path: "\(UUID()).txt")
    try Data(bytes).write(to: url)
    defer { try? FileManager.default.removeItem(at: url) }
    return try Vocabulary(contentsOf: url.path)
  }

  @Test("Ids are positions, and the special tokens are found wherever they are")
  func ids() throws {
    let vocabulary = try Vocabulary(tokens: ["x", "##x"] + Self.special, place: "test")
    #expect(vocabulary.count == 6)
    #expect(vocabulary.padID == 2)
    #expect(vocabulary.unknownID == 3)
    #expect(vocabulary.startID == 4)
    #expect(vocabulary.endID == 5)
    #expect(vocabulary.id(of: "##x") == 1)
    #expect(vocabulary.id(of: "#") == nil)
    #expect(vocabulary.id(of: "") == nil)
  }

  @Test("A missing special token is named", arguments: special)
  func missingSpecial(name: String) {
    let error = error(Self.special.filter { $0 != name })
    #expect(error?.kind == .badData)
    #expect(error?.what == "special token '\(name)' is missing")
    #expect(error?.place == "vocab.txt")
  }

  @Test("A token that occurs twice is named with both ids")
  func duplicate() {
    let error = error(Self.special + ["cat", "dog", "cat"])
    #expect(error?.what == "token 'cat' occurs twice")
    #expect(error?.found == "ids 4 and 6")
  }

  @Test("An empty token is refused")
  func empty() {
    #expect(error(Self.special + ["", "cat"])?.what == "token 4 is empty")
  }

  @Test("Tokens that are only canonically equivalent are two tokens")
  func canonicalEquivalence() throws {
    let vocabulary = try Vocabulary(tokens: Self.special + ["\u{E9}", "e\u{301}"], place: "test")
    #expect(vocabulary.id(of: "\u{E9}") == 4)
    #expect(vocabulary.id(of: "e\u{301}") == 5)
    let other = try Vocabulary(tokens: Self.special + ["e\u{301}", "\u{E9}"], place: "test")
    #expect(vocabulary != other)
    #expect(vocabulary == (try Vocabulary(tokens: vocabulary.tokens, place: "elsewhere")))
  }

  @Test("Equal vocabularies have their token boundaries at the same places")
  func boundaries() throws {
    let one = try Vocabulary(tokens: Self.special + ["ab", "c"], place: "test")
    #expect(one != (try Vocabulary(tokens: Self.special + ["a", "bc"], place: "test")))
  }

  @Test("A file is read line by line, with or without carriage returns and a last line end")
  func file() throws {
    let plain = try read(Array("[PAD]\n[UNK]\n[CLS]\n[SEP]\n\u{2028}\n".utf8))
    #expect(plain.tokens == Self.special + ["\u{2028}"])
    let windows = try read(Array("[PAD]\r\n[UNK]\r\n[CLS]\r\n[SEP]\r\n\u{2028}".utf8))
    #expect(windows == plain)
  }

  @Test("A file that is not there, not UTF-8 or has an empty line is refused")
  func badFiles() throws {
    let missing = #expect(throws: InputError.self) {
      try Vocabulary(contentsOf: "/nowhere/vocab.txt")
    }
    #expect(missing?.kind == .noInput)
    #expect(missing?.place == "/nowhere/vocab.txt")
    let notText = #expect(throws: InputError.self) { try read([0x61, 0xFF]) }
    #expect(notText?.kind == .badData)
    #expect(notText?.expected == "UTF-8, one token per line")
    let gap = #expect(throws: InputError.self) { try read(Array("[PAD]\n\n[UNK]\n".utf8)) }
    #expect(gap?.what == "token 1 is empty")
  }
}
