/// ROUGE-L: how much of the words, in order, candidate and reference share.
///
/// - Source: Lin 2004; numbers as pycocoevalcap's `Rouge`: the best precision and the best recall of
///   all references make one F-measure with β = 1.2.
package enum ROUGE {
  /// One score in 0...1 per text.
  package static func scores(_ texts: [ReferencedText]) -> [Double] { texts.map(score) }

  static func score(_ text: ReferencedText) -> Double {
    // No words are one empty word there.
    let candidate = text.candidate.isEmpty ? [""] : text.candidate
    var (precision, recall) = (0.0, 0.0)
    for tokens in text.references {
      let reference = tokens.isEmpty ? [""] : tokens
      let shared = Double(longestCommonSubsequence(reference, candidate))
      precision = max(precision, shared / Double(candidate.count))
      recall = max(recall, shared / Double(reference.count))
    }
    guard precision > 0, recall > 0 else { return 0 }
    let weight = 1.2 * 1.2
    return (1 + weight) * precision * recall / (recall + weight * precision)
  }

  /// The length of the longest run of words, gaps allowed, that both contain.
  private static func longestCommonSubsequence(_ a: [String], _ b: [String]) -> Int {
    var row = [Int](repeating: 0, count: b.count + 1)
    for word in a {
      var diagonal = 0
      for index in b.indices {
        let above = row[index + 1]
        row[index + 1] = word == b[index] ? diagonal + 1 : max(above, row[index])
        diagonal = above
      }
    }
    return row[b.count]
  }
}
