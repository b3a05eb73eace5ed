/// C = A · B over the last two axes, for every index of the leading ones.
///
///     C[…, m, n] = Σₖ A[…, m, k] · B[…, k, n]
///
/// - Inputs: `a` f32[…, M, K] (or [K, M] at the end with `transposeA`); `b` f32[…, K, N] (or
///   [N, K] with `transposeB`). Leading axes are equal, or `b` has rank 2 and serves them all.
/// - Result: f32[…, M, N].
/// - Note: weights are [out, in]; a projection is `matmul(x, w, transposeB: true)`.
package struct MatMul: OpDefinition {
  package static let mnemonic = "matmul"
  package var transposeA: Bool
  package var transposeB: Bool

  package init(transposeA: Bool = false, transposeB: Bool = false) {
    self.transposeA = transposeA
    self.transposeB = transposeB
  }

  package init(_ a: Attributes) throws(GraphError) {
    self.init(transposeA: try a.bool("transpose_a"), transposeB: try a.bool("transpose_b"))
  }

  package var attributes: Attributes {
    ["transpose_a": .flag(transposeA), "transpose_b": .flag(transposeB)]
  }

  package func resultTypes(_ inputs: [TensorType]) throws(GraphError) -> [TensorType] {
    let check = TypeChecker(self)
    try check.count(inputs, 2)
    for (input, name) in zip(inputs, ["a", "b"]) {
      try check.dtype(input, .f32, name)
      try check.rank(input, atLeast: 2, name)
    }
    let a = Array(inputs[0].shape.suffix(2))
    let b = Array(inputs[1].shape.suffix(2))
    let (m, k) = transposeA ? (a[1], a[0]) : (a[0], a[1])
    let (kB, n) = transposeB ? (b[1], b[0]) : (b[0], b[1])
    let leading = Shape(inputs[0].shape.dropLast(2))
    guard k == kB, inputs[1].shape.count == 2 || Shape(inputs[1].shape.dropLast(2)) == leading
    else { throw check.fail("\(inputs[0]) and \(inputs[1]) do not multiply") }
    return [.f32(leading + [m, n])]
  }
}

/// What a fused projection applies to x·Wᵀ + b.
package enum Activation: String, Hashable, Sendable, CaseIterable {
  case none
  case geluErf = "gelu_erf"
  case geluTanh = "gelu_tanh"
  case geluQuick = "gelu_quick"

  /// The activation that is this GELU.
  package init(_ form: GeluForm) {
    switch form {
    case .erf: self = .geluErf
    case .tanh: self = .geluTanh
    case .quick: self = .geluQuick
    }
  }

  /// The GELU that this activation is, nil for none.
  package var gelu: GeluForm? {
    switch self {
    case .none: nil
    case .geluErf: .erf
    case .geluTanh: .tanh
    case .geluQuick: .quick
    }
  }
}

/// What `linear` and `quantized_linear` do around their matrix product.
package struct Epilogue: Hashable, Sendable {
  /// An input `bias` f32[N] follows the weights.
  package var hasBias: Bool
  package var activation: Activation
  /// An input `residual` is last: f32 with the last axes of the whole result [..., N], repeated along
  /// the leading ones; added after the activation.
  package var hasResidual: Bool
  /// The columns of each result, in order; empty for one result of all N.
  ///
  /// Several results are how
  /// merged projections hand out q, k and v.
  package var splits: [Int]

  package init(
    hasBias: Bool = false, activation: Activation = .none, hasResidual: Bool = false,
    splits: [Int] = []
  ) {
    self.hasBias = hasBias
    self.activation = activation
    self.hasResidual = hasResidual
    self.splits = splits
  }

  fileprivate init(_ a: Attributes) throws(GraphError) {
    self.init(
      hasBias: try a.bool("bias"), activation: try a.choice("activation", Activation.self),
      hasResidual: try a.bool("residual"), splits: try a.ints("splits"))
  }

  fileprivate var attributes: Attributes {
    [
      "bias": .flag(hasBias), "activation": .string(activation.rawValue),
      "residual": .flag(hasResidual), "splits": .ints(splits),
    ]
  }

  fileprivate func resultTypes(
    _ rest: ArraySlice<TensorType>, _ result: Shape, _ check: TypeChecker
  ) throws(GraphError) -> [TensorType] {
    var rest = Array(rest)
    try check.count(rest, (hasBias ? 1 : 0) + (hasResidual ? 1 : 0))
    let columns = result[result.count - 1]
    if hasBias {
      try check.dtype(rest[0], .f32, "bias")
      try check.shape(rest[0], [columns], "bias")
      rest.removeFirst()
    }
    if hasResidual { try check.suffix(rest[0], of: result, "residual") }
    if splits.isEmpty { return [.f32(result)] }
    guard !hasResidual, splits.allSatisfy({ $0 > 0 }), Dimension(splits.reduce(0, +)) == columns
    else { throw check.fail("splits \(splits) do not divide \(columns) columns") }
    return splits.map { .f32(result.dropLast() + [Dimension($0)]) }
  }
}

