#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// CIDEr: the cosine between candidate and references, n-grams weighted by how rare they are.
///
/// A corpus of one text has no rare words: its score is 0.
/// - Source: Vedantam et al. 2015. Inverse document frequencies come from the references of the texts
///   scored; no stemming.
package enum CIDEr {
  /// Which of the two measures.
  package enum Form: Sendable {
    /// Equation 2 and 3 of the paper.
    case plain
    /// CIDEr-D: weights clipped to the reference's and a penalty, σ = 6, on the difference in
    /// bigrams. What pycocoevalcap and most papers call CIDEr.
    case clipped
  }

  private static let longest = 4
  private static let sigma = 6.0

  /// One score per text, 0...10; papers report 100 × their mean.
  package static func scores(_ texts: [ReferencedText], form: Form) -> [Double] {
    let references = texts.map { $0.references.map { NGrams($0, longest: longest) } }
    var documents: [[String]: Int] = [:]
    for image in references {
      for words in Set(image.flatMap { $0.counts.flatMap(\.keys) }) {
        documents[words, default: 0] += 1
      }
    }
    let vectors = VectorSpace(documents: documents, logCount: log(Double(max(1, texts.count))))
    return zip(texts, references).map { text, references in
      let candidate = vectors.vector(NGrams(text.candidate, longest: longest))
      let sum = references.reduce(0.0) { sum, reference in
        sum + similarity(candidate, vectors.vector(reference), form)
      }
      return 10 * sum / Double(longest) / Double(references.count)
    }
  }

  /// The sum over n of the cosines.
  private static func similarity(_ a: Vector, _ b: Vector, _ form: Form) -> Double {
    let difference = Double(a.bigrams - b.bigrams)
    let penalty = form == .plain ? 1 : exp(-difference * difference / (2 * sigma * sigma))
    return (0..<longest).reduce(0.0) { sum, n in
      var product = 0.0
      for (words, weight) in a.weights[n] {
        guard let other = b.weights[n][words] else { continue }
        product += (form == .plain ? weight : min(weight, other)) * other
      }
      let norms = a.norms[n] * b.norms[n]
      return sum + (norms == 0 ? product : product / norms) * penalty
    }
  }

  private struct Vector {
    var weights: [[[String]: Double]]
    var norms: [Double]
    var bigrams: Int
  }

  private struct VectorSpace {
    let documents: [[String]: Int]
    let logCount: Double

    func vector(_ grams: NGrams) -> Vector {
      let weights = grams.counts.map { counts in
        Dictionary(
          uniqueKeysWithValues: counts.map { words, count in
            (words, Double(count) * (logCount - log(Double(max(1, documents[words] ?? 0)))))
          })
      }
      return Vector(
        weights: weights,
        norms: weights.map { $0.values.reduce(0) { $0 + $1 * $1 }.squareRoot() },
        bigrams: max(0, grams.wordCount - 1))
    }
  }
}
