/// How far a plan is from its checkpoint: what `gitc verify` prints.
package struct VerifyReport: Encodable, Sendable {
  /// |log p of the plan − log p of the reference| over the tokens of the reference's texts.
  package struct Difference: Encodable, Sendable {
    package var mean: Double
    package var max: Double
  }

  /// Signal to quantization noise, in decibels; nil where there is no noise.
  package struct Noise: Encodable, Sendable {
    /// Of the image encoder's output.
    package var features: Double?
    /// Of the decoder's scores, both given the reference's text.
    package var logits: Double?
  }

  /// The share of samples whose text is one of those the data gives.
  package struct ExactMatch: Encodable, Sendable {
    /// Samples with texts in the data.
    package var samples: Int
    package var reference: Double
    package var plan: Double
  }

  /// One sample.
  package struct Sample: Encodable, Sendable {
    package var input: String
    package var question: String?
    package var reference: String
    package var plan: String
    /// Whether both say the same, token by token.
    package var agrees: Bool
    package var maxDifference: Double
  }

  package var checkpoint: String
  package var plan: String
  package var data: String
  package var precision: String
  package var samples: Int
  /// The share of samples on which both say the same.
  package var agreement: Double
  package var minimumAgreement: Double
  /// Whether the agreement is enough.
  package var passed: Bool
  package var logprobDifference: Difference
  package var sqnrDb: Noise
  /// nil where the data gives no texts.
  package var exactMatch: ExactMatch?
  /// Samples that do not agree, then those whose probabilities differ most; at most five.
  package var worst: [Sample]

  /// For people.
  package var text: String {
    var table = TextTable()
    func percent(_ share: Double) -> String { rounded(100 * share, 2) + " %" }
    func decibels(_ value: Double?) -> String { value.map { rounded($0, 1) + " dB" } ?? "exact" }
    table.add("samples", "\(samples)")
    table.add("same caption", percent(agreement), "at least \(percent(minimumAgreement)) wanted")
    table.add("log p difference", "mean \(rounded(logprobDifference.mean, 5))")
    table.add("", "max \(rounded(logprobDifference.max, 5))")
    table.add("SQNR of features", decibels(sqnrDb.features))
    table.add("SQNR of logits", decibels(sqnrDb.logits))
    if let exactMatch {
      table.add("right, fp32", percent(exactMatch.reference), "of \(exactMatch.samples)")
      table.add("right, \(precision)", percent(exactMatch.plan))
    }
    var lines = ["\(plan) (\(precision)) against \(checkpoint) (fp32) on \(data)", table.text]
    if !worst.isEmpty { lines.append("worst:") }
    for sample in worst {
      let name = sample.question.map { "\(sample.input), \($0)" } ?? sample.input
      lines.append("  \(name): max log p difference \(rounded(sample.maxDifference, 5))")
      lines.append(
        sample.agrees
          ? "    both: \(sample.plan)"
          : "    fp32: \(sample.reference)\n    \(precision): \(sample.plan)")
    }
    return (lines + [passed ? "passed" : "failed: too many captions differ"])
      .joined(separator: "\n")
  }
}
