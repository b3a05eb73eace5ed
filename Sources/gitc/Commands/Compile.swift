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
               gitc compile scenes.ckpt -o scenes.plan --emit-dot scenes.dot && dot -Tsvg -O scenes.dot
      """)

  @Argument(help: "Checkpoint to read.")
  var checkpoint: String

  @Option(name: .shortAndLong, help: "Plan to write.")
  var output: String

  @Option(help: "int8: exact integer sums; fp32: floats throughout.")
  var precision = Precision.int8

  @Option(help: "Write what each pass did as JSON.")
  var report: String?

  @Option(help: "Write the final graphs of the functions for Graphviz.")
  var emitDot: String?

  @Option(help: "Print the graphs after this pass instead of a summary.")
  var printAfter: String?

  func validate() throws {
    if let printAfter, !Passes.names.contains(printAfter) {
      throw ValidationError(
        "--print-after takes one of \(Passes.names.joined(separator: ", ")), not '\(printAfter)'")
    }
  }

  func run() throws {
    let source = try Checkpoint.read(path: checkpoint)
    var printed: [String] = []
    let compiled = try Compiler.compile(source, precision: precision, place: checkpoint) {
      pass, function, graph in
      if pass == printAfter { printed.append("// \(function) after \(pass)\n\(graph.text)") }
    }
    try compiled.write(to: output)
    let summary = CompileReport(
      compiled, precision: precision,
      parameterBytes: source.parameters.values.reduce(0) { $0 + 4 * $1.elementCount },
      checkpoint: checkpoint, plan: output)
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
