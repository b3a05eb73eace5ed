package import Checkpoint
package import Diagnostics
import Formats
import Graph

extension Compiler {
  /// What plans say made them.
  static let producer = "gitc 0.1.0"

  /// Compiles a checkpoint to a plan of `encode`, `prefix` and `step`.
  ///
  /// - Parameters:
  ///   - checkpoint: validated; a captioner of the family that `GIT.logits` builds.
  ///   - precision: what projections compute with.
  ///   - place: the checkpoint's path, for errors.
  ///   - exceptions: what some projections multiply in an int8 plan, by the names of their weights;
  ///     ``Calibrator`` finds them.
  ///   - watch: called after each pass with its name, the function ("model" before the split) and the
  ///     graph it made.
  /// - Returns: the plan; its weights are worked out when it is written.
  /// - Throws: `.badData` when the graph is no captioner that the compiler can take apart, or a
  ///   weight is not finite.
  package static func compile(
    _ checkpoint: Checkpoint, precision: Precision, place: String,
    exceptions: [String: ProjectionPrecision] = [:],
    watch: @escaping PassDriver.Watch = { _, _, _ in }
  ) throws(InputError) -> CompiledPlan {
    let parameters = ParameterStore(checkpoint.parameters)
    try parameters.checkFinite(place: place)
    let graphs: CaptionerGraphs
    do {
      graphs = try CaptionerGraphs(
        checkpoint.graph, parameters, precision: precision, exceptions: exceptions, watch: watch)
    } catch {
      throw InputError(
        .badData, "the graph cannot be compiled", expected: error.expected, found: error.found,
        in: place, advice: "compile a model that `gitc train` or `gitc import` made")
    }
    let preprocessing = checkpoint.preprocessing
    let model = PlanModel(
      imageSize: preprocessing.imageSize, resample: preprocessing.resample.rawValue,
      mean: preprocessing.mean, standardDeviation: preprocessing.standardDeviation,
      vocabulary: checkpoint.vocabulary,
      maximumTextLength: checkpoint.configuration.text.maximumTextLength,
      maximumFrames: checkpoint.configuration.frames, precision: precision.rawValue)
    var compiled = CompiledPlan(graphs, model: model)
    compiled.provePartialSums()
    return compiled
  }
}
