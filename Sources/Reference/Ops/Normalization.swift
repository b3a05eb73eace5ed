import Graph

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A row with mean 0 and variance 1, and the factor that scaled it.
private struct NormalisedRow {
  let values: [Double]
  /// 1/√(σ² + ε).
  let factor: Double

  init(_ row: ArraySlice<Double>, epsilon: Float) {
    let mean = row.reduce(0, +) / Double(row.count)
    let variance = row.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(row.count)
    let factor = 1 / (variance + Double(epsilon)).squareRoot()
    values = row.map { ($0 - mean) * factor }
    self.factor = factor
  }
}

/// `layer_norm`, as every op that contains one computes it.
func layerNorm(_ x: Tensor, gamma: Tensor, beta: Tensor, epsilon: Float) -> Tensor {
  x.mapRows { row in
    let normalised = NormalisedRow(row, epsilon: epsilon).values
    return normalised.indices.map { normalised[$0] * gamma.values[$0] + beta.values[$0] }
  }
}

/// `layer_norm(x + residual)`.
func residualLayerNorm(
  _ x: Tensor, residual: Tensor, gamma: Tensor, beta: Tensor, epsilon: Float
) -> Tensor {
  let sum = zip(x.values, residual.broadcast(to: x.shape).values).map(+)
  return layerNorm(.f32(x.shape, sum), gamma: gamma, beta: beta, epsilon: epsilon)
}

extension LayerNorm: Evaluable {
  func evaluate(_ inputs: inout [Tensor], _: [String: Int]) throws(GraphError) -> [Tensor] {
    [layerNorm(inputs[0], gamma: inputs[1], beta: inputs[2], epsilon: epsilon)]
  }
}

extension ResidualLayerNorm: Evaluable {
  func evaluate(_ inputs: inout [Tensor], _: [String: Int]) throws(GraphError) -> [Tensor] {
    [
      residualLayerNorm(
        inputs[0], residual: inputs[1], gamma: inputs[2], beta: inputs[3], epsilon: epsilon)
    ]
  }
}

extension LayerNormGradient: Evaluable {
  func evaluate(_ inputs: inout [Tensor], _: [String: Int]) throws(GraphError) -> [Tensor] {
    let (x, gamma, dy) = (inputs[0], inputs[1], inputs[2])
    var dx: [Double] = []
    var dgamma = [Double](repeating: 0, count: x.width)
    var dbeta = dgamma
    for index in 0..<x.rowCount {
      let normalised = NormalisedRow(x.row(index), epsilon: epsilon)
      let slope = Array(dy.row(index))
      let g = zip(slope, gamma.values).map(*)
      let mean = g.reduce(0, +) / Double(g.count)
      let along = zip(g, normalised.values).map(*).reduce(0, +) / Double(g.count)
      for i in g.indices {
        dx.append(normalised.factor * (g[i] - mean - normalised.values[i] * along))
        dgamma[i] += slope[i] * normalised.values[i]
        dbeta[i] += slope[i]
      }
    }
    return [.f32(x.shape, dx), .f32([x.width], dgamma), .f32([x.width], dbeta)]
  }
}

/// exp(x − max) / Σ exp(x − max) of one row; NaN when nothing is finite.
func softmax(_ row: some Collection<Double>) -> [Double] {
  let maximum = row.max() ?? 0
  let powers = row.map { exp($0 - maximum) }
  let sum = powers.reduce(0, +)
  return powers.map { $0 / sum }
}

extension Softmax: Evaluable {
  func evaluate(_ inputs: inout [Tensor], _: [String: Int]) throws(GraphError) -> [Tensor] {
    [inputs[0].mapRows { softmax($0) }]
  }
}

/// y · (dy − Σ y · dy) of one row.
func softmaxGradient(_ y: some Collection<Double>, _ dy: some Collection<Double>) -> [Double] {
  let along = zip(y, dy).map(*).reduce(0, +)
  return zip(y, dy).map { $0 * ($1 - along) }
}

extension SoftmaxGradient: Evaluable {
  func evaluate(_ inputs: inout [Tensor], _: [String: Int]) throws(GraphError) -> [Tensor] {
    let (y, dy) = (inputs[0], inputs[1])
    return [.f32(y.shape, (0..<y.rowCount).flatMap { softmaxGradient(y.row($0), dy.row($0)) })]
  }
}
