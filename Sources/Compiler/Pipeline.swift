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
  ///   - quantization: how, in an int8 plan.
  ///   - function: which one.
  /// - Returns: the passes in order.
  package static func functions(
    _ precision: Precision, quantization: QuantizationOptions = QuantizationOptions(),
    function: String = ""
  ) -> [any Pass] {
    let float: [any Pass] = [
      FoldConstants(),
      MergeProjections(),  // after the split
      SmoothNorms(quantization.smoothing),  // once norms and the projections they feed are final
    ]
    return precision == .int8
      ? float + [
        QuantizeProjections(quantization, function: function),
        QuantizeAttention(quantization.attention),
        HalvePrefix(quantization.attention),
      ] : float
  }

  /// Every pass there is, for tests.
  package static var all: [any Pass] { whole + functions(.int8) }

  /// What watching the split of the model is called; it is no pass, since it makes three graphs of one.
  package static let partition = "partition"

  /// What `--print-after` and `--stop-after` can name, in running order.
  package static func stages(_ precision: Precision) -> [String] {
    whole.map { type(of: $0).name } + [partition] + functions(precision).map { type(of: $0).name }
  }
}

/// What the projections of a plan compute with.
package enum Precision: String, Sendable, CaseIterable {
  /// Exact integer sums of 8-bit weights and 7-bit activations.
  case int8
  /// Floats throughout.
  case fp32
}
