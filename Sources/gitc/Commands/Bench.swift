import ArgumentParser
import Diagnostics
import Evaluation

/// `gitc bench`: how fast a plan captions here.
struct Bench: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Measure how fast a plan captions on this machine.",
    discussion: """
      Captions made-up pixels: image is one of them, video a clip of as many frames as the model \
      takes, stream the same clip after one new frame, batch eight images at once. Every caption gets the same number of tokens. The fastest \
      round says what the machine can do, the median what to expect while it is as busy as now.

      Example: gitc bench scenes.plan
               gitc bench scenes.plan --workload video --beam 4 --threads 2 --format json
      """)

  @Argument(help: "Plan that gitc compile wrote.")
  var plan: String

  @Option(help: "image, video, stream or batch.")
  var workload = SpeedReport.Workload.image

  @Option(help: ArgumentHelp("Beams of the search.", valueName: "n"))
  var beam = 1

  @Option(help: ArgumentHelp("Tokens of each caption.", valueName: "n"))
  var maxTokens = 16

  @Option(help: ArgumentHelp("Captions measured.", valueName: "n"))
  var rounds = 20

  @Option(help: "text or json.")
  var format = ReportFormat.text

  @OptionGroup var execution: ExecutionOptions

  func validate() throws {
    for (name, value) in [("beam", beam), ("max-tokens", maxTokens), ("rounds", rounds)]
    where !(1...10_000).contains(value) {
      throw ValidationError("--\(name) takes 1 to 10000, not \(value)")
    }
  }

  func run() throws {
    let measurement = SpeedMeasurement(
      workload: workload, beams: beam, tokens: maxTokens, rounds: rounds)
    let report = try measurement.run(
      plan: plan, kernels: execution.kernels(), threads: execution.threads.count)
    try StandardStreams.result(format == .json ? JSONText.of(report) : report.text)
  }
}

extension SpeedReport.Workload: ExpressibleByArgument {}
