/// How far a plan is from its checkpoint: what `gitc verify` prints.
package struct VerifyReport: Encodable, Sendable {
  /// |log p of the plan − log p of the reference| over the tokens of the reference's texts.
  package struct Difference: Encodable, Sendable {
    package var mean: Double
    package var max: Double
  }

  /// KL(reference ‖ plan) in nats, over the same tokens.
  package struct Divergence: Encodable, Sendable {
    package var mean: Double
    package var max: Double
  }

  /// The mean of −log p per token of the texts that the data gives, in nats.
  package struct Loss: Encodable, Sendable {
    package var tokens: Int
    package var reference: Double
    package var plan: Double
    /// (plan − reference) / reference.
    package var change: Double
  }

  /// The share of samples of a class for which the likeliest class is the right one.
  package struct Top1: Encodable, Sendable {
    package var samples: Int
    package var reference: Double
    package var plan: Double
  }

  /// The noise of what one projection gives, everything before it quantized too.
  package struct Projection: Encodable, Sendable {
    package var function: String
    package var weight: String
    /// "u7", "u8" or "f32": what it multiplies in the plan.
    package var precision: String
    /// nil where there is no noise.
    package var sqnrDb: Double?
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
  package var thresholds: VerifyThresholds
  /// What the plan does not keep of the thresholds.
  package var failures: [String]
  /// Whether it keeps all.
  package var passed: Bool
  package var logprobDifference: Difference
  package var divergence: Divergence
  /// nil where the data gives no texts.
  package var loss: Loss?
  /// nil where no sample is of a class.
  package var top1: Top1?
  package var sqnrDb: Noise
  /// nil where the data gives no texts.
  package var exactMatch: ExactMatch?
  /// In running order; empty for a plan that was compiled in another way.
  package var projections: [Projection]
  /// Samples that do not agree, then those whose probabilities differ most; at most five.
  package var worst: [Sample]

  /// For people.
  package var text: String {
    var table = TextTable()
    func percent(_ share: Double) -> String { rounded(100 * share, 2) + " %" }
    func decibels(_ value: Double?) -> String { value.map { rounded($0, 1) + " dB" } ?? "exact" }
    table.add("samples", "\(samples)")
    table.add(
      "same caption", percent(agreement), "at least \(percent(thresholds.minimumAgreement)) wanted")
    table.add("log p difference", "mean \(rounded(logprobDifference.mean, 5))")
    table.add("", "max \(rounded(logprobDifference.max, 5))")
    table.add("KL per token", "mean \(rounded(divergence.mean, 6))")
    table.add("", "max \(rounded(divergence.max, 6))")
    if let loss {
      table.add("loss, fp32", rounded(loss.reference, 5), "of \(loss.tokens) tokens")
      table.add(
        "loss, \(precision)", rounded(loss.plan, 5), "\(rounded(100 * loss.change, 3)) % more")
    }
    if let top1 {
      table.add("right class, fp32", percent(top1.reference), "of \(top1.samples)")
      table.add("right class, \(precision)", percent(top1.plan))
    }
    table.add("SQNR of features", decibels(sqnrDb.features))
    table.add("SQNR of logits", decibels(sqnrDb.logits))
    if let exactMatch {
      table.add("right, fp32", percent(exactMatch.reference), "of \(exactMatch.samples)")
      table.add("right, \(precision)", percent(exactMatch.plan))
    }
    var lines = ["\(plan) (\(precision)) against \(checkpoint) (fp32) on \(data)", table.text]
    if !projections.isEmpty {
      var noise = TextTable()
      noise.add("projection", "", "computes", "SQNR, dB")
      for projection in projections {
        noise.add(
          projection.function, projection.weight, projection.precision,
          projection.sqnrDb.map { rounded($0, 1) } ?? "exact")
      }
      lines.append("\n" + noise.text + "\n")
    }
    if !worst.isEmpty { lines.append("worst:") }
    for sample in worst {
      let name = sample.question.map { "\(sample.input), \($0)" } ?? sample.input
      lines.append("  \(name): max log p difference \(rounded(sample.maxDifference, 5))")
      lines.append(
        sample.agrees
          ? "    both: \(sample.plan)"
          : "    fp32: \(sample.reference)\n    \(precision): \(sample.plan)")
    }
    return (lines + [passed ? "passed" : "failed: " + failures.joined(separator: "; ")])
      .joined(separator: "\n")
  }
}
