import ArgumentParser
import Diagnostics
import Evaluation

/// `gitc inspect`: what is in a file.
struct Inspect: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show what is in a checkpoint, a plan, a graph or an ONNX model.",
    discussion: """
      Sizes, functions and their types, tensors; for a plan also the memory each function takes for \
      one image. A graph is a serialized one or its text form.

      Example: gitc inspect scenes.plan
               gitc inspect scenes.ckpt --format json
      """)

  @Argument(help: "The file.")
  var file: String

  @Option(help: "text or json.")
  var format = ReportFormat.text

  func run() throws {
    let report = try FileReport.read(path: file)
    try StandardStreams.result(format == .json ? JSONText.of(report) : report.text)
  }
}
