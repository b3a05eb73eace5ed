import Checkpoint
import Diagnostics
import Tokenizer

/// The vocabulary of a folder, from `vocab.txt` or `tokenizer.json`.
enum TokenizerFiles {
  /// The parts of `tokenizer.json` that decide what tokens texts have.
  private struct File: Decodable {
    struct Model: Decodable {
      var type: String
      var vocab: [String: Int]
    }

    struct Normalizer: Decodable {
      var type: String
      var lowercase: Bool?
    }

    var model: Model
    var normalizer: Normalizer?
  }

  /// The tokens by id.
  ///
  /// - Parameters:
  ///   - folder: where the files are.
  ///   - path: a `vocab.txt` to take instead of the folder's files.
  /// - Returns: one string per id.
  /// - Throws: `.noInput` where there is none; `.badData` for a tokenizer that is not uncased WordPiece.
  static func tokens(_ folder: SourceFolder, path: String?) throws(InputError) -> [String] {
    if let path { return try Vocabulary(contentsOf: path).tokens }
    if folder.has("vocab.txt") {
      return try Vocabulary(contentsOf: folder.path("vocab.txt")).tokens
    }
    guard folder.has("tokenizer.json") else {
      throw InputError(
        .noInput, "no vocabulary", expected: "vocab.txt or tokenizer.json", found: "neither",
        in: folder.path,
        advice: "put bert-base-uncased's vocab.txt there or name it with --vocabulary")
    }
    return try tokens(json: folder.bytes("tokenizer.json"), place: folder.path("tokenizer.json"))
  }

  private static func tokens(json: [UInt8], place: String) throws(InputError) -> [String] {
    func fail(_ expected: String, _ found: String) -> InputError {
      InputError(
        .badData, "the tokenizer cannot be used", expected: expected, found: found, in: place,
        advice: "use the tokenizer of a GIT model")
    }
    let file: File = try DecodedJSON.decode(json) { fail("a WordPiece tokenizer", $0) }
    guard file.model.type == "WordPiece" else {
      throw fail("model.type WordPiece", "'\(file.model.type.prefix(40))'")
    }
    guard file.normalizer?.type == "BertNormalizer", file.normalizer?.lowercase == true else {
      throw fail("a BertNormalizer that makes lower case", "another")
    }
    var tokens = [String](repeating: "", count: file.model.vocab.count)
    for (token, id) in file.model.vocab {
      guard tokens.indices.contains(id), tokens[id].isEmpty else {
        throw fail("ids 0 to \(tokens.count - 1), each once", "\(id) for '\(token.prefix(100))'")
      }
      tokens[id] = token
    }
    return try Vocabulary(tokens: tokens, place: place).tokens
  }
}
