/// Progress for people: a bar redrawn in place on a terminal, a line now and then elsewhere.
package struct TrainingDisplay {
  private let isTerminal: Bool
  private var smoothedLoss: Float?
  private var skippedCount = 0

  /// So many unreadable samples are told one by one; the log has all of them.
  private static let namedSkips = 10

  package init(isTerminal: Bool) { self.isTerminal = isTerminal }

  /// What to write to stderr, with its line ends; nil for nothing.
  package mutating func text(for progress: TrainingProgress) -> String? {
    switch progress {
    case .stage(let name, let first, let last, let start):
      smoothedLoss = nil
      return "stage \(name): steps \(first) to \(last)"
        + (start.map { ", \($0.summary)" } ?? "") + "\n"
    case .step(let step):
      let loss = smoothedLoss.map { $0 + (step.loss - $0) / 20 } ?? step.loss
      smoothedLoss = loss
      let facts =
        "step \(step.step)/\(step.steps)  loss \(rounded(Double(loss), 3))"
        + "  \(rounded(step.samplesPerSecond, 1)) samples/s  \(duration(step.secondsLeft)) left"
      if isTerminal {
        let filled = 24 * step.step / step.steps
        let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: 24 - filled)
        return "\r\u{1B}[K\(bar) \(facts)" + (step.step == step.steps ? "\n" : "")
      }
      return step.step % 100 == 0 || step.step == step.steps ? facts + "\n" : nil
    case .validation(let step, let results):
      return results.map { source, metrics in
        "\(isTerminal ? "\r\u{1B}[K" : "")step \(step)  \(source): loss \(rounded(metrics.loss, 4)), "
          + metrics.shares.map {
            "\($0.name.replacing("_", with: " ")) \(rounded(100 * $0.value, 1)) %"
          }.joined(separator: ", ") + " of \(metrics.samples)\n"
      }.joined()
    case .saved(let step, let path):
      return "\(isTerminal ? "\r\u{1B}[K" : "")step \(step)  saved \(path)\n"
    case .skipped(let step, let problem):
      skippedCount += 1
      guard skippedCount <= Self.namedSkips else { return nil }
      return "\(isTerminal ? "\r\u{1B}[K" : "")step \(step)  skipped a sample: \(problem)\n"
    }
  }

  private func rounded(_ value: Double, _ digits: Int) -> String {
    guard value.isFinite else { return "\(value)" }
    let unit = (0..<digits).reduce(1.0) { product, _ in product * 10 }
    let whole = Int((abs(value) * unit).rounded())
    let text = String(whole)
    let padded = String(repeating: "0", count: max(0, digits + 1 - text.count)) + text
    return (value < 0 ? "-" : "") + padded.dropLast(digits) + "." + padded.suffix(digits)
  }

  private func duration(_ seconds: Double) -> String {
    guard seconds.isFinite else { return "?" }
    let minutes = Int(seconds / 60)
    return minutes >= 60
      ? "\(minutes / 60) h \(minutes % 60) min"
      : minutes > 0 ? "\(minutes) min" : "\(Int(seconds)) s"
  }
}
