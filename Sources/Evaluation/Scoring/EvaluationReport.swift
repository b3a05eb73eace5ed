/// How good predictions are: what `gitc eval` prints.
package struct EvaluationReport: Encodable, Sendable {
  /// A threshold that was asked for.
  package struct Threshold: Encodable, Sendable, Equatable {
    package var metric: Metric
    package var minimum: Double

    package init(_ metric: Metric, _ minimum: Double) {
      (self.metric, self.minimum) = (metric, minimum)
    }
  }

  /// The plan, or the file of predictions.
  package var model: String
  /// Where the references are from.
  package var data: String
  /// Predictions that count.
  package var samples: Int
  /// Samples that could not be read.
  package var skipped: Int
  package var metrics: [Metric: Double]
  package var thresholds: [Threshold]
  /// Whether every threshold is reached.
  package var passed: Bool
  /// Wrong predictions, the worst by CIDEr-D first; at most ``worstCount``.
  package var worst: [Prediction]

  static let worstCount = 5

  private enum CodingKeys: CodingKey {
    case model, data, samples, skipped, metrics, thresholds, passed, worst
  }

  package init(
    model: String, data: String, predictions: [Prediction], skipped: Int, hasClasses: Bool,
    thresholds: [Threshold]
  ) {
    self.model = model
    self.data = data
    self.skipped = skipped
    self.thresholds = thresholds
    samples = predictions.count { !$0.references.isEmpty }
    let (metrics, cider) = Metric.values(predictions, hasClasses: hasClasses)
    self.metrics = metrics
    passed = thresholds.allSatisfy { (metrics[$0.metric] ?? -1) >= $0.minimum }
    let wrong = predictions.indices.filter {
      !predictions[$0].references.isEmpty && !predictions[$0].isExact
    }
    worst = wrong.sorted { (cider[$0] ?? 0, $0) < (cider[$1] ?? 0, $1) }
      .prefix(Self.worstCount).map { predictions[$0] }
  }

  /// For people: shares as percent, CIDEr times 100, as papers print them.
  package var text: String {
    var table = TextTable()
    table.add("samples", "\(samples)", skipped > 0 ? "\(skipped) skipped" : "")
    for metric in Metric.allCases {
      guard let value = metrics[metric] else { continue }
      let bound = thresholds.first { $0.metric == metric }
      table.add(
        metric.title, rounded(100 * value, 2),
        bound.map { "at least \(rounded(100 * $0.minimum, 2)) wanted" } ?? "")
    }
    var lines = ["\(model) on \(data)", table.text]
    if !worst.isEmpty { lines.append("worst:") }
    for sample in worst {
      let name = sample.question.map { "\(sample.key), \($0)" } ?? sample.key
      lines.append("  \(name): \(sample.prediction)")
      lines.append("    right: \(sample.references.prefix(3).joined(separator: " | "))")
    }
    if !thresholds.isEmpty {
      let missed = thresholds.filter { (metrics[$0.metric] ?? -1) < $0.minimum }
      lines.append(
        missed.isEmpty
          ? "passed" : "failed: \(missed.map(\.metric.title).joined(separator: ", ")) too low")
    }
    return lines.joined(separator: "\n")
  }
}
