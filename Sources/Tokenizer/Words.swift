/// The words of a text as BERT's basic tokenisation cuts them, without punctuation.
package enum Words {
  /// In order, in lower case; see ``WordSplitter``.
  package static func of(_ text: String) -> [String] {
    var words: [String] = []
    WordSplitter.forEachWord(in: text[...].unicodeScalars) { bytes, _ in
      let word = String(decoding: bytes, as: UTF8.self)
      let isWord = word.unicodeScalars.contains { ScalarClass($0) == .letter }
      if isWord { words.append(word) }
    }
    return words
  }
}
