/// Normalises the last axis, then scales and shifts it.
///
///     y[…, i] = (x[…, i] − μ) / √(σ² + epsilon) · gamma[i] + beta[i]
///
/// μ and σ² are over the last axis; σ² divides by D, not D − 1.
///
/// - Inputs: `x` f32[…, D]; `gamma`, `beta` f32[D]. - Result: the type of `x`.
/// - Edge cases: a constant row gives `beta`; NaN anywhere in a row makes that row NaN.
/// - Source: Ba, Kiros, Hinton 2016, eq. 3–4.
/// - Note: `epsilon` is per node on purpose: 1e-5 in the image encoder and the projection, 1e-12 in
///   decoder blocks, 1e-12 or 1e-8 in the text embedding.
package struct LayerNorm: OpDefinition {
  package static let mnemonic = "layer_norm"
  package var epsilon: Float

  package init(epsilon: Float) { self.epsilon = epsilon }

  package init(_ a: Attributes) throws(GraphError) { self.init(epsilon: try a.float("epsilon")) }

  package var attributes: Attributes { ["epsilon": .float(epsilon)] }

  package func resultTypes(_ inputs: [TensorType]) throws(GraphError) -> [TensorType] {
    let check = TypeChecker(self)
    try check.count(inputs, 3)
    try check.normalised(inputs[0], inputs[1...])
    return [inputs[0]]
  }
}

extension TypeChecker {
  fileprivate func normalised(
    _ x: TensorType, _ parameters: ArraySlice<TensorType>
  ) throws(GraphError) {
    try dtype(x, .f32, "x")
    try rank(x, atLeast: 1, "x")
    for parameter in parameters {
      try dtype(parameter, .f32, "gamma and beta")
      try shape(parameter, [x.shape[x.shape.count - 1]], "gamma and beta")
    }
  }
}

/// `layer_norm(x + residual)`.
///
/// - Inputs: `x` f32[…, D]; `residual` f32 with the last axes of `x`, repeated along the leading
///   ones; `gamma`, `beta` f32[D]. - Result: the type of `x`.
/// - Decomposition: `add`, `layer_norm`.
package struct ResidualLayerNorm: OpDefinition {
  package static let mnemonic = "residual_layer_norm"
  package var epsilon: Float

  package init(epsilon: Float) { self.epsilon = epsilon }

  package init(_ a: Attributes) throws(GraphError) { self.init(epsilon: try a.float("epsilon")) }

  package var attributes: Attributes { ["epsilon": .float(epsilon)] }

  package func resultTypes(_ inputs: [TensorType]) throws(GraphError) -> [TensorType] {
    let check = TypeChecker(self)
    try check.count(inputs, 4)
    try check.normalised(inputs[0], inputs[2...])
    try check.suffix(inputs[1], of: inputs[0].shape, "residual")
    return [inputs[0]]
  }
}

/// The derivative of `layer_norm`.
///
/// With x̂ the normalised row, r = 1/√(σ² + ε) and g = dy · gamma:
/// dx = r · (g − mean(g) − x̂ · mean(g · x̂)); dgamma = Σ dy · x̂; dbeta = Σ dy over all rows.
///
/// - Inputs: `x`, `gamma`, `dy`. - Results: `dx` like x, `dgamma` f32[D], `dbeta` f32[D].
package struct LayerNormGradient: OpDefinition {
  package static let mnemonic = "layer_norm_gradient"
  package var epsilon: Float

  package init(epsilon: Float) { self.epsilon = epsilon }

  package init(_ a: Attributes) throws(GraphError) { self.init(epsilon: try a.float("epsilon")) }

  package var attributes: Attributes { ["epsilon": .float(epsilon)] }

  package func resultTypes(_ inputs: [TensorType]) throws(GraphError) -> [TensorType] {
    let check = TypeChecker(self)
    try check.count(inputs, 3)
    try check.normalised(inputs[0], inputs[1...1])
    try check.shape(inputs[2], inputs[0].shape, "dy")
    return [inputs[0], inputs[1], inputs[1]]
  }
}

/// exp(x − max) / Σ exp(x − max) over the last axis.
///
/// - Input: `x` f32[…, N]. - Result: the type of `x`.
/// - Edge cases: −∞ gives exactly 0; a row of only −∞ gives NaN.
package struct Softmax: PlainOp {
  package static let mnemonic = "softmax"

  package init() {}

  package func resultTypes(_ inputs: [TensorType]) throws(GraphError) -> [TensorType] {
    let check = TypeChecker(self)
    try check.count(inputs, 1)
    try check.dtype(inputs[0], .f32, "x")
    try check.rank(inputs[0], atLeast: 1, "x")
    return inputs
  }
}

/// The derivative of `softmax`: dx = y · (dy − Σ y · dy).
///
/// - Inputs: `y`, the result of `softmax`; `dy`. - Result: the type of `y`.
package struct SoftmaxGradient: PlainOp {
  package static let mnemonic = "softmax_gradient"

  package init() {}

  package func resultTypes(_ inputs: [TensorType]) throws(GraphError) -> [TensorType] {
    let check = TypeChecker(self)
    try check.count(inputs, 2)
    try check.dtype(inputs[0], .f32, "y")
    try check.shape(inputs[1], inputs[0].shape, "dy")
    return [inputs[0]]
  }
}

/// The derivative of `gelu`.
///
/// - Inputs: `x`, what `gelu` was given; `dy`. - Result: the type of `x`.
package struct GeluGradient: OpDefinition {
  package static let mnemonic = "gelu_gradient"
  package var form: GeluForm

  package init(form: GeluForm) { self.form = form }

  package init(_ a: Attributes) throws(GraphError) {
    self.init(form: try a.choice("form", GeluForm.self))
  }

  package var attributes: Attributes { ["form": .string(form.rawValue)] }

  package func resultTypes(_ inputs: [TensorType]) throws(GraphError) -> [TensorType] {
    let check = TypeChecker(self)
    try check.count(inputs, 2)
    try check.dtype(inputs[0], .f32, "x")
    try check.shape(inputs[1], inputs[0].shape, "dy")
    return [inputs[0]]
  }
}
