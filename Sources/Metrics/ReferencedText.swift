/// What a model said about one input, and what people said, as tokens.
package struct ReferencedText: Sendable {
  package var candidate: [String]
  /// At least one.
  package var references: [[String]]

  package init(candidate: [String], references: [[String]]) {
    precondition(!references.isEmpty, "a text is scored against at least one reference")
    self.candidate = candidate
    self.references = references
  }
}

/// How often each run of words occurs in a text.
///
/// A token with a space in it, such as "1 1/2", counts as several words here, as in the reference.
struct NGrams {
  let wordCount: Int
  /// Occurrences by n − 1 and words.
  let counts: [[[String]: Int]]

  /// Counts the n-grams of 1 to `longest` words.
  init(_ tokens: [String], longest: Int) {
    let words = tokens.flatMap { $0.split(whereSeparator: \.isWhitespace).map(String.init) }
    wordCount = words.count
    counts = (1...longest).map { length in
      var counts: [[String]: Int] = [:]
      guard words.count >= length else { return counts }
      for start in 0...(words.count - length) {
        counts[Array(words[start..<(start + length)]), default: 0] += 1
      }
      return counts
    }
  }
}
