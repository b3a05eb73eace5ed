/// Hides from each query the keys it may not see, by −∞.
///
/// The sequence is `prefix` image tokens, then text. Key j is visible to query i when
/// j < prefix, or when i ≥ prefix and j ≤ i: image tokens see all image tokens and no text, a text
/// token sees all image tokens and the text up to itself. `prefix` 0 is the causal mask.
///
/// - Input: `scores` f32[…, S, S] (query, key). - Result: the type of `scores`.
/// - Source: Wang et al. 2022 (GIT), section 3.2, figure 3.
package struct PrefixMask: OpDefinition {
  package static let mnemonic = "prefix_mask"
  package var prefix: Dimension

  package init(prefix: Dimension) { self.prefix = prefix }

  package init(_ a: Attributes) throws(GraphError) { self.init(prefix: try a.dimension("prefix")) }

  package var attributes: Attributes { ["prefix": .dimension(prefix)] }

  package func resultTypes(_ inputs: [TensorType]) throws(GraphError) -> [TensorType] {
    let check = TypeChecker(self)
    try check.count(inputs, 1)
    try check.dtype(inputs[0], .f32, "scores")
    try check.rank(inputs[0], atLeast: 2, "scores")
    guard inputs[0].shape.last == inputs[0].shape.dropLast().last else {
      throw check.fail("expected as many queries as keys, found \(inputs[0])")
    }
    return inputs
  }
}

/// Heads, scale, mask and bias of an attention.
package struct AttentionForm: Hashable, Sendable {
  package var heads: Int
  /// Multiplies QKᵀ; 1/√(head width) in every released model.
  package var scale: Float
  /// nil: every query sees every key.
  ///
  /// Otherwise the prefix mask, for queries that are the last rows
  /// of the keys' sequence: query i of Sq stands at position i + Sk − Sq.
  package var prefix: Dimension?
  /// An input `bias` follows v.
  package var hasBias: Bool

  package init(heads: Int, scale: Float, prefix: Dimension? = nil, hasBias: Bool = false) {
    self.heads = heads
    self.scale = scale
    self.prefix = prefix
    self.hasBias = hasBias
  }

  fileprivate init(_ a: Attributes) throws(GraphError) {
    self.init(
      heads: try a.int("heads"), scale: try a.float("scale"),
      prefix: a["prefix"] == nil ? nil : try a.dimension("prefix"),
      hasBias: a["bias"] == nil ? false : try a.bool("bias"))
  }

  fileprivate var attributes: Attributes {
    var attributes: Attributes = ["heads": .int(heads), "scale": .float(scale)]
    if let prefix { attributes["prefix"] = .dimension(prefix) }
    if hasBias { attributes["bias"] = .flag(true) }
    return attributes
  }

  /// Inputs from q to v, and the bias where there is one.
  fileprivate var inputCount: Int { hasBias ? 4 : 3 }

  fileprivate func check(_ inputs: [TensorType], _ check: TypeChecker) throws(GraphError) {
    for (input, name) in zip(inputs, ["q", "k", "v"]) {
      try check.dtype(input, .f32, name)
      try check.rank(input, 3, name)
    }
    let (q, k) = (inputs[0].shape, inputs[1].shape)
    try check.shape(inputs[2], k, "v")
    guard q[0] == k[0], q[2] == k[2], heads > 0, let width = q[2].constant, width % heads == 0
    else { throw check.fail("\(inputs[0]) and \(inputs[1]) do not make \(heads) heads") }
    guard hasBias, inputs.count > 3 else { return }
    try check.dtype(inputs[3], .f32, "bias")
    try check.rank(inputs[3], 4, "bias")
    let bias = inputs[3].shape
    guard let groups = bias[0].constant, groups > 0,
      q[0].terms.allSatisfy({ $0.coefficient % groups == 0 }),
      Array(bias.dropFirst()) == [Dimension(heads), q[1], k[1]]
    else {
      throw check.fail(
        "bias \(inputs[3]) is not one of \(heads) heads for \(inputs[0]) and \(inputs[1])")
    }
  }
}

/// An op that is told an attention's form and nothing else.
package protocol AttentionOp: OpDefinition {
  var form: AttentionForm { get }
  init(_ form: AttentionForm)
}

extension AttentionOp {
  package init(_ a: Attributes) throws(GraphError) { self.init(try AttentionForm(a)) }

  package var attributes: Attributes { form.attributes }
}

/// Multi-head attention: per head, softmax(scale · Q Kᵀ + bias + mask) V.
///
/// Head h owns columns h·D/heads ..< (h+1)·D/heads of q, k, v and the result, as after a projection.
///
/// - Inputs: `q` f32[B, Sq, D]; `k`, `v` f32[B, Sk, D]; with `hasBias` also `bias` f32[W, heads, Sq,
///   Sk], whose entry b mod W is for batch element b, W a divisor of B: the windows of an image stand
///   in a row, and each has its own. It may hold −∞, but not for every key of a query.
/// - Result: the type of `q`.
/// - Decomposition: `reshape`, `transpose`, `matmul`, `scale`, `add`, `prefix_mask`, `softmax`,
///   `matmul`.
/// - Source: Vaswani et al. 2017, section 3.2.
package struct Attention: AttentionOp {
  package static let mnemonic = "attention"
  package var form: AttentionForm

  package init(_ form: AttentionForm) { self.form = form }

  package func resultTypes(_ inputs: [TensorType]) throws(GraphError) -> [TensorType] {
    let check = TypeChecker(self)
    try check.count(inputs, form.inputCount)
    try form.check(inputs, check)
    return [inputs[0]]
  }
}

