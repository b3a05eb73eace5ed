import Graph

extension QuantizeRows: Evaluable {
  func evaluate(_ inputs: inout [Tensor], _: [String: Int]) throws(GraphError) -> [Tensor] {
    quantizedRows(inputs[0], levels: levels)
  }
}

extension ToHalf: Evaluable {
  /// A multiple of the last place of the binary16 numbers around it: 2^(e - 10) in 2^e ..< 2^(e + 1), and
  /// 2^-24 below 2^-14.
  func evaluate(_ inputs: inout [Tensor], _: [String: Int]) throws(GraphError) -> [Tensor] {
    let values = inputs[0].values.map { (exact: Double) -> Double in
      let x = Double(Float(exact))
      if x.isNaN { return x }
      let bounded = min(max(x, -65504), 65504)
      let place = max(bounded.magnitude.binade, 0x1p-14) * 0x1p-10
      return (bounded / place).rounded(.toNearestOrEven) * place
    }
    return [Tensor(.f16, inputs[0].shape, values)]
  }
}

/// u8 […, K] and f32 […, 2] of `quantize_rows`.
private func quantizedRows(_ x: Tensor, levels: Int) -> [Tensor] {
  var integers: [Double] = []
  var rows: [Double] = []
  for index in 0..<x.rowCount {
    let row = quantizedRow(x.row(index).map { Float($0) }, levels: levels)
    integers += row.integers.map(Double.init)
    rows += [Double(row.scale), Double(row.zero)]
  }
  return [Tensor(.u8, x.shape, integers), .f32(Array(x.shape.dropLast()) + [2], rows)]
}

/// One row as unsigned integers.
///
/// Computed in binary32, step by step as its formula stands, so that the integers are those of every
/// kernel.
func quantizedRow(
  _ row: [Float], levels: Int
) -> (integers: [Float], scale: Float, zero: Float) {
  let low = min(0, row.min() ?? 0)
  let high = max(0, row.max() ?? 0)
  let scale = high == low ? 1 : (high - low) / Float(levels)
  let inverse = 1 / scale
  let zero = (-low * inverse).rounded(.toNearestOrEven)
  let integers = row.map { value in
    min(max((value * inverse).rounded(.toNearestOrEven) + zero, 0), Float(levels))
  }
  return (integers, scale, zero)
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
