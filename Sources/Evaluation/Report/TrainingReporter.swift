import Captioning
import Checkpoint
import Compiler
package import Data
package import Diagnostics
import FoundationEssentials
package import Kernels
import Media
import Runtime

/// Makes the report of a finished run.
package struct TrainingReporter {
  /// Predictions shown of each set, besides the worst.
  private static let shownCount = 10
  /// The most samples of each set that are captioned.
  private static let sampleLimit = 500

  private let checkpoint: String
  private let captioner: Captioner

  /// Compiles the checkpoint, without quantization.
  ///
  /// - Throws: `InputError` where it cannot be read.
  package init(
    checkpoint: String, kernels: KernelSet, threads: Int
  ) throws(InputError) {
    self.checkpoint = checkpoint
    captioner = try Captioner(
      CaptionModel.floats(of: checkpoint), kernels: kernels, threads: threads)
  }

  /// Captions the sets and lays everything out.
  ///
  /// - Parameters:
  ///   - sets: by name; what is shown first comes first.
  ///   - curves: the run's log.
  ///   - recipe: its text.
  ///   - skipped: what was left out of each set.
  /// - Returns: the report.
  /// - Throws: `InputError` where no sample of a set can be read.
  package func report(
    sets: [(name: String, location: DatasetLocation)], curves: TrainingCurves, recipe: String,
    skipped: [String]
  ) throws(InputError) -> TrainingReport {
    var evaluated: [TrainingReport.Evaluated] = []
    for (name, location) in sets {
      evaluated.append(try evaluate(name, EvaluationData(location, limit: Self.sampleLimit)))
    }
    let title = checkpoint.split(separator: "/").last.map(String.init) ?? checkpoint
    let parts = [
      curves.loss.points.last.map { "\($0.step) steps" },
      evaluated.isEmpty ? nil : "\(evaluated.map(\.report.samples).reduce(0, +)) samples captioned",
      Date.now.formatted(Date.ISO8601FormatStyle().year().month().day()),
    ]
    return TrainingReport(
      title: title, summary: parts.compactMap { $0 }.joined(separator: " · "), curves: curves,
      evaluated: evaluated, recipe: recipe, skipped: skipped)
  }

  private func evaluate(
    _ name: String, _ data: EvaluationData
  ) throws(InputError) -> TrainingReport.Evaluated {
    let evaluator = Evaluator(captioner, options: CaptionOptions())
    let (predictions, skipped) = try evaluator.predictions(data)
    let report = EvaluationReport(
      model: checkpoint, data: name, predictions: predictions, skipped: skipped.count,
      hasClasses: data.hasClasses, thresholds: [])
    // Evenly from all of the set, whose neighbours may be alike.
    let shown = (0..<min(Self.shownCount, predictions.count)).map { index in
      predictions[index * predictions.count / min(Self.shownCount, predictions.count)]
    }
    return .init(
      name: name, report: report, samples: shown.map { sample($0, data) },
      worst: report.worst.map { sample($0, data) })
  }

  private func sample(_ prediction: Prediction, _ data: EvaluationData) -> TrainingReport.Sample {
    let source = data.samples.first {
      $0.name == prediction.key && $0.question == prediction.question
    }
    // A picture that cannot be read twice is only missed.
    let pictures = source.flatMap { try? data.pictures($0) } ?? []
    return .init(prediction, pictures: pictures)
  }
}

extension CaptionModel {
  /// A checkpoint as a model of floats, in a file that is gone when it is no longer used.
  ///
  /// - Throws: `InputError` where it cannot be read or compiled, or the temporary folder is full.
  static func floats(of checkpoint: String) throws(InputError) -> CaptionModel {
    let compiled = try Compiler.compile(
      Checkpoint.read(path: checkpoint), precision: .fp32, place: checkpoint)
    let manager = FileManager.default
    let file = manager.temporaryDirectory.path + "/gitc-floats-\(UUID().uuidString).plan"
    try compiled.write(to: file)
    // A mapping outlives its file's name. Where that cannot be removed, temporary folders are emptied.
    defer { try? manager.removeItem(atPath: file) }
    return try CaptionModel(path: file)
  }
}
