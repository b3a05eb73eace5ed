/// BERT's basic tokenisation: cleans a text and cuts it into the words that WordPiece spells.
///
/// In order, per scalar: control scalars vanish; white space ends a word; an ideograph is a word of
/// its own; canonical decomposition; nonspacing marks vanish; lower case, without regard to the
/// neighbours (final sigma becomes σ); punctuation is a word of its own.
/// Source: BERT (Devlin et al. 2018), uncased models, as HuggingFace `tokenizers` runs it.
struct WordSplitter {
  /// The UTF-8 bytes of the word being built.
  private var word: [UInt8] = []
  /// Its scalars.
  private var length = 0

  /// Calls `body` with the UTF-8 bytes and the number of scalars of every word, in order.
  ///
  /// No word is empty.
  static func forEachWord(
    in text: Substring.UnicodeScalarView, _ body: (_ word: [UInt8], _ length: Int) -> Void
  ) {
    var splitter = WordSplitter()
    for scalar in text { splitter.take(scalar, body) }
    splitter.endWord(body)
  }

  @inline(__always)
  private mutating func take(_ scalar: Unicode.Scalar, _ body: ([UInt8], Int) -> Void) {
    switch ScalarClass(scalar) {
    case .removed: break
    case .space: endWord(body)
    case .letter where scalar.isASCII:
      let isUpperCase = 0x41...0x5A ~= scalar.value
      word.append(UInt8(truncatingIfNeeded: scalar.value | (isUpperCase ? 0x20 : 0)))
      length += 1
    case .letter, .punctuation: decompose(scalar, body)
    }
  }

  private mutating func decompose(
    _ scalar: Unicode.Scalar, _ body: ([UInt8], Int) -> Void
  ) {
    let alone = ScalarClass.isIdeograph(scalar)
    if alone { endWord(body) }
    BaseScalars.forEach(of: scalar) { base in
      for lowered in base.properties.lowercaseMapping.unicodeScalars {
        append(lowered, body)
      }
    }
    if alone { endWord(body) }
  }

  /// Appends a scalar that is already cleaned, decomposed and in lower case.
  private mutating func append(_ scalar: Unicode.Scalar, _ body: ([UInt8], Int) -> Void) {
    let punctuation = ScalarClass(scalar) == .punctuation
    if punctuation { endWord(body) }
    word.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
    length += 1
    if punctuation { endWord(body) }
  }

  private mutating func endWord(_ body: ([UInt8], Int) -> Void) {
    if length > 0 { body(word, length) }
    word.removeAll(keepingCapacity: true)
    length = 0
  }
}
