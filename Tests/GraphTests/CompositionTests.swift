import Graph
import Reference
import TestSupport
import Testing

/// Fused ops against what they stand for, in Double: only rounding may differ.
@Suite struct CompositionTests {
  static let roundings = 1e-12

  func run(
    _ inputs: [String: Tensor], _ build: (inout Graph, [String: Value]) -> [Value]
  ) throws -> [Tensor] {
    var graph = Graph()
    var values: [String: Value] = [:]
    for (name, tensor) in inputs.sorted(by: { $0.key < $1.key }) {
      values[name] = graph.input(
        name, TensorType(tensor.dtype, tensor.shape.map { Dimension($0) }))
    }
    let results = build(&graph, values)
    for (index, result) in results.enumerated() { graph.output("y\(index)", result) }
    let outputs = try Interpreter.run(graph, inputs: inputs)
    return results.indices.compactMap { outputs["y\($0)"] }
  }

  /// `attention` in primitive ops, as models write it.
  func decomposed(
    _ graph: inout Graph, _ q: Value, _ k: Value, _ v: Value, _ form: AttentionForm
  ) -> Value {
    func split(_ x: Value, _ graph: inout Graph) -> Value {
      let shape = graph.shape(x)
      let width = Dimension((shape[2].constant ?? 0) / form.heads)
      let rows = graph.reshape(x, [shape[0], shape[1], Dimension(form.heads), width])
      return graph.transpose(rows, [0, 2, 1, 3])
    }
    let (q4, k4, v4) = (split(q, &graph), split(k, &graph), split(v, &graph))
    var scores = graph.scale(graph.matMul(q4, k4, transposeB: true), by: form.scale)
    if let prefix = form.prefix { scores = graph.prefixMask(scores, prefix: prefix) }
    let rows = graph.matMul(graph.softmax(scores), v4)
    return graph.reshape(graph.transpose(rows, [0, 2, 1, 3]), graph.shape(q))
  }

  @Test(arguments: [nil, 0, 3, 7] as [Int?], [1, 2, 4])
  func attentionIsItsDecomposition(prefix: Int?, heads: Int) throws {
    let form = AttentionForm(heads: heads, scale: 0.6, prefix: prefix.map { Dimension($0) })
    var inputs: [String: Tensor] = [:]
    for (seed, name) in ["q", "k", "v"].enumerated() {
      inputs[name] = .random([2, 7, 8], seed: UInt64(seed), in: -2...2)
    }
    let y = try run(inputs) { graph, x in
      guard let q = x["q"], let k = x["k"], let v = x["v"] else { return [] }
      return [graph.attention(q, k, v, form), decomposed(&graph, q, k, v, form)]
    }
    #expect(largestDifference(y[0], y[1]) <= Self.roundings)
  }

  @Test func attentionOfLastRowsIsTheEndOfTheWhole() throws {
    let form = AttentionForm(heads: 2, scale: 0.6, prefix: 3)
    let (q, k, v) = (
      Tensor.random([2, 7, 8], seed: 1), Tensor.random([2, 7, 8], seed: 2),
      Tensor.random([2, 7, 8], seed: 3)
    )
    let y = try run(["q": q, "k": k, "v": v]) { graph, x in
      guard let q = x["q"], let k = x["k"], let v = x["v"] else { return [] }
      let last = graph.slice(q, axis: 1, from: 4, to: 7)
      return [
        graph.slice(graph.attention(q, k, v, form), axis: 1, from: 4, to: 7),
        graph.attention(last, k, v, form),
      ]
    }
    #expect(largestDifference(y[0], y[1]) == 0)
  }

  @Test(arguments: Activation.allCases)
  func linearIsItsDecomposition(activation: Activation) throws {
    let inputs: [String: Tensor] = [
      "x": .random([2, 3, 8], seed: 1), "weight": .random([6, 8], seed: 2),
      "bias": .random([6], seed: 3), "residual": .random([3, 6], seed: 4),
    ]
    let y = try run(inputs) { graph, x in
      guard let rows = x["x"], let weight = x["weight"], let bias = x["bias"],
        let residual = x["residual"]
      else { return [] }
      var y = graph.add(graph.matMul(rows, weight, transposeB: true), bias)
      if let gelu = activation.gelu { y = graph.gelu(y, gelu) }
      let epilogue = Epilogue(hasBias: true, activation: activation, hasResidual: true)
      return [
        graph.apply(.linear(Linear(epilogue)), [rows, weight, bias, residual])[0],
        graph.add(y, residual),
      ]
    }
    #expect(largestDifference(y[0], y[1]) <= Self.roundings)
  }

  @Test func normalizationOpsAreTheirDecompositions() throws {
    let inputs: [String: Tensor] = [
      "x": .random([2, 3, 8], seed: 1), "residual": .random([3, 8], seed: 2),
      "gamma": .random([8], seed: 3), "beta": .random([8], seed: 4),
    ]
    let y = try run(inputs) { graph, x in
      guard let rows = x["x"], let residual = x["residual"], let gamma = x["gamma"],
        let beta = x["beta"]
      else { return [] }
      let normed = graph.layerNorm(
        graph.add(rows, residual), gamma: gamma, beta: beta, epsilon: 1e-5)
      return [normed]
        + graph.apply(.quantizeRows(QuantizeRows(levels: 255)), [normed])
        + graph.apply(
          .residualLayerNorm(ResidualLayerNorm(epsilon: 1e-5)), [rows, residual, gamma, beta])
        + graph.apply(
          .layerNormQuantize(
            LayerNormQuantize(epsilon: 1e-5, levels: 255, hasResidual: true, keepsFloat: true)),
          [rows, residual, gamma, beta])
    }
    #expect(y[3] == y[0])
    #expect(y[4...6] == y[0...2])
  }

  /// Per element of the product, an x is off by at most its row's scale s (half a step of rounding,
  /// and half a step more where the zero point's rounding clamps the top), a weight by half its
  /// scale w: |Δ| ≤ Σ (|weight| + w/2) · s + |x| · w/2.
  @Test(arguments: [127, 255])
  func quantizedLinearIsNearLinear(levels: Int) throws {
    let x = Tensor.random([5, 32], seed: 1, in: -1...3)
    let weight = Tensor.random([6, 32], seed: 2)
    let scales = (0..<6).map { Double(Float(weight.row($0).map(abs).max() ?? 0) / 127) }
    let integers = Tensor(
      .s8, [6, 32],
      weight.values.enumerated().map {
        ($1 / scales[$0 / 32]).rounded(.toNearestOrEven)
      })
    let quantized = try evaluate(.quantizeRows(QuantizeRows(levels: levels)), [x])
    let exact = try evaluate(.linear(Linear(Epilogue())), [x, weight])[0]
    let found = try evaluate(
      .quantizedLinear(QuantizedLinear(Epilogue())), quantized + [integers, .f32([6], scales)])[0]
    var largest = 0.0
    for row in 0..<5 {
      let scale = quantized[1].values[2 * row]
      for column in 0..<6 {
        let half = scales[column] / 2
        let bound = zip(x.row(row), weight.row(column)).reduce(0) {
          $0 + (abs($1.1) + half) * scale + abs($1.0) * half
        }
        let difference = abs(
          found.values[row * 6 + column] - exact.values[row * 6 + column])
        #expect(difference <= bound)
        largest = max(largest, difference)
      }
    }
    #expect(largest > 0)
  }
}
