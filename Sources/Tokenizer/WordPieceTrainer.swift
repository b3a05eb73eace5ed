/// Makes a vocabulary for the texts of a data set.
///
/// The algorithm, for a wanted size S:
/// 1. Cut all texts into words with BERT's basic tokenisation and count them.
/// 2. The tokens begin with `[PAD]`, `[UNK]`, `[CLS]`, `[SEP]`, `[MASK]`.
/// 3. The alphabet: every scalar that occurs, and, unless it only occurs as a word of its own (as
///    punctuation does), the same with `##` before it. With it every word can be spelled.
/// 4. Whole words follow the special tokens, most frequent first, equals by their UTF-8 bytes, as
///    many as leave room for those of the alphabet that are not among them.
/// 5. The rest of the alphabet, by UTF-8 bytes.
///
/// So each training text encodes without `[UNK]` (but for words over 100 characters, which are
/// `[UNK]` to every WordPiece tokenizer), frequent words are one token, and the result depends on
/// nothing but the words and their counts. It learns no pieces between scalar and word: captions
/// repeat a small set of words, and a piece such as `##ing` would only save tokens on rare ones.
package enum WordPieceTrainer {
  /// Counts words and makes a vocabulary of them.
  ///
  /// - Parameters:
  ///   - texts: captions, questions and answers alike.
  ///   - size: how many tokens are wanted. The special tokens and the alphabet are in the result
  ///     even where they alone are more.
  /// - Returns: `size` tokens, or fewer when the texts have fewer words.
  package static func train(_ texts: some Sequence<String>, size: Int) -> Vocabulary {
    let frequencies = wordFrequencies(texts)
    let alphabet = alphabet(of: frequencies.keys)
    var room = size - Vocabulary.specialNames.count - alphabet.count
    let ranked = frequencies.sorted { a, b in
      a.value != b.value ? a.value > b.value : a.key.lexicographicallyPrecedes(b.key)
    }
    var words: [[UInt8]] = []
    for (word, _) in ranked {
      // A word that the alphabet holds anyway takes no room.
      if !alphabet.contains(word) {
        if room <= 0 { continue }
        room -= 1
      }
      words.append(word)
    }
    let rest = alphabet.subtracting(words).sorted { $0.lexicographicallyPrecedes($1) }
    let tokens =
      Vocabulary.specialNames + (words + rest).map { String(decoding: $0, as: UTF8.self) }
    do {
      return try Vocabulary(tokens: tokens, place: "the training texts")
    } catch {
      // Words hold neither "[" nor "##" beside other scalars, and sets hold no element twice.
      preconditionFailure("a trained vocabulary is always valid: \(error)")
    }
  }

  private static func wordFrequencies(_ texts: some Sequence<String>) -> [[UInt8]: Int] {
    var frequencies: [[UInt8]: Int] = [:]
    for text in texts {
      WordSplitter.forEachWord(in: Substring(text).unicodeScalars) { word, length in
        if length <= WordPieceTokenizer.longestWord { frequencies[word, default: 0] += 1 }
      }
    }
    return frequencies
  }

  private static func alphabet(of words: some Sequence<[UInt8]>) -> Set<[UInt8]> {
    var alphabet: Set<[UInt8]> = []
    for word in words {
      let scalars = String(decoding: word, as: UTF8.self).unicodeScalars.map { scalar in
        Array(String(scalar).utf8)
      }
      alphabet.formUnion(scalars)
      if scalars.count > 1 { alphabet.formUnion(scalars.map { Array("##".utf8) + $0 }) }
    }
    return alphabet
  }
}
