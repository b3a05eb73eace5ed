import FoundationEssentials

/// A finished training run as one HTML page that needs nothing else.
package struct TrainingReport: Sendable {
  /// One validation set.
  package struct Evaluated: Sendable {
    package var name: String
    package var report: EvaluationReport
    /// Some predictions with their pictures: typical ones, and the worst.
    package var samples: [Sample]
    package var worst: [Sample]

    package init(name: String, report: EvaluationReport, samples: [Sample], worst: [Sample]) {
      (self.name, self.report, self.samples, self.worst) = (name, report, samples, worst)
    }
  }

  /// A prediction and what was shown.
  package struct Sample: Sendable {
    package var prediction: Prediction
    /// PNG or JPEG files: one, or some frames of a clip.
    package var pictures: [[UInt8]]

    package init(_ prediction: Prediction, pictures: [[UInt8]]) {
      (self.prediction, self.pictures) = (prediction, pictures)
    }
  }

  package var title: String
  /// One line under the title.
  package var summary: String
  package var curves: TrainingCurves
  package var evaluated: [Evaluated]
  /// The recipe as it was written, with what was overridden.
  package var recipe: String
  package var skipped: [String]

  package init(
    title: String, summary: String, curves: TrainingCurves, evaluated: [Evaluated], recipe: String,
    skipped: [String]
  ) {
    self.title = title
    self.summary = summary
    self.curves = curves
    self.evaluated = evaluated
    self.recipe = recipe
    self.skipped = skipped
  }

  /// The page.
  package var html: String {
    """
    <!DOCTYPE html>
    <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
    <title>\(HTML.text(title))</title><style>\(HTML.style)</style></head><body><main>
    <h1>\(HTML.text(title))</h1><p class="lead">\(HTML.text(summary))</p>
    \(tiles)
    \(charts)
    \(table)
    \(evaluated.map(samples).joined(separator: "\n"))
    \(notes)
    <footer>Written by gitc train --report.</footer>
    </main></body></html>

    """
  }

  // MARK: Parts

  private var tiles: String {
    var tiles: [(String, String)] = []
    // What a reader looks for first: the first set's own measures.
    if let first = evaluated.first {
      for metric in [Metric.top1, .exactMatch, .ciderD, .bleu4, .vqaAccuracy] {
        guard let value = first.report.metrics[metric] else { continue }
        if metric == .exactMatch && first.report.metrics[.top1] != nil { continue }
        tiles.append((rounded(100 * value, 1), metric.title))
      }
    }
    if let last = curves.loss.points.suffix(100).map(\.value).average {
      tiles.append((rounded(last, 3), "training loss"))
    }
    if let last = curves.loss.points.last { tiles.append(("\(last.step)", "steps")) }
    if let speed = curves.samplesPerSecond.points.map(\.value).average {
      tiles.append((rounded(speed, 1), "samples per second"))
    }
    let cells = tiles.map { "<div class=\"tile\"><b>\($0)</b><span>\(HTML.text($1))</span></div>" }
    return "<div class=\"tiles\">\(cells.joined())</div>"
  }

  private var charts: String {
    let all = [
      LineChart(
        title: "Training loss", curves: [curves.loss], isLogarithmic: true, hasBand: true),
      LineChart(
        title: "Validation loss", curves: curves.validationLoss, isLogarithmic: true),
      LineChart(
        title: "Exact, given the right words before, %", curves: curves.exact, fixedTop: 100),
      LineChart(title: "Gradient norm", curves: [curves.gradientNorm], hasBand: true),
      LineChart(title: "Learning rate", curves: [curves.learningRate]),
      LineChart(title: "Samples per second", curves: [curves.samplesPerSecond], hasBand: true),
    ]
    return "<h2>Curves</h2><div class=\"charts\">\(all.map(\.html).joined())</div>"
  }

  private var table: String {
    let used = Metric.allCases.filter { metric in
      evaluated.contains { $0.report.metrics[metric] != nil }
    }
    guard !used.isEmpty else { return "" }
    let head = used.map { "<th>\($0.title)</th>" }.joined()
    let rows = evaluated.map { set in
      let cells = used.map { metric in
        "<td>\(set.report.metrics[metric].map { rounded(100 * $0, 1) } ?? "–")</td>"
      }
      return
        "<tr><td>\(HTML.text(set.name))</td><td>\(set.report.samples)</td>\(cells.joined())</tr>"
    }
    return """
      <h2>Measures</h2><div class="scroll"><table><tr><th>data</th><th>samples</th>\(head)</tr>\
      \(rows.joined())</table></div>
      """
  }

  private func samples(_ set: Evaluated) -> String {
    var parts =
      "<h2>\(HTML.text(set.name))</h2><div class=\"samples\">"
      + set.samples.map(card).joined() + "</div>"
    if !set.worst.isEmpty {
      parts +=
        "<h2>Worst of \(HTML.text(set.name))</h2><div class=\"samples\">"
        + set.worst.map(card).joined() + "</div>"
    }
    return parts
  }

  private func card(_ sample: Sample) -> String {
    let prediction = sample.prediction
    let pictures = sample.pictures.map { bytes in
      let kind = bytes.first == 0x89 ? "png" : "jpeg"
      return "<img alt=\"\" src=\"data:image/\(kind);base64,\(Data(bytes).base64EncodedString())\">"
    }
    let verdict = prediction.references.isEmpty ? "" : prediction.isExact ? "good" : "bad"
    let question = prediction.question.map { "<q>\(HTML.text($0))</q>" } ?? ""
    let right =
      prediction.isExact
      ? "" : prediction.references.prefix(2).map { "<s>\(HTML.text($0))</s>" }.joined()
    return """
      <div class="sample"><div class="frames">\(pictures.joined())</div><div class="said">\(question)\
      <b class="\(verdict)">\(HTML.text(prediction.prediction))</b>\(right)\
      <small>\(HTML.text(prediction.key))</small></div></div>
      """
  }

  private var notes: String {
    let lines = skipped.map { "<li>\(HTML.text($0))</li>" }.joined()
    let left = lines.isEmpty ? "" : "<h2>Left out</h2><ul>\(lines)</ul>"
    return """
      \(left)<h2>Recipe</h2><details><summary>As it ran</summary><pre>\(HTML.text(recipe))</pre></details>
      """
  }
}

extension [Double] {
  /// nil of none.
  fileprivate var average: Double? { isEmpty ? nil : reduce(0, +) / Double(count) }
}
