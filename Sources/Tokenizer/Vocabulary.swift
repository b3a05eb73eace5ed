package import Diagnostics
import FoundationEssentials

/// The tokens of a WordPiece model, numbered from 0.
///
/// A token that begins with `##` continues a word; any other begins one. The four tokens `[PAD]`,
/// `[UNK]`, `[CLS]` and `[SEP]` are always there; the first line of a `vocab.txt` is token 0.
package struct Vocabulary: Sendable, Equatable {
  /// All tokens, by id.
  package let tokens: [String]
  /// Ids by bytes.
  let table: PieceTable
  /// The id of `[PAD]`, which fills a batch and is never predicted.
  package let padID: Int
  /// The id of `[UNK]`, which stands for a word no pieces can spell.
  package let unknownID: Int
  /// The id of `[CLS]`, which begins every text.
  package let startID: Int
  /// The id of `[SEP]`, which ends every text.
  package let endID: Int

  /// The names that mean themselves wherever they occur in a text, those a vocabulary must have
  /// first, in the order a trained vocabulary has them.
  static let specialNames = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]

  /// Creates a vocabulary from its tokens in order of id.
  ///
  /// - Parameters:
  ///   - tokens: no two with the same code points, none empty.
  ///   - place: the file or field they come from, for the error.
  /// - Throws: `.badData` when one of the four special tokens is missing, or for the first token
  ///   that is empty or occurs twice.
  package init(tokens: [String], place: String) throws(InputError) {
    var table = PieceTable(capacity: tokens.count)
    for (id, token) in tokens.enumerated() {
      if token.isEmpty {
        throw InputError(
          .badData, "token \(id) is empty", expected: "at least one character",
          found: "an empty line", in: place, advice: "remove it, or use the original file")
      }
      if let first = table.append(token.utf8) {
        throw InputError(
          .badData, "token '\(token)' occurs twice", expected: "every token once",
          found: "ids \(first) and \(id)", in: place,
          advice: "remove one, or use the original file")
      }
    }
    func special(_ name: String) throws(InputError) -> Int {
      if let id = table.find(name.utf8) { return id }
      throw InputError(
        .badData, "special token '\(name)' is missing",
        expected: "[PAD], [UNK], [CLS] and [SEP] among the tokens",
        found: "\(tokens.count) tokens without it", in: place,
        advice: "use the vocabulary the model was trained with")
    }
    padID = try special("[PAD]")
    unknownID = try special("[UNK]")
    startID = try special("[CLS]")
    endID = try special("[SEP]")
    self.tokens = tokens
    self.table = table
  }

  /// Reads a `vocab.txt`: UTF-8, one token per line, line 1 is token 0.
  ///
  /// - Throws: `.noInput` or `.io` when the file cannot be read, `.badData` when it is not UTF-8 or
  ///   for the reasons of ``init(tokens:place:)``.
  package init(contentsOf path: String) throws(InputError) {
    let data: Data
    do {
      data = try Data(contentsOf: URL(filePath: path))
    } catch {
      let missing = !FileManager.default.fileExists(atPath: path)
      throw InputError(
        missing ? .noInput : .io, "the vocabulary cannot be read", expected: "a readable file",
        found: missing ? "no such file" : "\(error)", in: path,
        advice: "name the vocab.txt the model was trained with")
    }
    let bytes = Array(data)
    guard String(validating: bytes, as: UTF8.self) != nil else {
      throw InputError(
        .badData, "the vocabulary is not text", expected: "UTF-8, one token per line",
        found: "bytes that are not UTF-8", in: path,
        advice: "name the vocab.txt the model was trained with")
    }
    // Lines are split by bytes: "\r\n" is one Character, and tokens may hold any other separator.
    var lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    if lines.last?.isEmpty == true { lines.removeLast() }
    let tokens = lines.map { line in
      String(decoding: line.last == UInt8(ascii: "\r") ? line.dropLast() : line, as: UTF8.self)
    }
    try self.init(tokens: tokens, place: path)
  }

  /// The number of tokens.
  package var count: Int { tokens.count }

  /// The id of a token, `##` included, or nil when it is not in the vocabulary.
  package func id(of token: String) -> Int? { table.find(token.utf8) }

  /// Whether both have the same code points for the same ids.
  package static func == (a: Vocabulary, b: Vocabulary) -> Bool { a.table == b.table }
}
