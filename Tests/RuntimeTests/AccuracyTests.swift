import Compiler
import Checkpoint
import Data
import Evaluation
import Foundation
import Kernels
import Testing

/// int8 against fp32 plans of the trained model in the repository, on scenes it has not seen.
///
/// The scenes are rendered here from a seed that no data set of the recipe uses, so the samples are
/// fixed and nothing is read from outside the repository.
@Suite(.serialized) struct AccuracyTests {
  private static let checkpoint =
    #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3)
    .joined(separator: "/") + "/models/scenes.ckpt"

  /// What a set of 40 scenes must show.
  ///
  /// A row of 7 bits over a range of about ±3.5 deviations has steps of 0.055 of them, so an error of
  /// 0.055/√12 = 0.016: 36 dB for one projection's input; int8 weights add less. Residuals carry most
  /// of the signal past each projection, so features end above that and logits a little below.
  /// Measured on 1,000 scenes each: 37.5 to 38.2 and 31.7 to 32.5 dB, mean |Δ log p| 0.0003 to 0.0005, 99.9
  /// to 100 % of captions the same. The bounds leave 1.5 dB, a factor of 10, and one near-tie of 40.
  struct Bounds: Sendable {
    /// A TSV pair that `gitc data scenes` writes.
    var name: String
    /// Share of captions that are the same, token by token.
    var agreement: Double
    /// Mean |Δ log p| per token of fp32's captions.
    var meanDifference = 0.005
    /// Decibels.
    var features = 36.0
    /// Decibels, both given fp32's captions.
    var logits = 30.0
  }

  static let bounds = [
    Bounds(name: "scenes-validation-one", agreement: 0.975),
    Bounds(name: "scenes-validation", agreement: 0.975),
    Bounds(name: "clips-validation", agreement: 0.975),
  ]

  private static func withScenes<Result>(
    questions: Bool = false, _ body: (String) throws -> Result
  ) throws -> Result {
    let folder = FileManager.default.temporaryDirectory.path + "/gitc-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try SceneWriter.write(
      to: folder,
      options: ScenesOptions(
        images: 1, clips: 1, words: 1, seed: 20_261_123, questions: questions, evaluationRows: 40,
        threads: 2))
    return try body(folder)
  }

  @Test(arguments: bounds)
  func int8StaysWithinItsBoundsOfFP32(_ bounds: Bounds) throws {
    try Self.withScenes { folder in
      let plan = folder + "/scenes.plan"
      try Compiler.compile(
        Checkpoint.read(path: Self.checkpoint), precision: .int8, place: Self.checkpoint
      ).write(to: plan)
      let verifier = try Verifier(
        checkpoint: Self.checkpoint, plan: plan, kernels: KernelSet(), threads: 2)
      let report = try verifier.verify(
        EvaluationData(.init(path: "\(folder)/\(bounds.name).img.tsv")), name: bounds.name,
        thresholds: VerifyThresholds(minimumAgreement: bounds.agreement))
      #expect(report.samples == 40)
      #expect(report.passed, "\(report.text)")
      #expect(report.logprobDifference.mean <= bounds.meanDifference, "\(report.text)")
      let (features, logits) = (report.sqnrDb.features, report.sqnrDb.logits)
      #expect(try #require(features) >= bounds.features, "\(report.text)")
      #expect(try #require(logits) >= bounds.logits, "\(report.text)")
      // Quantization is real: exact equality would mean that fp32 was compared with itself.
      #expect(report.logprobDifference.mean > 0)
    }
  }

  /// The model's own level, as shares of 40 rows, or 120 with two questions about each, that fp32 and int8 each
  /// caption or answer exactly.
  ///
  /// Measured on 1,000: 100, 99.0, 99.3 and 96.7 % of captions; 99.7 % of words; of captions and answers
  /// together 98.9 %. The bounds are two deviations of a binomial count below, and one row.
  @Test(arguments: [
    ("scenes-validation-one", false, 0.975), ("scenes-heldout-one", false, 0.925),
    ("scenes-validation", false, 0.92), ("clips-heldout", false, 0.87),
    ("words-validation", false, 0.96), ("scenes-validation", true, 0.95),
  ])
  func scenesAreDescribedAsWellAsWhenTheModelWasTrained(
    name: String, questions: Bool, bound: Double
  ) throws {
    try Self.withScenes(questions: questions) { folder in
      let plan = folder + "/scenes.plan"
      try Compiler.compile(
        Checkpoint.read(path: Self.checkpoint), precision: .int8, place: Self.checkpoint
      ).write(to: plan)
      let verifier = try Verifier(
        checkpoint: Self.checkpoint, plan: plan, kernels: KernelSet(), threads: 2)
      let report = try verifier.verify(
        EvaluationData(.init(path: "\(folder)/\(name).img.tsv")), name: name,
        thresholds: VerifyThresholds(minimumAgreement: 0))
      let exact = try #require(report.exactMatch)
      #expect(exact.samples == (questions ? 120 : 40))
      #expect(exact.plan >= bound, "\(report.text)")
      #expect(exact.reference >= bound, "\(report.text)")
    }
  }
}