/// `attention` without mask and bias, in integers: what the compiler makes of it in an int8 plan.
///
/// Per batch element and head, in binary32 but for the sums of integers:
///
///     Q[i], z[i], a[i] = the integers, zero point and scale of row i of q by `quantize_rows` of 127 levels
///     K, b and V, c = the signed integers and scales of k and v less the means of their columns
///     s[i, j] = Σ (Q[i] − z[i]) K[j] · b[j]
///     P[i, j] = round(127 · e^(scale · a[i] · (s[i, j] − max s[i])))
///     y[i] = Σ P[i, j] V[j] · c / Σ P[i, j] + mean of v
///
/// Means change nothing: one number moves all scores of a query, and probabilities add up to 1. Scales of
/// k are per key, of v per column; the integers of eight neighbours whose products meet in 16 bits are
/// bounded, as those of weights are: `ck_attention_u8s8_args` says which, in which order.
///
/// - Inputs: `q` f32[B, Sq, D]; `k`, `v` f32[B, Sk, D], Sk at least 1. - Result: the type of `q`.
/// - Source: Zhang and others 2024 (SageAttention), for the mean of k and the fixed scale of P.
package struct QuantizedAttention: AttentionOp {
  package static let mnemonic = "quantized_attention"
  /// The widest head: scores stay exact in binary32.
  package static let widestHead = 1024
  /// No mask, no bias, a positive scale.
  package var form: AttentionForm

  package init(_ form: AttentionForm) { self.form = form }

  package func resultTypes(_ inputs: [TensorType]) throws(GraphError) -> [TensorType] {
    let check = TypeChecker(self)
    guard form.prefix == nil, !form.hasBias else { throw check.fail("expected no mask, no bias") }
    guard form.scale > 0 else { throw check.fail("expected a scale above 0, found \(form.scale)") }
    try check.count(inputs, 3)
    try form.check(inputs, check)
    let width = (inputs[0].shape[2].constant ?? 0) / form.heads
    guard width <= Self.widestHead else {
      throw check.fail("expected heads of at most \(Self.widestHead) columns, found \(width)")
    }
    return [inputs[0]]
  }
}

/// The derivative of `attention`; probabilities are computed again rather than kept.
///
/// - Inputs: those of `attention`, then `dy`. - Results: the derivative by each of the former, of its
///   type.
package struct AttentionGradient: AttentionOp {
  package static let mnemonic = "attention_gradient"
  package var form: AttentionForm

  package init(_ form: AttentionForm) { self.form = form }

  package func resultTypes(_ inputs: [TensorType]) throws(GraphError) -> [TensorType] {
    let check = TypeChecker(self)
    let count = form.inputCount
    try check.count(inputs, count + 1)
    try form.check(inputs, check)
    try check.dtype(inputs[count], .f32, "dy")
    try check.shape(inputs[count], inputs[0].shape, "dy")
    return Array(inputs[..<count])
  }
}

/// Attention of new text rows over the cached image prefix and the cached text before them.
///
/// Appends row r of `k`, `v` of sequence s to its caches at position positions[r], then lets query
/// r see the whole prefix of image source[s] and text positions 0 ... positions[r]. The text at
/// position p of sequence s is in row slots[s, p] of the caches: beams that share a past share its
/// rows. Positions are consecutive; `slots[s, positions[r]]` must be s.
///
/// - Inputs: `q`, `k`, `v` f32[Q, R, D]; `prefixK`, `prefixV` f32[B, P, D] or both f16; `textK`, `textV`
///   f32[Q, L, D], which are changed in place; `source` i32[Q], each in 0 ..< B; `slots` i32[Q, L],
///   each in 0 ..< Q; `positions` i32[R], each in 0 ..< L.
/// - Result: the type of `q`. `form.prefix` is nil: the mask follows from the above; there is no bias.
package struct CachedAttention: AttentionOp {
  package static let mnemonic = "cached_attention"
  package var form: AttentionForm

  package init(_ form: AttentionForm) { self.form = form }

  package func resultTypes(_ inputs: [TensorType]) throws(GraphError) -> [TensorType] {
    let check = TypeChecker(self)
    try check.count(inputs, 10)
    guard !form.hasBias else { throw check.fail("expected no bias") }
    try form.check(Array(inputs[0..<3]), check)
    try check.shape(inputs[1], inputs[0].shape, "k")
    for (index, name) in [(3, "prefixK"), (4, "prefixV"), (5, "textK"), (6, "textV")] {
      let isHalf = index < 5 && inputs[3].dtype == .f16
      try check.dtype(inputs[index], isHalf ? .f16 : .f32, name)
      try check.rank(inputs[index], 3, name)
      guard inputs[index].shape[2] == inputs[0].shape[2] else {
        throw check.fail("\(name) \(inputs[index]) and q \(inputs[0]) differ in width")
      }
    }
    try check.shape(inputs[4], inputs[3].shape, "prefixV")
    try check.shape(inputs[6], inputs[5].shape, "textV")
    let (queries, rows) = (inputs[0].shape[0], inputs[0].shape[1])
    guard inputs[5].shape[0] == queries else {
      throw check.fail("textK \(inputs[5]) has not one row of \(queries)")
    }
    for (index, shape, name) in [
      (7, [queries], "source"), (8, [queries, inputs[5].shape[1]], "slots"),
      (9, [rows], "positions"),
    ] {
      try check.dtype(inputs[index], .i32, name)
      try check.shape(inputs[index], shape, name)
    }
    return [inputs[0]]
  }
}
