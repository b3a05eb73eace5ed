import Graph
import Reference
import Testing

/// A graph whose parameters a gradient test disturbs, and what its inputs are.
struct GradientSample: Sendable, CustomTestStringConvertible {
  var name: String
  /// Shapes of the parameters p0, p1, … .
  var parameters: [[Int]]
  /// Integer inputs by name.
  var inputs: [String: Tensor] = [:]
  /// Appends the op under test and gives its result.
  var build: @Sendable (inout Graph, [Value]) -> Value

  var testDescription: String { name }

  static let all: [GradientSample] = [
    .init("add broadcast", [[2, 3, 4], [3, 1]]) { $0.add($1[0], $1[1]) },
    .init("add suffix", [[2, 3], [3]]) { $0.add($1[0], $1[1]) },
    .init("multiply broadcast", [[2, 3, 4], [1, 4]]) { $0.multiply($1[0], $1[1]) },
    .init("value used twice", [[2, 3]]) { $0.multiply($1[0], $0.scale($1[0], by: 0.5)) },
    .init("scale", [[3, 2]]) { $0.scale($1[0], by: -1.5) },
    .init("exp", [[3, 2]]) { $0.exp($1[0]) },
    .init("rsqrt", [[3, 2]]) { $0.rsqrt($0.add($0.multiply($1[0], $1[0]), $0.constant(0.5))) },
    .init("matmul", [[2, 3], [3, 4]]) { $0.matMul($1[0], $1[1]) },
    .init("matmul weight", [[2, 3, 5], [4, 5]]) { $0.matMul($1[0], $1[1], transposeB: true) },
    .init("matmul batched", [[2, 3, 4], [2, 4, 5]]) { $0.matMul($1[0], $1[1]) },
    .init("matmul batched b", [[2, 3, 4], [2, 5, 4]]) {
      $0.matMul($1[0], $1[1], transposeB: true)
    },
    .init("matmul batched a", [[2, 4, 3], [2, 4, 5]]) {
      $0.matMul($1[0], $1[1], transposeA: true)
    },
    .init("matmul shared a", [[2, 4, 3], [4, 5]]) { $0.matMul($1[0], $1[1], transposeA: true) },
    .init("matmul both", [[4, 3], [5, 4]]) {
      $0.matMul($1[0], $1[1], transposeA: true, transposeB: true)
    },
    .init("matmul shared both", [[2, 4, 3], [5, 4]]) {
      $0.matMul($1[0], $1[1], transposeA: true, transposeB: true)
    },
    .init("softmax", [[2, 5]]) { $0.softmax($1[0]) },
    .init("masked softmax", [[2, 4, 4]]) { $0.softmax($0.prefixMask($1[0], prefix: 2)) },
    .init("layer_norm", [[3, 6], [6], [6]]) {
      $0.layerNorm($1[0], gamma: $1[1], beta: $1[2], epsilon: 1e-5)
    },
    .init("gelu erf", [[9]]) { $0.gelu($1[0], .erf) },
    .init("gelu tanh", [[9]]) { $0.gelu($1[0], .tanh) },
    .init("gelu quick", [[9]]) { $0.gelu($1[0], .quick) },
    .init("reshape", [[2, 6]]) { $0.reshape($1[0], [3, 4]) },
    .init("transpose", [[2, 3, 4]]) { $0.transpose($1[0], [2, 0, 1]) },
    .init("concat", [[2, 3], [2, 1], [2, 2]]) { $0.concat($1, axis: 1) },
    .init("slice", [[4, 3]]) { $0.slice($1[0], axis: 0, from: 1, to: 3) },
    .init("roll", [[3, 4, 2]]) { graph, p in
      graph.concat(
        [
          graph.slice(p[0], axis: 1, from: 3, to: 4), graph.slice(p[0], axis: 1, from: 0, to: 3),
        ], axis: 1)
    },
    .init("pad", [[2, 3]]) { $0.apply(.pad(Pad(axis: 1, before: 1, after: 2)), [$1[0]])[0] },
    .init("broadcast", [[3, 1]]) { $0.broadcast($1[0], to: [2, 3, 4]) },
    .init("interpolate, larger", [[2, 3, 2]]) { $0.interpolate($1[0], rows: 5, columns: 4) },
    .init("interpolate, smaller", [[4, 5, 2]]) { $0.interpolate($1[0], rows: 1, columns: 3) },
    .init("sum", [[2, 3, 4]]) { $0.sum($1[0], axes: [0, 2]) },
    .init("attention", [[2, 3, 4], [2, 5, 4], [2, 5, 4]]) {
      $0.attention($1[0], $1[1], $1[2], AttentionForm(heads: 2, scale: 0.7))
    },
    .init("masked attention", [[1, 4, 6], [1, 4, 6], [1, 4, 6]]) {
      $0.attention($1[0], $1[1], $1[2], AttentionForm(heads: 3, scale: 0.6, prefix: 2))
    },
    .init("attention of last rows", [[2, 2, 4], [2, 5, 4], [2, 5, 4]]) {
      $0.attention($1[0], $1[1], $1[2], AttentionForm(heads: 1, scale: 0.5, prefix: 3))
    },
    .init("attention with a bias", [[2, 3, 4], [2, 5, 4], [2, 5, 4], [1, 2, 3, 5]]) {
      $0.attention(
        $1[0], $1[1], $1[2], bias: $1[3], AttentionForm(heads: 2, scale: 0.7, hasBias: true))
    },
    .init("attention with biases of windows", [[4, 4, 4], [4, 4, 4], [4, 4, 4], [2, 1, 4, 4]]) {
      // The mask hides keys by −∞, whose derivative is 0.
      let mask = $0.windowMask(height: 2, width: 4, window: 2, shift: 1)
      let bias = $0.add($1[3], $0.reshape(mask, [2, 1, 4, 4]))
      return $0.attention(
        $1[0], $1[1], $1[2], bias: bias, AttentionForm(heads: 1, scale: 0.7, hasBias: true))
    },
    .init("table of relative positions", [[9, 2]]) {
      $0.embedding($1[0], ids: $0.relativeIndex(window: 2))
    },
    .init("patches", [[2, 2, 5, 4]]) {
      $0.patches($1[0], PatchForm(size: 3, stride: 2, padding: 1))
    },
    .init("patches of the last channels", [[2, 3, 4, 2]]) {
      $0.patches($1[0], PatchForm(size: 2, stride: 1, padding: 1, channelsLast: true))
    },
    .init("embedding", [[5, 3]], ["ids": .i32([2, 2], [4, 0, 4, 2])]) { graph, p in
      let ids = graph.input("ids", TensorType(.i32, [2, 2]))
      return graph.embedding(p[0], ids: ids)
    },
    .init("dropout", [[40]], ["seed": .i32([1], [7])]) { graph, p in
      let seed = graph.input("seed", TensorType(.i32, [1]))
      return graph.dropout(p[0], seed: seed, rate: 0.4, salt: 3)
    },
    .crossEntropy(.kl, 0), .crossEntropy(.kl, 0.1), .crossEntropy(.uniform, 0.1),
  ]

  private static func crossEntropy(_ form: SmoothingForm, _ amount: Float) -> GradientSample {
    .init(
      "cross_entropy \(form.rawValue) \(amount)", [[2, 3, 6]],
      ["labels": .i32([2, 3], [5, -1, 0, 2, 2, -1])]
    ) { graph, p in
      let labels = graph.input("labels", TensorType(.i32, [2, 3]))
      return graph.crossEntropy(
        p[0], labels: labels, smoothing: Smoothing(form: form, amount: amount))
    }
  }

  private init(
    _ name: String, _ parameters: [[Int]], _ inputs: [String: Tensor] = [:],
    build: @escaping @Sendable (inout Graph, [Value]) -> Value
  ) {
    self.name = name
    self.parameters = parameters
    self.inputs = inputs
    self.build = build
  }
}
