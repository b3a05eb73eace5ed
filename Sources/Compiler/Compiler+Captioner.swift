package import Checkpoint
package import Diagnostics
import Formats
package import Graph

extension Compiler {
  /// What plans say made them.
  static let producer = "gitc 0.1.0"

  /// Compiles a checkpoint to a plan of `encode`, `prefix` and `step`.
  ///
  /// - Parameters:
  ///   - checkpoint: validated; a captioner of the family that `GIT.logits` builds.
  ///   - precision: what projections compute with.
  ///   - place: the checkpoint's path, for errors.
  ///   - quantization: how projections are quantized in an int8 plan; ``Calibrator`` finds what is best.
  ///   - threads: how many quantize, 1 to 1024; the plan is the same for every number.
  ///   - watch: called after each pass with its name, the function ("model" before the split) and the
  ///     graph it made.
  /// - Returns: the plan; its weights are worked out when it is written.
  /// - Throws: `.badData` when the graph is no captioner that the compiler can take apart, or a
  ///   weight is not finite.
  package static func compile(
    _ checkpoint: Checkpoint, precision: Precision, place: String,
    quantization: QuantizationOptions = QuantizationOptions(), threads: Int = 1,
    watch: @escaping PassDriver.Watch = { _, _, _ in }
  ) throws(InputError) -> CompiledPlan {
    try compile(
      checkpoint, ParameterStore(checkpoint.parameters, threads: threads), precision: precision,
      place: place, quantization: quantization, watch: watch)
  }

  /// As ``compile(_:precision:place:quantization:threads:watch:)``, with a store of the checkpoint's parameters
  /// that the caller keeps: scales of weights are searched for once in its life.
  static func compile(
    _ checkpoint: Checkpoint, _ parameters: ParameterStore, precision: Precision, place: String,
    quantization: QuantizationOptions = QuantizationOptions(),
    watch: @escaping PassDriver.Watch = { _, _, _ in }
  ) throws(InputError) -> CompiledPlan {
    try parameters.checkFinite(place: place)
    try checkCaptions(checkpoint.graph, place: place)
    let graphs = try describing(place) { () throws(CompileError) in
      try CaptionerGraphs(
        checkpoint.graph, parameters, precision: precision, quantization: quantization, watch: watch
      )
    }
    let model = PlanModel(
      preprocessing: checkpoint.preprocessing, vocabulary: checkpoint.vocabulary,
      maximumTextLength: checkpoint.configuration.text.maximumTextLength,
      maximumFrames: checkpoint.configuration.frames, precision: precision.rawValue)
    var compiled = CompiledPlan(graphs.lowered, model: model)
    compiled.provePartialSums()
    return compiled
  }

  /// The graphs of a checkpoint after one stage of the pipeline, for people to look at.
  ///
  /// - Parameters:
  ///   - checkpoint: validated.
  ///   - stage: one of ``Pipeline/stages(_:)`` of `precision`.
  ///   - precision: what projections compute with.
  ///   - place: the checkpoint's path, for errors.
  /// - Returns: "model" before the split, the functions from it on.
  /// - Throws: `.badData` when the graph does not get that far.
  package static func graphs(
    _ checkpoint: Checkpoint, after stage: String, precision: Precision, place: String
  ) throws(InputError) -> [(name: String, graph: Graph)] {
    try checkCaptions(checkpoint.graph, place: place)
    return try describing(place) { () throws(CompileError) in
      try CaptionerGraphs.graphs(
        of: checkpoint.graph, ParameterStore(checkpoint.parameters), after: stage,
        precision: precision)
    }
  }

  /// Two towers of a contrastive stage are a model too, but not one that says anything.
  private static func checkCaptions(_ graph: Graph, place: String) throws(InputError) {
    guard graph.outputs.count > 1 else { return }
    throw InputError(
      .badData, "the model does not caption", expected: "a graph with the one output 'logits'",
      found: graph.outputs.map { "'\($0.name)'" }.joined(separator: ", "), in: place,
      advice: "train a captioner that starts from its encoder: gitc train RECIPE --init \(place)")
  }

  private static func describing<Result>(
    _ place: String, _ compile: () throws(CompileError) -> Result
  ) throws(InputError) -> Result {
    do { return try compile() } catch {
      throw InputError(
        .badData, "the graph cannot be compiled", expected: error.expected, found: error.found,
        in: place, advice: "compile a model that `gitc train` or `gitc import` made")
    }
  }
}
