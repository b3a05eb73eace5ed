package import Graph

/// The three functions of a captioner after all passes, with the values their parameters stand for.
package struct CaptionerGraphs: Sendable {
  package var encode: Graph
  package var prefix: Graph
  package var step: Graph
  package var parameters: ParameterStore
  /// What each pass did, in order.
  package var reports: [PassReport]

  /// By the names a plan has them under.
  package var functions: [(name: String, graph: Graph)] {
    [("encode", encode), ("prefix", prefix), ("step", step)]
  }

  /// Lowers one float graph to the three functions.
  ///
  /// - Parameters:
  ///   - graph: `logits = f(pixels, tokens)`.
  ///   - parameters: a value for each parameter of `graph`.
  ///   - precision: what projections compute with.
  ///   - exceptions: what some of them multiply in an int8 plan, by the names of their weights.
  ///   - watch: called after each pass with its name, the function ("model" before the split) and the
  ///     graph it made; after the split with "partition" for its name.
  /// - Throws: when the graph is no captioner of the family.
  package init(
    _ graph: Graph, _ parameters: ParameterStore, precision: Precision,
    exceptions: [String: ProjectionPrecision] = [:],
    watch: @escaping PassDriver.Watch = { _, _, _ in }
  ) throws(CompileError) {
    var driver = PassDriver(parameters, watch: watch)
    let parts = try Partition(driver.run(Pipeline.whole, on: graph, function: "model"))
    func lower(_ name: String, _ graph: Graph) throws(CompileError) -> Graph {
      watch("partition", name, graph)
      return try driver.run(
        Pipeline.functions(precision, exceptions: exceptions), on: graph, function: name)
    }
    encode = try lower("encode", parts.encode)
    prefix = try lower("prefix", parts.prefix)
    step = try lower("step", parts.step)
    self.parameters = driver.parameters
    reports = driver.reports
  }
}
