package import Graph

/// What one pass did to one function.
package struct PassReport: Sendable, Equatable {
  package var pass: String
  package var function: String
  package var rewrites: Int
}

/// Runs passes with the verifier after each.
package struct PassDriver {
  /// Called after each pass with its name, the function's, and the graph it made.
  package typealias Watch = (_ pass: String, _ function: String, _ graph: Graph) -> Void

  /// What the graphs' parameters stand for; passes add to it.
  package private(set) var parameters: ParameterStore
  /// What each pass did, in order.
  package private(set) var reports: [PassReport] = []
  private let watch: Watch

  /// Starts with the parameters of the first graph.
  package init(_ parameters: ParameterStore, watch: @escaping Watch = { _, _, _ in }) {
    self.parameters = parameters
    self.watch = watch
  }

  /// The graph that `passes` make, one after the other.
  ///
  /// - Throws: naming the pass that broke a rule of graphs.
  package mutating func run(
    _ passes: [any Pass], on graph: Graph, function: String
  ) throws(CompileError) -> Graph {
    var graph = graph
    for pass in passes {
      let name = type(of: pass).name
      let (next, rewrites) = pass.run(graph, &parameters)
      do { try next.verify() } catch {
        throw CompileError("\(function) to be a graph after \(name)", found: error.message)
      }
      reports.append(PassReport(pass: name, function: function, rewrites: rewrites))
      graph = next
      watch(name, function, graph)
    }
    return graph
  }
}
