import ArgumentParser
import Diagnostics
import Evaluation

/// `gitc verify`: a plan against its checkpoint.
struct Verify: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Hold a plan against the floats of its checkpoint.",
    discussion: """
      Captions DATA with the plan and with the checkpoint compiled to fp32, and tells how many \
      captions agree, how far the probabilities of the tokens are apart, the loss on the texts that \
      DATA gives, the noise of the encoder's features, the decoder's scores and every projection, and \
      the inputs on which the two differ most. DATA is a data set of any form (docs/data.md), an image \
      TSV, a folder of images, or one input. Exit code 1 when a threshold is not kept.

      Example: gitc verify scenes.ckpt scenes.plan --data scenes/scenes-validation.img.tsv
               gitc verify scenes.ckpt scenes.plan --data scenes/scenes-validation.img.tsv \
                 --min-agreement 0.98 --max-loss-change 0.005 --format json
               gitc verify cifar.ckpt cifar.plan --data cifar/test.img.tsv --classes classes.txt \
                 --max-top1-drop 0.002
      """)

  @Argument(help: "Checkpoint that the plan was compiled from.")
  var checkpoint: String

  @Argument(help: "Plan to check.")
  var plan: String

  @Option(help: "What to caption.")
  var data: String

  @OptionGroup var dataOptions: DataOptions

  @Option(help: "The most samples.")
  var limit: Int?

  @Option(help: "The share of captions that have to agree, 0 to 1.")
  var minAgreement = 0.99

  @Option(help: "The most that the loss on the data's texts may change, as a share of itself.")
  var maxLossChange: Double?

  @Option(help: "The least SQNR of the decoder's scores, in decibels.")
  var minSqnr: Double?

  @Option(
    help:
      "A class per line: samples whose text is one of them count as right where it is likeliest.")
  var classes: String?

  @Option(help: "With --classes, the most that the share of right classes may fall.")
  var maxTop1Drop: Double?

  @Option(help: "text or json.")
  var format = ReportFormat.text

  @OptionGroup var execution: ExecutionOptions

  func validate() throws {
    guard (0...1).contains(minAgreement) else {
      throw ValidationError("--min-agreement takes 0 to 1, not \(minAgreement)")
    }
    if maxTop1Drop != nil, classes == nil {
      throw ValidationError("--max-top1-drop is about classes; give --classes")
    }
    for (name, value) in [("--max-loss-change", maxLossChange), ("--max-top1-drop", maxTop1Drop)] {
      if let value, !(value >= 0) { throw ValidationError("\(name) takes 0 or more, not \(value)") }
    }
    if let limit, limit < 1 { throw ValidationError("--limit takes 1 or more, not \(limit)") }
  }

  func run() throws {
    let verifier = try Verifier(
      checkpoint: checkpoint, plan: plan, kernels: execution.kernels(),
      threads: execution.threads.count)
    let samples = try EvaluationData(dataOptions.location(data), limit: limit)
    let total = samples.samples.count
    let thresholds = VerifyThresholds(
      minimumAgreement: minAgreement, maximumLossChange: maxLossChange,
      maximumTop1Drop: maxTop1Drop, minimumLogitsDb: minSqnr)
    let report = try verifier.verify(
      samples, name: data, thresholds: thresholds,
      classes: classes.map { path in try ClassList.read(path: path) } ?? []
    ) { done in
      StandardStreams.progress(done, of: total, "samples")
    }
    try StandardStreams.result(format == .json ? JSONText.of(report) : report.text)
    if !report.passed { throw ExitStatus.checkFailed.code }
  }
}
