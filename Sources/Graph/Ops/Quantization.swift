/// Turns each row into unsigned integers with its own scale and zero point.
///
///     low = min(0, min x),  high = max(0, max x)
///     scale = (high − low) / levels, or 1 when high = low
///     inverse = 1 / scale;  zero = round(−low · inverse)
///     u8 = clamp(round(x · inverse) + zero, 0, levels)
///
/// in binary32, in this order, rounding to nearest, ties to even. So 0 is exact, and an all-zero
/// row is all zeros with scale 1 and zero point 0.
///
/// - Input: `x` f32[…, K], finite. - Results: u8[…, K]; f32[…, 2], (scale, zero) per row.
package struct QuantizeRows: OpDefinition {
  package static let mnemonic = "quantize_rows"
  /// 127 (7 bits: two products with an 8-bit weight fit an int16) or 255.
  package var levels: Int

  package init(levels: Int) { self.levels = levels }

  package init(_ a: Attributes) throws(GraphError) { self.init(levels: try a.int("levels")) }

  package var attributes: Attributes { ["levels": .int(levels)] }

  package func resultTypes(_ inputs: [TensorType]) throws(GraphError) -> [TensorType] {
    let check = TypeChecker(self)
    try check.count(inputs, 1)
    try check.dtype(inputs[0], .f32, "x")
    return try check.quantizedRows(inputs[0].shape, levels)
  }
}

/// The nearest binary16 to each element, ties to even; beyond ±65504 the largest.
///
/// - Input: `x` f32. - Result: f16 of the shape of `x`. - Edge cases: infinities become ±65504, NaN stays.
package struct ToHalf: PlainOp {
  package static let mnemonic = "to_half"

  package init() {}

  package func resultTypes(_ inputs: [TensorType]) throws(GraphError) -> [TensorType] {
    let check = TypeChecker(self)
    try check.count(inputs, 1)
    try check.dtype(inputs[0], .f32, "x")
    return [TensorType(.f16, inputs[0].shape)]
  }
}

/// `embedding` from the int8 rows that `quantized_linear` multiplies: y[…, :] = table[ids[…], :] · scale.
///
/// - Inputs: `table` s8[V, D] in [-127, 127]; `scales` f32[V], one per row; `ids` i32[…], each in
///   0 ..< V.
/// - Result: f32[…, D].
package struct QuantizedEmbedding: PlainOp {
  package static let mnemonic = "quantized_embedding"

  package init() {}

  package func resultTypes(_ inputs: [TensorType]) throws(GraphError) -> [TensorType] {
    let check = TypeChecker(self)
    try check.count(inputs, 3)
    try check.dtype(inputs[0], .s8, "table")
    try check.rank(inputs[0], 2, "table")
    try check.dtype(inputs[1], .f32, "scales")
    try check.shape(inputs[1], [inputs[0].shape[0]], "scales")
    try check.dtype(inputs[2], .i32, "ids")
    return [.f32(inputs[2].shape + [inputs[0].shape[1]])]
  }
}

extension TypeChecker {
  fileprivate func quantizedRows(_ shape: Shape, _ levels: Int) throws(GraphError) -> [TensorType] {
    guard levels == 127 || levels == 255 else {
      throw fail("expected 127 or 255 levels, found \(levels)")
    }
    guard !shape.isEmpty else { throw fail("expected rows, found a scalar") }
    return [TensorType(.u8, shape), .f32(shape.dropLast() + [2])]
  }
}

/// `quantize_rows(layer_norm(x + residual))`, keeping the float rows where someone reads them.
///
/// - Inputs: `x` f32[…, D]; with `hasResidual`, `residual` with the last axes of `x`; `gamma`,
///   `beta` f32[D].
/// - Results: with `keepsFloat`, f32 like `x`; then u8[…, D] and f32[…, 2].
/// - Decomposition: `add`, `layer_norm`, `quantize_rows`.
package struct LayerNormQuantize: OpDefinition {
  package static let mnemonic = "layer_norm_quantize"
  package var epsilon: Float
  package var levels: Int
  package var hasResidual: Bool
  package var keepsFloat: Bool

  package init(epsilon: Float, levels: Int, hasResidual: Bool, keepsFloat: Bool) {
    self.epsilon = epsilon
    self.levels = levels
    self.hasResidual = hasResidual
    self.keepsFloat = keepsFloat
  }

  package init(_ a: Attributes) throws(GraphError) {
    self.init(
      epsilon: try a.float("epsilon"), levels: try a.int("levels"),
      hasResidual: try a.bool("residual"), keepsFloat: try a.bool("keeps_float"))
  }

  package var attributes: Attributes {
    [
      "epsilon": .float(epsilon), "levels": .int(levels), "residual": .flag(hasResidual),
      "keeps_float": .flag(keepsFloat),
    ]
  }

  package func resultTypes(_ inputs: [TensorType]) throws(GraphError) -> [TensorType] {
    let check = TypeChecker(self)
    try check.count(inputs, hasResidual ? 4 : 3)
    let normalised =
      hasResidual
      ? try ResidualLayerNorm(epsilon: epsilon).resultTypes(inputs)
      : try LayerNorm(epsilon: epsilon).resultTypes(inputs)
    let quantized = try check.quantizedRows(normalised[0].shape, levels)
    return keepsFloat ? normalised + quantized : quantized
  }
}
