/// A tensor whose elements are all `value`.
///
/// - Inputs: none. - Result: f32 of `shape`.
package struct Constant: OpDefinition {
  package static let mnemonic = "constant"
  package var value: Float
  package var shape: Shape

  package init(value: Float, shape: Shape) {
    self.value = value
    self.shape = shape
  }

  package init(_ a: Attributes) throws(GraphError) {
    self.init(value: try a.float("value"), shape: try a.shape("shape"))
  }

  package var attributes: Attributes { ["value": .float(value), "shape": .shape(shape)] }

  package func resultTypes(_ inputs: [TensorType]) throws(GraphError) -> [TensorType] {
    try TypeChecker(self).count(inputs, 0)
    return [.f32(shape)]
  }
}

/// a + b, element by element, under NumPy's broadcasting.
///
/// - Inputs: `a`, `b` f32. - Result: f32 of the common shape.
package struct Add: PlainOp {
  package static let mnemonic = "add"

  package init() {}

  package func resultTypes(_ inputs: [TensorType]) throws(GraphError) -> [TensorType] {
    try TypeChecker(self).elementwise(inputs)
  }
}

/// a · b, element by element, under NumPy's broadcasting.
///
/// - Inputs: `a`, `b` f32. - Result: f32 of the common shape.
package struct Multiply: PlainOp {
  package static let mnemonic = "multiply"

  package init() {}

  package func resultTypes(_ inputs: [TensorType]) throws(GraphError) -> [TensorType] {
    try TypeChecker(self).elementwise(inputs)
  }
}

extension TypeChecker {
  fileprivate func elementwise(_ inputs: [TensorType]) throws(GraphError) -> [TensorType] {
    try count(inputs, 2)
    try dtype(inputs[0], .f32, "a")
    try dtype(inputs[1], .f32, "b")
    return [.f32(try broadcast(inputs[0].shape, inputs[1].shape))]
  }
}

/// x · factor.
///
/// - Input: `x` f32. - Result: the type of `x`.
package struct Scale: OpDefinition {
  package static let mnemonic = "scale"
  package var factor: Float

  package init(factor: Float) { self.factor = factor }

  package init(_ a: Attributes) throws(GraphError) { self.init(factor: try a.float("factor")) }

  package var attributes: Attributes { ["factor": .float(factor)] }

  package func resultTypes(_ inputs: [TensorType]) throws(GraphError) -> [TensorType] {
    let check = TypeChecker(self)
    try check.count(inputs, 1)
    try check.dtype(inputs[0], .f32, "x")
    return inputs
  }
}

/// eˣ, element by element.
///
/// - Input: `x` f32. - Result: the type of `x`. - Edge cases: −∞ gives 0, beyond 88.7 the result is
///   +∞, NaN stays.
package struct Exp: PlainOp {
  package static let mnemonic = "exp"

  package init() {}

  package func resultTypes(_ inputs: [TensorType]) throws(GraphError) -> [TensorType] {
    try TypeChecker(self).unary(inputs)
  }
}

/// 1/√x, element by element.
///
/// - Input: `x` f32. - Result: the type of `x`. - Edge cases: 0 gives +∞, +∞ gives 0, below 0 and NaN
///   give NaN.
package struct Rsqrt: PlainOp {
  package static let mnemonic = "rsqrt"

  package init() {}

  package func resultTypes(_ inputs: [TensorType]) throws(GraphError) -> [TensorType] {
    try TypeChecker(self).unary(inputs)
  }
}

extension TypeChecker {
  fileprivate func unary(_ inputs: [TensorType]) throws(GraphError) -> [TensorType] {
    try count(inputs, 1)
    try dtype(inputs[0], .f32, "x")
    return inputs
  }
}

