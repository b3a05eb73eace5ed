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
  ///   - watch: called after each pass with its name, the function ("model" before the split) and the
  ///     graph it made.
  /// - Throws: when the graph is no captioner of the family.
  package init(
    _ graph: Graph, _ parameters: ParameterStore, precision: Precision,
    watch: (_ pass: String, _ function: String, _ graph: Graph) -> Void = { _, _, _ in }
  ) throws(CompileError) {
    var parameters = parameters
    var reports: [PassReport] = []
    let fused = try Pipeline.run(
      Pipeline.whole, graph, function: "model", &parameters, &reports
    ) { watch($0, "model", $1) }
    let parts = try Partition(fused)
    func lower(_ name: String, _ graph: Graph) throws(CompileError) -> Graph {
      watch("partition", name, graph)
      return try Pipeline.run(
        Pipeline.functions(precision), graph, function: name, &parameters, &reports
      ) { watch($0, name, $1) }
    }
    encode = try lower("encode", parts.encode)
    prefix = try lower("prefix", parts.prefix)
    step = try lower("step", parts.step)
    self.parameters = parameters
    self.reports = reports
  }
}
