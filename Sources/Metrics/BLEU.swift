#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// BLEU-1 to BLEU-4 of a corpus.
///
/// Clipped n-gram precisions over all texts, their geometric mean, and a penalty where the candidates
/// are shorter in total than the references nearest to each in length.
/// - Source: Papineni et al. 2002; numbers as pycocoevalcap's `Bleu(4)`, its tiny constants included.
package enum BLEU {
  static let longest = 4

  /// The four scores.
  ///
  /// - Parameter texts: at least one.
  /// - Returns: four numbers in 0...1.
  package static func scores(_ texts: [ReferencedText]) -> [Double] {
    precondition(!texts.isEmpty, "a corpus has a text")
    var guessed = [Double](repeating: 0, count: longest)
    var correct = guessed
    var (candidateWords, referenceWords) = (0, 0)
    for text in texts {
      let candidate = NGrams(text.candidate, longest: longest)
      let references = text.references.map { NGrams($0, longest: longest) }
      candidateWords += candidate.wordCount
      referenceWords += nearest(references.map(\.wordCount), to: candidate.wordCount)
      for n in 0..<longest {
        guessed[n] += Double(max(0, candidate.wordCount - n))
        for (words, count) in candidate.counts[n] {
          let most = references.map { $0.counts[n][words] ?? 0 }.max() ?? 0
          correct[n] += Double(min(most, count))
        }
      }
    }
    let (small, tiny) = (1e-9, 1e-15)
    let ratio = (Double(candidateWords) + tiny) / (Double(referenceWords) + small)
    let penalty = ratio < 1 ? exp(1 - 1 / ratio) : 1
    var product = 1.0
    return (0..<longest).map { n in
      product *= (correct[n] + tiny) / (guessed[n] + small)
      return pow(product, 1 / Double(n + 1)) * penalty
    }
  }

  /// The length nearest to `length`, of two equally near ones the shorter.
  private static func nearest(_ lengths: [Int], to length: Int) -> Int {
    lengths.min { (abs($0 - length), $0) < (abs($1 - length), $1) } ?? 0
  }
}
