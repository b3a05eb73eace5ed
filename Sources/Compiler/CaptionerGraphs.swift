package import Graph

/// The three functions of a captioner after all passes, with the values their parameters stand for.
package struct CaptionerGraphs: Sendable {
  /// nil where the prefix is text, of which nothing is done frame by frame.
  package var encode: Graph?
  package var prefix: Graph
  package var step: Graph
  package var parameters: ParameterStore
  /// What each pass did, in order.
  package var reports: [PassReport]

  /// The functions as a plan has them.
  package var lowered: LoweredGraphs {
    LoweredGraphs(
      functions: (encode.map { [("encode", $0)] } ?? []) + [("prefix", prefix), ("step", step)],
      parameters: parameters, reports: reports)
  }

  /// Lowers one float graph to the three functions.
  ///
  /// - Parameters:
  ///   - graph: `logits = f(pixels, tokens)`.
  ///   - parameters: a value for each parameter of `graph`.
  ///   - precision: what projections compute with.
  ///   - quantization: how, in an int8 plan.
  ///   - watch: called after each pass with its name, the function ("model" before the split) and the
  ///     graph it made; after the split with "partition" for its name.
  /// - Throws: when the graph is no captioner of the family.
  package init(
    _ graph: Graph, _ parameters: ParameterStore, precision: Precision,
    quantization: QuantizationOptions = QuantizationOptions(),
    watch: @escaping PassDriver.Watch = { _, _, _ in }
  ) throws(CompileError) {
    var driver = PassDriver(parameters, watch: watch)
    let parts = try Partition(driver.run(Pipeline.whole, on: graph, function: "model"))
    func lower(_ name: String, _ graph: Graph) throws(CompileError) -> Graph {
      watch(Pipeline.partition, name, graph)
      let passes = Pipeline.functions(precision, quantization: quantization, function: name)
      return try driver.run(passes, on: graph, function: name)
    }
    encode = try parts.encode.map { (graph) throws(CompileError) in try lower("encode", graph) }
    prefix = try lower("prefix", parts.prefix)
    step = try lower("step", parts.step)
    self.parameters = driver.parameters
    reports = driver.reports
  }
}

extension CaptionerGraphs {
  /// The graphs as they stand after one stage of ``Pipeline/stages(_:)``; nothing after it is run.
  ///
  /// - Returns: "model" before the split, the functions from it on.
  /// - Throws: when the graph is no captioner of the family, and the stage is not before the split.
  package static func graphs(
    of graph: Graph, _ parameters: ParameterStore, after stage: String, precision: Precision,
    quantization: QuantizationOptions = QuantizationOptions()
  ) throws(CompileError) -> [(name: String, graph: Graph)] {
    func passes(_ all: [any Pass]) -> (passes: [any Pass], isLast: Bool) {
      guard let last = all.firstIndex(where: { type(of: $0).name == stage }) else {
        return (all, false)
      }
      return (Array(all[...last]), true)
    }
    var driver = PassDriver(parameters)
    let whole = passes(Pipeline.whole)
    let model = try driver.run(whole.passes, on: graph, function: "model")
    if whole.isLast { return [("model", model)] }
    let parts = try Partition(model)
    let perFunction =
      stage == Pipeline.partition
      ? [] : passes(Pipeline.functions(precision, quantization: quantization)).passes
    var result: [(name: String, graph: Graph)] = []
    for (name, graph) in [("encode", parts.encode), ("prefix", parts.prefix), ("step", parts.step)]
    {
      guard let graph else { continue }
      result.append((name, try driver.run(perFunction, on: graph, function: name)))
    }
    return result
  }
}
