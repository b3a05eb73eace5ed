package import Diagnostics
package import Formats
package import Graph

extension Compiler {
  /// Compiles a graph that is no captioner to a plan of one function, `main`.
  ///
  /// - Parameters:
  ///   - graph: float ops; its inputs, outputs and symbols are the function's.
  ///   - parameters: the values of the graph's parameters.
  ///   - precision: what projections compute with.
  ///   - place: the file it is from, for errors.
  ///   - threads: how many quantize, 1 to 1024; the plan is the same for every number.
  ///   - watch: called after each pass with its name, "main" and the graph it made.
  /// - Returns: the plan; its weights are worked out when it is written.
  /// - Throws: `.badData` when a weight is not finite or a pass cannot cope with the graph.
  package static func compile(
    _ graph: Graph, _ parameters: [String: WeightTensor], precision: Precision, place: String,
    threads: Int = 1, watch: @escaping PassDriver.Watch = { _, _, _ in }
  ) throws(InputError) -> CompiledPlan {
    let store = ParameterStore(parameters, threads: threads)
    try store.checkFinite(place: place)
    do {
      var compiled = CompiledPlan(
        try LoweredGraphs(graph, store, precision: precision, watch: watch), model: nil)
      compiled.provePartialSums()
      return compiled
    } catch {
      throw InputError(
        .badData, "the graph cannot be compiled", expected: error.expected, found: error.found,
        in: place, advice: "please report this with the model")
    }
  }
}
