import Graph

extension QuantizeRows: Evaluable {
  func evaluate(_ inputs: inout [Tensor], _: [String: Int]) throws(GraphError) -> [Tensor] {
    quantizedRows(inputs[0], levels: levels)
  }
}

/// u8 […, K] and f32 […, 2] of `quantize_rows`.
///
/// The one op computed in binary32, step by step as its formula stands, so that the integers are
/// those of every kernel.
private func quantizedRows(_ x: Tensor, levels: Int) -> [Tensor] {
  var integers: [Double] = []
  var rows: [Double] = []
  for index in 0..<x.rowCount {
    let row = x.row(index).map { Float($0) }
    let low = min(0, row.min() ?? 0)
    let high = max(0, row.max() ?? 0)
    let scale = high == low ? 1 : (high - low) / Float(levels)
    let inverse = 1 / scale
    let zero = (-low * inverse).rounded(.toNearestOrEven)
    for value in row {
      let rounded = (value * inverse).rounded(.toNearestOrEven) + zero
      integers.append(Double(min(max(rounded, 0), Float(levels))))
    }
    rows += [Double(scale), Double(zero)]
  }
  return [Tensor(.u8, x.shape, integers), .f32(Array(x.shape.dropLast()) + [2], rows)]
}

extension LayerNormQuantize: Evaluable {
  func evaluate(_ inputs: inout [Tensor], _: [String: Int]) throws(GraphError) -> [Tensor] {
    let normalised =
      hasResidual
      ? residualLayerNorm(
        inputs[0], residual: inputs[1], gamma: inputs[2], beta: inputs[3], epsilon: epsilon)
      : layerNorm(inputs[0], gamma: inputs[1], beta: inputs[2], epsilon: epsilon)
    let quantized = quantizedRows(normalised, levels: levels)
    return keepsFloat ? [normalised] + quantized : quantized
  }
}
