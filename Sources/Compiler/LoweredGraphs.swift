package import Graph

/// Functions after all passes, with the values their parameters stand for.
package struct LoweredGraphs: Sendable {
  /// By the names a plan has them under.
  package var functions: [(name: String, graph: Graph)]
  package var parameters: ParameterStore
  /// What each pass did, in order.
  package var reports: [PassReport]

  package init(
    functions: [(name: String, graph: Graph)], parameters: ParameterStore, reports: [PassReport]
  ) {
    self.functions = functions
    self.parameters = parameters
    self.reports = reports
  }

  /// A graph that is no captioner, as one function `main`: all passes, nothing taken apart.
  ///
  /// - Parameters:
  ///   - graph: any graph without training ops.
  ///   - parameters: a value for each of its parameters.
  ///   - precision: what projections compute with.
  ///   - watch: called after each pass, as for a captioner.
  /// - Throws: when a pass breaks a rule of graphs.
  package init(
    _ graph: Graph, _ parameters: ParameterStore, precision: Precision,
    watch: @escaping PassDriver.Watch = { _, _, _ in }
  ) throws(CompileError) {
    var driver = PassDriver(parameters, watch: watch)
    let main = try driver.run(
      Pipeline.whole + Pipeline.functions(precision), on: graph, function: "main")
    self.init(
      functions: [("main", main)], parameters: driver.parameters, reports: driver.reports)
  }
}