/// A projection: activation(x · Wᵀ + bias) + residual, split by columns.
///
/// - Inputs: `x` f32[…, K]; `weight` f32[N, K]; then `bias` and `residual` as the epilogue says.
/// - Results: f32[…, N], or one per split.
/// - Decomposition: `matmul(transposeB)`, `add`, `gelu`, `add`, `slice`s.
package struct Linear: OpDefinition {
  package static let mnemonic = "linear"
  package var epilogue: Epilogue

  package init(_ epilogue: Epilogue) { self.epilogue = epilogue }

  package init(_ a: Attributes) throws(GraphError) { self.init(try Epilogue(a)) }

  package var attributes: Attributes { epilogue.attributes }

  package func resultTypes(_ inputs: [TensorType]) throws(GraphError) -> [TensorType] {
    let check = TypeChecker(self)
    guard inputs.count >= 2 else { throw check.fail("expected x and weight") }
    try check.dtype(inputs[0], .f32, "x")
    try check.rank(inputs[0], atLeast: 1, "x")
    try check.dtype(inputs[1], .f32, "weight")
    try check.rank(inputs[1], 2, "weight")
    guard inputs[0].shape.last == inputs[1].shape[1] else {
      throw check.fail("\(inputs[0]) and weight \(inputs[1]) do not multiply")
    }
    return try epilogue.resultTypes(
      inputs.dropFirst(2), inputs[0].shape.dropLast() + [inputs[1].shape[0]], check)
  }
}

/// `linear` on quantized rows and weights; the sums are exact integers.
///
///     sum[m, n] = Σₖ x[m, k] · weight[n, k] − zero[m] · Σₖ weight[n, k]        (int32, exact)
///     y[m, n]   = activation(float(sum) · (scale[m] · weightScale[n]) + bias[n]) + residual
///
/// - Inputs: `x` u8[…, K]; `rows` f32[…, 2] (scale, zero point) from `quantize_rows`; `weight`
///   s8[N, K] in [-127, 127]; `weightScale` f32[N]; then `bias` and `residual`.
/// - Results: f32[…, N], or one per split.
package struct QuantizedLinear: OpDefinition {
  package static let mnemonic = "quantized_linear"
  package var epilogue: Epilogue

  package init(_ epilogue: Epilogue) { self.epilogue = epilogue }

  package init(_ a: Attributes) throws(GraphError) { self.init(try Epilogue(a)) }

  package var attributes: Attributes { epilogue.attributes }

  package func resultTypes(_ inputs: [TensorType]) throws(GraphError) -> [TensorType] {
    let check = TypeChecker(self)
    guard inputs.count >= 4 else { throw check.fail("expected x, rows, weight and weightScale") }
    try check.dtype(inputs[0], .u8, "x")
    try check.rank(inputs[0], atLeast: 1, "x")
    try check.dtype(inputs[1], .f32, "rows")
    try check.shape(inputs[1], inputs[0].shape.dropLast() + [2], "rows")
    try check.dtype(inputs[2], .s8, "weight")
    try check.rank(inputs[2], 2, "weight")
    try check.dtype(inputs[3], .f32, "weightScale")
    try check.shape(inputs[3], [inputs[2].shape[0]], "weightScale")
    guard inputs[0].shape.last == inputs[2].shape[1] else {
      throw check.fail("\(inputs[0]) and weight \(inputs[2]) do not multiply")
    }
    return try epilogue.resultTypes(
      inputs.dropFirst(4), inputs[0].shape.dropLast() + [inputs[2].shape[0]], check)
  }
}
