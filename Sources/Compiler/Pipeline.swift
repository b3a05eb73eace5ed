import Graph

/// What one pass did to one function.
package struct PassReport: Sendable, Equatable {
  package var pass: String
  package var function: String
  package var rewrites: Int
}

/// The passes in their order, which is part of their meaning.
package enum Pipeline {
  /// On the whole model, before it is taken apart.
  package static let whole: [any Pass] = [
    Canonicalize(),  // first: the others know one spelling of everything
    FuseAttention(),
    FuseProjection(),
    FuseResidualLayerNorm(),  // after projections have taken the residuals they can add themselves
    SplitPrefix(),  // after fusion: it knows attention, not its spelling
  ]

  /// On each function.
  package static func functions(_ precision: Precision) -> [any Pass] {
    let float: [any Pass] = [
      FoldConstants(),
      MergeProjections(),  // after the split, and of final weights
    ]
    return precision == .int8 ? float + [QuantizeProjections()] : float
  }

  /// Every pass there is, for tests and `--print-after`.
  package static var all: [any Pass] { whole + functions(.int8) }

  /// Runs `passes` with the verifier after each.
  ///
  /// `watch` is called after each pass with its name and the graph it made.
  /// - Throws: naming the pass that broke the graph.
  static func run(
    _ passes: [any Pass], _ graph: Graph, function: String, _ parameters: inout ParameterStore,
    _ reports: inout [PassReport], watch: (String, Graph) -> Void
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
      watch(name, graph)
    }
    return graph
  }
}

/// What the projections of a plan compute with.
package enum Precision: String, Sendable, CaseIterable {
  /// Exact integer sums of 8-bit weights and 7-bit activations.
  case int8
  /// Floats throughout, through sgemm.
  case fp32
}
