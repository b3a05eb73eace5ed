import Graph

extension MatMul: Evaluable {
  func evaluate(_ inputs: inout [Tensor], _: [String: Int]) throws(GraphError) -> [Tensor] {
    let a = transposeA ? inputs[0].lastAxesExchanged : inputs[0]
    let b = transposeB ? inputs[1] : inputs[1].lastAxesExchanged
    return [rowProducts(a, b)]
  }
}

extension Tensor {
  fileprivate var lastAxesExchanged: Tensor {
    let rank = shape.count
    return transposed(Array(0..<rank - 2) + [rank - 1, rank - 2])
  }
}

/// Every row of `a` […, M, K] times every row of `b` […, N, K] or [N, K]: […, M, N].
private func rowProducts(_ a: Tensor, _ b: Tensor) -> Tensor {
  let inner = a.width
  let columns = b.shape[b.shape.count - 2]
  let rows = a.shape.count < 2 ? 1 : a.shape[a.shape.count - 2]
  let repeats = b.shape.count == 2
  let shape = Array(a.shape.dropLast()) + [columns]
  var values = [Double](repeating: 0, count: shape.reduce(1, *))
  // Unsafe buffers: this loop is nearly all of the interpreter's time.
  a.values.withUnsafeBufferPointer { a in
    b.values.withUnsafeBufferPointer { b in
      values.withUnsafeMutableBufferPointer { values in
        for row in 0..<(columns == 0 ? 0 : values.count / columns) {
          let matrix = repeats ? 0 : row / rows * columns * inner
          for column in 0..<columns {
            var sum = 0.0
            let start = matrix + column * inner
            for k in 0..<inner { sum += a[row * inner + k] * b[start + k] }
            values[row * columns + column] = sum
          }
        }
      }
    }
  }
  return .f32(shape, values)
}

extension Epilogue {
  /// activation(product + bias) + residual, split by columns.
  fileprivate func applied(to product: Tensor, _ rest: ArraySlice<Tensor>) -> [Tensor] {
    let bias = hasBias ? rest.first : nil
    let residual = hasResidual ? rest.last?.broadcast(to: product.shape) : nil
    var result = product
    for index in result.values.indices {
      var y = result.values[index]
      if let bias { y += bias.values[index % product.width] }
      if let gelu = activation.gelu { y = gelu.value(y) }
      if let residual { y += residual.values[index] }
      result.values[index] = y
    }
    if splits.isEmpty { return [result] }
    var start = 0
    return splits.map { columns in
      defer { start += columns }
      return result.gathered(
        Array(result.shape.dropLast()) + [columns], strides: result.strides, offset: start)
    }
  }
}

extension Linear: Evaluable {
  func evaluate(_ inputs: inout [Tensor], _: [String: Int]) throws(GraphError) -> [Tensor] {
    epilogue.applied(to: rowProducts(inputs[0], inputs[1]), inputs[2...])
  }
}

extension QuantizedLinear: Evaluable {
  func evaluate(_ inputs: inout [Tensor], _: [String: Int]) throws(GraphError) -> [Tensor] {
    let (rows, weight, weightScale) = (inputs[1], inputs[2], inputs[3])
    let columns = weight.rowCount
    let columnSums = (0..<columns).map { weight.row($0).reduce(0, +) }
    // Integers below 2⁵³: Double sums them exactly.
    var product = rowProducts(inputs[0], weight)
    for index in product.values.indices {
      let (row, column) = index.quotientAndRemainder(dividingBy: columns)
      let (scale, zero) = (rows.values[2 * row], rows.values[2 * row + 1])
      product.values[index] =
        (product.values[index] - zero * columnSums[column])
        * (scale * weightScale.values[column])
    }
    return epilogue.applied(to: product, inputs[4...])
  }
}