/// The spelling of the Gaussian error linear unit.
package enum GeluForm: String, Hashable, Sendable, CaseIterable {
  /// x · Φ(x) with the exact error function: BERT, the text decoder.
  case erf
  /// 0.5x(1 + tanh(√(2/π)(x + 0.044715x³))).
  case tanh
  /// x · sigmoid(1.702x): CLIP, the image encoder.
  case quick
}

/// GELU, element by element (Hendrycks, Gimpel 2016).
///
/// - Input: `x` f32. - Result: the type of `x`. - Edge cases: −∞ gives 0 (−0 allowed), NaN stays.
package struct Gelu: OpDefinition {
  package static let mnemonic = "gelu"
  package var form: GeluForm

  package init(form: GeluForm) { self.form = form }

  package init(_ a: Attributes) throws(GraphError) {
    self.init(form: try a.choice("form", GeluForm.self))
  }

  package var attributes: Attributes { ["form": .string(form.rawValue)] }

  package func resultTypes(_ inputs: [TensorType]) throws(GraphError) -> [TensorType] {
    let check = TypeChecker(self)
    try check.count(inputs, 1)
    try check.dtype(inputs[0], .f32, "x")
    return inputs
  }
}

/// Sets a random share of elements to 0 and scales the rest by 1/(1 − rate).
///
/// The choice is a function of (seed, salt, element index), so it is the same for any thread count
/// and can be made again in the backward pass. With 32-bit wrapping arithmetic:
///
///     h = index · 0x9E3779B9  xor  (seed · 0x85EBCA6B + salt · 0xC2B2AE35)
///     h ^= h >> 16;  h *= 0x85EBCA6B;  h ^= h >> 13;  h *= 0xC2B2AE35;  h ^= h >> 16
///     kept when (h >> 8) >= ⌊rate · 2²⁴⌋
///
/// - Inputs: `x` f32; `seed` i32[1], a new one every training step. - Result: the type of `x`.
/// - Source of the mix: MurmurHash3's 32-bit finaliser.
package struct Dropout: OpDefinition {
  package static let mnemonic = "dropout"
  /// In [0, 1).
  package var rate: Float
  /// Different for every dropout of one graph.
  package var salt: Int

  package init(rate: Float, salt: Int) {
    self.rate = rate
    self.salt = salt
  }

  package init(_ a: Attributes) throws(GraphError) {
    self.init(rate: try a.float("rate"), salt: try a.int("salt"))
  }

  package var attributes: Attributes { ["rate": .float(rate), "salt": .int(salt)] }

  package func resultTypes(_ inputs: [TensorType]) throws(GraphError) -> [TensorType] {
    let check = TypeChecker(self)
    try check.count(inputs, 2)
    try check.dtype(inputs[0], .f32, "x")
    try check.dtype(inputs[1], .i32, "seed")
    try check.shape(inputs[1], [1], "seed")
    guard rate >= 0, rate < 1 else { throw check.fail("rate \(rate) is outside [0, 1)") }
    return [inputs[0]]
  }
}

/// The sum over `axes`, which disappear.
///
/// - Input: `x` f32. - Result: f32 with the other axes.
package struct Sum: OpDefinition {
  package static let mnemonic = "sum"
  /// Ascending, without repetition.
  package var axes: [Int]

  package init(axes: [Int]) { self.axes = axes }

  package init(_ a: Attributes) throws(GraphError) { self.init(axes: try a.ints("axes")) }

  package var attributes: Attributes { ["axes": .ints(axes)] }

  package func resultTypes(_ inputs: [TensorType]) throws(GraphError) -> [TensorType] {
    let check = TypeChecker(self)
    try check.count(inputs, 1)
    try check.dtype(inputs[0], .f32, "x")
    guard axes == Array(Set(axes)).sorted() else { throw check.fail("axes \(axes) not ascending") }
    for axis in axes { try check.axis(axis, of: inputs[0]) }
    return [.f32(inputs[0].shape.indices.filter { !axes.contains($0) }.map { inputs[0].shape[$0] })]
  }
}
