import ArgumentParser
import Diagnostics
import Evaluation

/// `gitc verify`: a plan against its checkpoint, or against its own checksums.
struct Verify: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Hold a plan against the floats of its checkpoint, or against its own checksums.",
    usage: """
      gitc verify <checkpoint> <plan> --data <data> [<options>]
      gitc verify <plan> --checksums [--format <format>]
      """,
    discussion: """
      Captions DATA with the plan and with the checkpoint compiled to fp32, and tells how many \
      captions agree, how far the probabilities of the tokens are apart, the loss on the texts that \
      DATA gives, the noise of the encoder's features, the decoder's scores and every projection, and \
      the inputs on which the two differ most. DATA is a data set of any form (docs/data.md), an image \
      TSV, a folder of images, or one input. Exit code 1 when a threshold is not kept.

      With --checksums, compares the SHA-256 of every part of the plan with the one that compile wrote, \
      and names the parts that differ; where all hold, it checks the weights by the format's rules, such \
      as how many products a sum of 16 bits may take. Exit code 1 when a part differs.

      Example: gitc verify scenes.ckpt scenes.plan --data scenes/scenes-validation.img.tsv
               gitc verify scenes.ckpt scenes.plan --data scenes/scenes-validation.img.tsv \
                 --min-agreement 0.98 --max-loss-change 0.005 --format json
               gitc verify cifar.ckpt cifar.plan --data cifar/test.img.tsv --classes classes.txt \
                 --max-top1-drop 0.002
               gitc verify scenes.plan --checksums
      """)

  @Argument(help: "The checkpoint and the plan compiled from it; with --checksums, the plan alone.")
  var files: [String]

  @Flag(help: "Compare the plan's bytes with the checksums in it.")
  var checksums = false

  @Option(help: "What to caption.")
  var data: String?

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
    if checksums {
      guard files.count == 1, data == nil else {
        throw ValidationError("--checksums takes one plan and no --data")
      }
      return
    }
    guard files.count == 2 else {
      throw ValidationError("verify takes a checkpoint and a plan, or one plan with --checksums")
    }
    guard data != nil else { throw ValidationError("--data is missing: what to caption") }
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
    guard let data else {
      let report = try ChecksumReport(plan: files[0])
      return try show(report, report.text, report.passed)
    }
    let verifier = try Verifier(
      checkpoint: files[0], plan: files[1], kernels: execution.kernels(),
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
    try show(report, report.text, report.passed)
  }

  private func show(_ report: some Encodable, _ text: String, _ passed: Bool) throws {
    try StandardStreams.result(format == .json ? JSONText.of(report) : text)
    if !passed { throw ExitStatus.checkFailed.code }
  }
}
