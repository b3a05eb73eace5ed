import Graph

extension Interpolate: Evaluable {
  func evaluate(_ inputs: inout [Tensor], _ bindings: [String: Int]) throws(GraphError) -> [Tensor]
  {
    let x = inputs[0]
    let (down, across) = (
      try CubicWeights(from: x.shape[0], to: length(rows, bindings)),
      try CubicWeights(from: x.shape[1], to: length(columns, bindings))
    )
    return [x.mixed(down.matrix, across.matrix)]
  }
}

extension InterpolateGradient: Evaluable {
  func evaluate(_ inputs: inout [Tensor], _ bindings: [String: Int]) throws(GraphError) -> [Tensor]
  {
    let dy = inputs[0]
    let (down, across) = (
      try CubicWeights(from: length(rows, bindings), to: dy.shape[0]),
      try CubicWeights(from: length(columns, bindings), to: dy.shape[1])
    )
    return [dy.mixed(down.transposed, across.transposed)]
  }
}

/// How much each of `count` source points counts in each of `target` results along one axis.
private struct CubicWeights {
  /// [target][count].
  var matrix: [[Double]]

  init(from count: Int, to target: Int) throws(GraphError) {
    guard count >= 1, target >= 1 else {
      throw GraphError("interpolate: from \(count) points to \(target)")
    }
    matrix = (0..<target).map { result in
      let place = (Double(result) + 0.5) * Double(count) / Double(target) - 0.5
      var weights = [Double](repeating: 0, count: count)
      for point in Int(place.rounded(.down)) - 1...Int(place.rounded(.down)) + 2 {
        weights[min(max(point, 0), count - 1)] += Self.cubic(abs(place - Double(point)))
      }
      return weights
    }
  }

  var transposed: [[Double]] {
    matrix[0].indices.map { point in matrix.map { $0[point] } }
  }

  /// Keys' cubic, equation 4 generalised to a = -0.75.
  private static func cubic(_ x: Double) -> Double {
    let a = -0.75
    if x <= 1 { return (a + 2) * x * x * x - (a + 3) * x * x + 1 }
    return x < 2 ? a * x * x * x - 5 * a * x * x + 8 * a * x - 4 * a : 0
  }
}

extension Tensor {
  /// y[p, q, :] = Σ down[p][i] · across[q][j] · self[i, j, :].
  fileprivate func mixed(_ down: [[Double]], _ across: [[Double]]) -> Tensor {
    var result = Tensor.filled([down.count, across.count, width])
    for (p, rowWeights) in down.enumerated() {
      for (q, columnWeights) in across.enumerated() {
        for (i, rowWeight) in rowWeights.enumerated() where rowWeight != 0 {
          for (j, columnWeight) in columnWeights.enumerated() where columnWeight != 0 {
            for d in 0..<width {
              result.values[(p * across.count + q) * width + d] +=
                rowWeight * columnWeight * values[(i * shape[1] + j) * width + d]
            }
          }
        }
      }
    }
    return result
  }
}
