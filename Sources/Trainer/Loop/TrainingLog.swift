package import Diagnostics
import Formats
import FoundationEssentials
import Glibc

/// The JSON lines of `train --log`, one object per step or validation, appended and flushed at once
/// so that a killed run leaves a log of whole lines.
package final class TrainingLog {
  private struct StepLine: Encodable {
    /// Left out where the recipe has one stage.
    var stage: String?
    var step: Int
    var loss: Float
    var learning_rate: Float
    var gradient_norm: Float
    var samples_per_second: Double
  }

  private struct ValidationLine: Encodable {
    /// `loss`, `samples`, and the shares under their names.
    struct Metrics: Encodable {
      var metrics: ValidationMetrics

      func encode(to encoder: any Encoder) throws {
        var values = ["loss": metrics.loss, "samples": Double(metrics.samples)]
        for share in metrics.shares { values[share.name] = share.value }
        try values.encode(to: encoder)
      }
    }

    var stage: String?
    var step: Int
    var validation: [String: Metrics]
  }

  private struct SkippedLine: Encodable {
    var step: Int
    var skipped: String
  }

  /// What every line has.
  private struct AnyLine: Decodable {
    var step: Int
  }

  private let file: UnsafeMutablePointer<FILE>
  private let path: String
  private let encoder = JSONEncoder()
  private var stage: String?

  /// Opens `path` for a run that begins with `firstStep`.
  ///
  /// From step 1 on the log is a new one. A resumed run goes on with the old log, without the lines of
  /// steps that are done again, or a line that was cut short.
  package init(path: String, firstStep: Int) throws(InputError) {
    if firstStep > 1 { try Self.cut(path, before: firstStep) }
    guard let file = fopen(path, firstStep > 1 ? "a" : "w") else {
      throw InputError(
        .io, "log cannot be written", expected: "a writable path",
        found: String(cString: strerror(errno)), in: path, advice: "choose another --log path")
    }
    self.file = file
    self.path = path
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    // JSON has no NaN: a diverged loss is logged as text.
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
  }

  deinit { fclose(file) }

  private static func cut(_ path: String, before step: Int) throws(InputError) {
    guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { return }
    let kept = text.split(separator: "\n").filter { line in
      let line = try? JSONDecoder().decode(AnyLine.self, from: Data(line.utf8))
      return line.map { $0.step < step } ?? false
    }
    try AtomicFile.write(to: path) { file throws(InputError) in
      for line in kept { try file.write(Array("\(line)\n".utf8)) }
    }
  }

  /// Writes one line for `progress`; saved states are not logged.
  package func write(_ progress: TrainingProgress) throws(InputError) {
    switch progress {
    case .stage(let name, _, _, _): stage = name
    case .step(let step):
      try line(
        StepLine(
          stage: stage, step: step.step, loss: step.loss, learning_rate: step.learningRate,
          gradient_norm: step.gradientNorm, samples_per_second: step.samplesPerSecond))
    case .validation(let step, let results):
      let metrics = results.map { ($0.source, ValidationLine.Metrics(metrics: $0.metrics)) }
      try line(
        ValidationLine(
          stage: stage, step: step, validation: Dictionary(metrics) { first, _ in first }))
    case .skipped(let step, let problem):
      try line(SkippedLine(step: step, skipped: problem.description))
    case .saved: break
    }
  }

  private func line(_ value: some Encodable) throws(InputError) {
    let text: Data
    do { text = try encoder.encode(value) } catch {
      preconditionFailure("numbers and paths encode: \(error)")
    }
    guard fputs(String(decoding: text, as: UTF8.self) + "\n", file) >= 0, fflush(file) == 0 else {
      throw InputError(
        .io, "log cannot be written", expected: "room for a line",
        found: String(cString: strerror(errno)), in: path, advice: "free some space and resume")
    }
  }
}
