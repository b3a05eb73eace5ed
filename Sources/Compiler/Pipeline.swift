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
  ///
  /// - Parameters:
  ///   - precision: whether projections are quantized at all.
  ///   - exceptions: what some of them multiply in an int8 plan, by the names of their weights.
  /// - Returns: the passes in order.
  package static func functions(
    _ precision: Precision, exceptions: [String: ProjectionPrecision] = [:]
  ) -> [any Pass] {
    let float: [any Pass] = [
      FoldConstants(),
      MergeProjections(),  // after the split, and of final weights
    ]
    return precision == .int8 ? float + [QuantizeProjections(exceptions)] : float
  }

  /// Every pass there is, for tests and `--print-after`.
  package static var all: [any Pass] { whole + functions(.int8) }
}

/// What the projections of a plan compute with.
package enum Precision: String, Sendable, CaseIterable {
  /// Exact integer sums of 8-bit weights and 7-bit activations.
  case int8
  /// Floats throughout, through sgemm.
  case fp32
}
