import ArgumentParser
import Checkpoint
import Compiler
import Diagnostics
import Evaluation
import Formats
import Graph
import ONNX

/// `gitc compile`: from a checkpoint or an ONNX model to a plan.
struct Compile: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract:
      "Compile a checkpoint into a plan that gitc run takes, or an ONNX model into one for gitc call.",
    discussion: """
      Passes, for --print-after and --stop-after: \(Self.stages.joined(separator: ", ")).

      Example: gitc compile scenes.ckpt -o scenes.plan
               gitc compile scenes.ckpt -o scenes.plan --precision fp32 --report report.json
               gitc compile vit.onnx -o vit.plan --precision fp32
               gitc compile scenes.ckpt -o scenes.plan --calibrate scenes-validation.img.tsv
               gitc compile git-base.ckpt -o git-base.plan --merge-tokens 8
               gitc compile git-base.ckpt -o git-base.plan --drop-tokens 2
               gitc compile scenes.ckpt -o scenes.plan --step-weights int4
               gitc compile scenes.ckpt --stop-after split-prefix
               gitc compile scenes.ckpt -o scenes.plan --emit-dot scenes.dot && dot -Tsvg -O scenes.dot
      """)

  @Argument(help: "Checkpoint or ONNX model to read; the contents decide which.")
  var model: String

  @Option(name: .shortAndLong, help: "Plan to write; not needed with --stop-after.")
  var output: String?

  @Option(help: "int8: exact integer sums; fp32: floats throughout.")
  var precision = Precision.int8

  @Option(
    help: "Weights of decoding steps: int8, or int4 for half the bytes a token reads.")
  var stepWeights = StepWeights.int8

  @Option(
    help: "Data to measure on: projections whose quantization costs most get more bits or floats.")
  var calibrate: String?

  @OptionGroup var dataOptions: DataOptions

  @Option(help: "With --calibrate, the most that int8 may change the loss, as a share of itself.")
  var budget = 0.005

  @Option(
    help: ArgumentHelp(
      "Merge neighbouring image tokens after so many blocks of a ViT: faster, at a loss.",
      valueName: "blocks"))
  var mergeTokens: Int?

  @Option(
    help: ArgumentHelp(
      "Drop half of the image tokens after so many layers of the decoder: faster, at a loss.",
      valueName: "layers"))
  var dropTokens: Int?

  @Option(help: "Write what each pass did as JSON.")
  var report: String?

  @Option(help: "Write the final graphs for Graphviz.")
  var emitDot: String?

  @Option(help: "Print the graphs after this pass instead of a summary.")
  var printAfter: String?

  @Option(help: "Stop after this pass and print the graphs; no plan is written.")
  var stopAfter: String?

  @OptionGroup var execution: ExecutionOptions

  private static let stages = Pipeline.stages(.int8)

  func validate() throws {
    let stages = Pipeline.stages(precision)
    for (option, stage) in [("--print-after", printAfter), ("--stop-after", stopAfter)] {
      guard let stage, !stages.contains(stage) else { continue }
      throw ValidationError(
        "\(option) takes one of \(stages.joined(separator: ", ")), not '\(stage)'")
    }
    if stopAfter != nil, output ?? printAfter ?? calibrate ?? report != nil {
      throw ValidationError(
        "--stop-after writes no plan; leave out -o, --print-after, --calibrate and --report")
    }
    if stopAfter == nil, output == nil { throw ValidationError("-o is missing: the plan to write") }
    if calibrate != nil, precision != .int8 {
      throw ValidationError("--calibrate chooses how to quantize; leave out --precision fp32")
    }
    if stepWeights == .int4, precision != .int8 {
      throw ValidationError("--step-weights int4 is for int8 plans; leave out --precision fp32")
    }
    guard budget >= 0 else { throw ValidationError("--budget takes 0 or more, not \(budget)") }
  }

  func run() throws {
    let source = try reduced(CompileSource.read(path: model))
    if let stopAfter { return try stop(source, after: stopAfter) }
    guard let output else { preconditionFailure("validation asks for -o") }
    var printed: [String] = []
    let watch: PassDriver.Watch = { pass, function, graph in
      if pass == printAfter { printed.append("// \(function) after \(pass)\n\(graph.text)") }
    }
    let threads = execution.threads.count
    var calibration: CalibrationReport?
    let compiled: CompiledPlan
    switch source {
    case .checkpoint(let source):
      calibration = try calibrate.map { data in
        try CalibrationReport(
          source, path: model, data: dataOptions.location(data), budget: budget,
          kernels: execution.kernels(), threads: threads)
      }
      compiled =
        try calibration?.compile(
          source, stepWeights: stepWeights, place: model, threads: threads, watch: watch)
        ?? Compiler.compile(
          source, precision: precision, place: model,
          quantization: QuantizationOptions(stepWeights: stepWeights), threads: threads,
          watch: watch)
    case .program(let source):
      guard calibrate == nil else { throw noCheckpoint("leave out --calibrate") }
      guard stepWeights == .int8 else { throw noCheckpoint("leave out --step-weights") }
      compiled = try Compiler.compile(
        source.graph, source.parameters, precision: precision, place: model, threads: threads,
        watch: watch)
    }
    try compiled.write(to: output)
    var summary = CompileReport(
      compiled, precision: precision,
      parameterBytes: source.parameters.values.reduce(0) { $0 + 4 * $1.elementCount },
      checkpoint: model, plan: output)
    summary.calibration = calibration
    if let report { try ResultFile.write(JSONText.of(summary) + "\n", to: report) }
    try draw(compiled.graphs.functions)
    try StandardStreams.result(
      printAfter == nil ? summary.text : printed.joined(separator: "\n"))
  }

  /// The source with fewer image tokens, where that is asked for.
  private func reduced(_ source: CompileSource) throws(InputError) -> CompileSource {
    let reduction = GIT.TokenReduction(
      mergeAfterBlocks: mergeTokens, dropAfterLayers: dropTokens)
    if reduction == .none { return source }
    guard case .checkpoint(let checkpoint) = source else {
      throw noCheckpoint("leave out --merge-tokens and --drop-tokens")
    }
    return .checkpoint(try Compiler.reducing(checkpoint, reduction, place: model))
  }

  /// Prints the graphs after a stage and compiles no further.
  private func stop(_ source: CompileSource, after stage: String) throws {
    guard case .checkpoint(let source) = source else {
      throw noCheckpoint("use --print-after with -o")
    }
    let graphs = try Compiler.graphs(source, after: stage, precision: precision, place: model)
    try draw(graphs)
    let texts = graphs.map { "// \($0.name) after \(stage)\n\($0.graph.text)" }
    try StandardStreams.result(texts.joined(separator: "\n"))
  }

  private func noCheckpoint(_ advice: String) -> InputError {
    InputError(
      .usage, "an option needs a captioner", expected: "a checkpoint", found: "an ONNX model",
      in: model, advice: advice)
  }

  /// Writes what --emit-dot asks for.
  private func draw(_ graphs: [(name: String, graph: Graph)]) throws {
    guard let emitDot else { return }
    let pictures = graphs.map { $0.graph.dot(name: $0.name) }
    try ResultFile.write(pictures.joined(separator: "\n"), to: emitDot)
  }
}

extension Precision: ExpressibleByArgument {}
extension StepWeights: ExpressibleByArgument {}
