import ArgumentParser
import Checkpoint
import Compiler
import Diagnostics
import Evaluation
import Formats
import Graph

/// `gitc compile`: from a checkpoint to a plan.
struct Compile: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Compile a checkpoint into a plan that gitc run takes.",
    discussion: """
      Passes, for --print-after: \(Passes.names.joined(separator: ", ")).

      Example: gitc compile scenes.ckpt -o scenes.plan
               gitc compile scenes.ckpt -o scenes.plan --precision fp32 --report report.json
               gitc compile scenes.ckpt -o scenes.plan --calibrate scenes-validation.img.tsv
               gitc compile scenes.ckpt -o scenes.plan --emit-dot scenes.dot && dot -Tsvg -O scenes.dot
      """)

  @Argument(help: "Checkpoint to read.")
  var checkpoint: String

  @Option(name: .shortAndLong, help: "Plan to write.")
  var output: String

  @Option(help: "int8: exact integer sums; fp32: floats throughout.")
  var precision = Precision.int8

  @Option(
    help: "Data to measure on: projections whose quantization costs most get more bits or floats.")
  var calibrate: String?

  @Option(help: "With --calibrate, the most nats per token that int8 may differ from fp32.")
  var budget = 0.005

  @Option(help: "Write what each pass did as JSON.")
  var report: String?

  @Option(help: "Write the final graphs of the functions for Graphviz.")
  var emitDot: String?

  @Option(help: "Print the graphs after this pass instead of a summary.")
  var printAfter: String?

  @OptionGroup var execution: ExecutionOptions

  func validate() throws {
    if let printAfter, !Passes.names.contains(printAfter) {
      throw ValidationError(
        "--print-after takes one of \(Passes.names.joined(separator: ", ")), not '\(printAfter)'")
    }
    if calibrate != nil, precision != .int8 {
      throw ValidationError("--calibrate chooses how to quantize; leave out --precision fp32")
    }
    guard budget >= 0 else { throw ValidationError("--budget takes 0 or more, not \(budget)") }
  }

  func run() throws {
    let source = try Checkpoint.read(path: checkpoint)
    var printed: [String] = []
    let watch: PassDriver.Watch = { pass, function, graph in
      if pass == printAfter { printed.append("// \(function) after \(pass)\n\(graph.text)") }
    }
    let calibration = try calibrate.map { data in
      try CalibrationReport(
        source, path: checkpoint, data: data, budget: budget, kernels: execution.kernels(),
        threads: execution.threads.count)
    }
    let compiled =
      try calibration?.compile(source, place: checkpoint, watch: watch)
      ?? Compiler.compile(source, precision: precision, place: checkpoint, watch: watch)
    try compiled.write(to: output)
    var summary = CompileReport(
      compiled, precision: precision,
      parameterBytes: source.parameters.values.reduce(0) { $0 + 4 * $1.elementCount },
      checkpoint: checkpoint, plan: output)
    summary.calibration = calibration
    if let report { try ResultFile.write(JSONText.of(summary) + "\n", to: report) }
    if let emitDot {
      let pictures = compiled.graphs.functions.map { $0.graph.dot(name: $0.name) }
      try ResultFile.write(pictures.joined(separator: "\n"), to: emitDot)
    }
    try StandardStreams.result(
      printAfter == nil ? summary.text : printed.joined(separator: "\n"))
  }
}

extension Precision: ExpressibleByArgument {}

/// The passes by name, in running order.
private enum Passes {
  static var names: [String] {
    Pipeline.whole.map { type(of: $0).name } + ["partition"]
      + Pipeline.functions(.int8).map { type(of: $0).name }
  }
}
