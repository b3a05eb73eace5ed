/// Building by name: each method appends one op. A mistake here is the caller's bug and traps with
/// the op's own message; graphs from files are built with `append`, which throws.
extension Graph {
  /// Appends an op that the caller vouches for, and gives all its results.
  package mutating func apply(_ op: Op, _ inputs: [Value]) -> [Value] {
    do { return try append(op, inputs) } catch { preconditionFailure(error.message) }
  }

  private mutating func one(_ op: Op, _ inputs: Value...) -> Value { apply(op, inputs)[0] }

  package mutating func constant(_ value: Float, _ shape: Shape = []) -> Value {
    one(.constant(Constant(value: value, shape: shape)))
  }

  package mutating func add(_ a: Value, _ b: Value) -> Value { one(.add(Add()), a, b) }

  package mutating func multiply(_ a: Value, _ b: Value) -> Value {
    one(.multiply(Multiply()), a, b)
  }

  package mutating func scale(_ x: Value, by factor: Float) -> Value {
    one(.scale(Scale(factor: factor)), x)
  }

  package mutating func exp(_ x: Value) -> Value { one(.exp(Exp()), x) }

  package mutating func rsqrt(_ x: Value) -> Value { one(.rsqrt(Rsqrt()), x) }

  package mutating func matMul(
    _ a: Value, _ b: Value, transposeA: Bool = false, transposeB: Bool = false
  ) -> Value {
    one(.matMul(MatMul(transposeA: transposeA, transposeB: transposeB)), a, b)
  }

  package mutating func softmax(_ x: Value) -> Value { one(.softmax(Softmax()), x) }

  package mutating func prefixMask(_ scores: Value, prefix: Dimension) -> Value {
    one(.prefixMask(PrefixMask(prefix: prefix)), scores)
  }

  package mutating func layerNorm(
    _ x: Value, gamma: Value, beta: Value, epsilon: Float
  ) -> Value {
    one(.layerNorm(LayerNorm(epsilon: epsilon)), x, gamma, beta)
  }

  package mutating func gelu(_ x: Value, _ form: GeluForm) -> Value {
    one(.gelu(Gelu(form: form)), x)
  }

  package mutating func reshape(_ x: Value, _ shape: Shape) -> Value {
    one(.reshape(Reshape(shape: shape)), x)
  }

  package mutating func transpose(_ x: Value, _ permutation: [Int]) -> Value {
    one(.transpose(Transpose(permutation: permutation)), x)
  }

  package mutating func concat(_ values: [Value], axis: Int) -> Value {
    apply(.concat(Concat(axis: axis)), values)[0]
  }

  package mutating func slice(
    _ x: Value, axis: Int, from start: Dimension, to end: Dimension
  ) -> Value {
    one(.slice(Slice(axis: axis, start: start, end: end)), x)
  }

  package mutating func broadcast(_ x: Value, to shape: Shape) -> Value {
    one(.broadcast(Broadcast(shape: shape)), x)
  }

  package mutating func embedding(_ table: Value, ids: Value) -> Value {
    one(.embedding(Embedding()), table, ids)
  }

  package mutating func patches(_ x: Value, _ form: PatchForm) -> Value {
    one(.patches(Patches(form)), x)
  }

  package mutating func relativeIndex(window: Int) -> Value {
    one(.relativeIndex(RelativeIndex(window: window)))
  }

  package mutating func windowMask(
    height: Int, width: Int, window: Int, shift: Int
  ) -> Value {
    one(.windowMask(WindowMask(height: height, width: width, window: window, shift: shift)))
  }

  package mutating func interpolate(
    _ x: Value, rows: Dimension, columns: Dimension
  ) -> Value {
    one(.interpolate(Interpolate(rows: rows, columns: columns)), x)
  }

  package mutating func dropout(_ x: Value, seed: Value, rate: Float, salt: Int) -> Value {
    one(.dropout(Dropout(rate: rate, salt: salt)), x, seed)
  }

  package mutating func crossEntropy(
    _ logits: Value, labels: Value, smoothing: Smoothing
  ) -> Value {
    one(.crossEntropy(CrossEntropy(smoothing)), logits, labels)
  }

  package mutating func keepRows(_ x: Value, scores: Value, count: Dimension) -> Value {
    one(.keepRows(KeepRows(count: count)), x, scores)
  }

  package mutating func sum(_ x: Value, axes: [Int]) -> Value { one(.sum(Sum(axes: axes)), x) }

  /// With a bias the form says so too.
  package mutating func attention(
    _ q: Value, _ k: Value, _ v: Value, bias: Value? = nil, _ form: AttentionForm
  ) -> Value {
    apply(.attention(Attention(form)), [q, k, v] + (bias.map { [$0] } ?? []))[0]
  }
}
