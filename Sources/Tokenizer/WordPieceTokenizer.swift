/// Turns text into token ids and back, exactly as bert-base-uncased does.
///
/// Verified against HuggingFace `transformers` 5.23 `BertTokenizer` (Tools/goldens/tokenizer.py).
package struct WordPieceTokenizer: Sendable {
  /// The tokens and their ids.
  package let vocabulary: Vocabulary
  /// The special tokens of the vocabulary, by name.
  private let specials: [(name: [UInt8], id: Int)]

  /// A word of more scalars than this is `[UNK]`, whatever it says.
  static let longestWord = 100

  /// Creates a tokenizer.
  ///
  /// `[PAD]`, `[UNK]`, `[CLS]`, `[SEP]` and, where the vocabulary has it, `[MASK]` are special.
  package init(vocabulary: Vocabulary) {
    self.vocabulary = vocabulary
    specials = Vocabulary.specialNames.compactMap { name in
      vocabulary.id(of: name).map { (Array(name.utf8), $0) }
    }
  }

  /// The ids of a text, without `[CLS]` before and `[SEP]` after it.
  ///
  /// A special token written out in the text, in exactly these capitals, becomes that token; so a
  /// caller who must not let a user end a caption removes `[SEP]` first. A word that no pieces
  /// spell, or of more than 100 characters, becomes one `[UNK]`. Empty text gives no ids.
  package func encode(_ text: String) -> [Int] {
    var ids: [Int] = []
    var plainStart = text.startIndex
    var search = text.startIndex
    while let bracket = text.utf8[search...].firstIndex(of: UInt8(ascii: "[")) {
      search = text.utf8.index(after: bracket)
      for special in specials where text.utf8[bracket...].starts(with: special.name) {
        encodePlain(text.unicodeScalars[plainStart..<bracket], into: &ids)
        ids.append(special.id)
        plainStart = text.utf8.index(bracket, offsetBy: special.name.count)
        search = plainStart
        break
      }
    }
    encodePlain(text.unicodeScalars[plainStart...], into: &ids)
    return ids
  }

  private func encodePlain(_ text: Substring.UnicodeScalarView, into ids: inout [Int]) {
    WordSplitter.forEachWord(in: text) { word, length in
      let first = ids.count
      var start = length > Self.longestWord ? nil : Optional(0)
      while let at = start, at < word.count {
        let match = vocabulary.table.longestMatch(in: word, from: at, continuing: at > 0)
        if let match { ids.append(match.id) }
        start = match?.end
      }
      if start == nil {
        ids.removeSubrange(first...)
        ids.append(vocabulary.unknownID)
      }
    }
  }

  /// Writes ids as a person would write the text.
  ///
  /// - Parameter ids: each in `0..<vocabulary.count`.
  /// - Returns: the tokens with spaces between them; special tokens left out, `##` pieces joined to
  ///   what is before them, and no space before punctuation and English contractions.
  package func decode(_ ids: [Int]) -> String {
    var text: [UInt8] = []
    var isFirst = true
    for id in ids where !specials.contains(where: { $0.id == id }) {
      var piece = self.vocabulary.table.piece(id)
      // The first token keeps its "##": there is nothing to join it to.
      if !isFirst {
        if piece.starts(with: [UInt8(ascii: "#"), UInt8(ascii: "#")]) {
          piece = piece.dropFirst(2)
        } else {
          text.append(UInt8(ascii: " "))
        }
      }
      text.append(contentsOf: piece)
      isFirst = false
    }
    for (pattern, replacement) in Self.cleanUp {
      text.replaceAll(Array(pattern.utf8), with: Array(replacement.utf8))
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// The token with an id in `0..<vocabulary.count`, `##` included.
  package func token(_ id: Int) -> String { vocabulary.tokens[id] }

  /// The rules of `clean_up_tokenization_spaces`, applied one after the other.
  private static let cleanUp: [(pattern: String, replacement: String)] = [
    (" .", "."), (" ?", "?"), (" !", "!"), (" ,", ","), (" ' ", "'"), (" n't", "n't"),
    (" 'm", "'m"), (" 's", "'s"), (" 've", "'ve"), (" 're", "'re"),
  ]
}

extension [UInt8] {
  /// Replaces every occurrence of `pattern`, left to right and without overlap.
  fileprivate mutating func replaceAll(_ pattern: [UInt8], with replacement: [UInt8]) {
    var result: [UInt8] = []
    result.reserveCapacity(count)
    var index = 0
    while index < count {
      if self[index...].starts(with: pattern) {
        result += replacement
        index += pattern.count
      } else {
        result.append(self[index])
        index += 1
      }
    }
    self = result
  }
}
