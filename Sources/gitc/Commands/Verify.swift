import ArgumentParser
import Diagnostics
import Evaluation

/// `gitc verify`: a plan against its checkpoint.
struct Verify: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Hold a plan against the floats of its checkpoint.",
    discussion: """
      Captions DATA with the plan and with the checkpoint compiled to fp32, and tells how many \
      captions agree, how far the probabilities of the tokens are apart, and the noise of the \
      encoder's features and the decoder's scores. DATA is a TSV pair (either file), an image TSV, a \
      folder of images, or one input. Exit code 1 when fewer captions agree than --min-agreement.

      Example: gitc verify scenes.ckpt scenes.plan --data scenes/scenes-validation.img.tsv
      """)

  @Argument(help: "Checkpoint that the plan was compiled from.")
  var checkpoint: String

  @Argument(help: "Plan to check.")
  var plan: String

  @Option(help: "What to caption.")
  var data: String

  @Option(help: "The most samples.")
  var limit: Int?

  @Option(help: "The share of captions that have to agree, 0 to 1.")
  var minAgreement = 0.99

  @Option(help: "text or json.")
  var format = ReportFormat.text

  @OptionGroup var execution: ExecutionOptions

  func validate() throws {
    guard (0...1).contains(minAgreement) else {
      throw ValidationError("--min-agreement takes 0 to 1, not \(minAgreement)")
    }
    if let limit, limit < 1 { throw ValidationError("--limit takes 1 or more, not \(limit)") }
  }

  func run() throws {
    let verifier = try Verifier(
      checkpoint: checkpoint, plan: plan, kernels: execution.kernels(),
      threads: execution.threads.count)
    let samples = try EvaluationData(path: data, limit: limit)
    let total = samples.samples.count
    let report = try verifier.verify(samples, name: data, minimumAgreement: minAgreement) { done in
      StandardStreams.progress(done, of: total, "samples")
    }
    try StandardStreams.result(format == .json ? JSONText.of(report) : report.text)
    if !report.passed { throw ExitStatus.checkFailed.code }
  }
}
