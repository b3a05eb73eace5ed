import Graph

/// Whether query position `query` may see key position `key` behind `prefix` image tokens.
private func sees(query: Int, key: Int, prefix: Int) -> Bool {
  key < prefix || (query >= prefix && key <= query)
}

extension PrefixMask: Evaluable {
  func evaluate(_ inputs: inout [Tensor], _ bindings: [String: Int]) throws(GraphError) -> [Tensor]
  {
    let prefix = try length(prefix, bindings)
    var scores = inputs[0]
    for index in scores.values.indices {
      let (row, key) = index.quotientAndRemainder(dividingBy: scores.width)
      if !sees(query: row % scores.width, key: key, prefix: prefix) {
        scores.values[index] = -.infinity
      }
    }
    return [scores]
  }
}

/// The columns of one head in one row of […, rows, D].
private func head(
  _ x: Tensor, _ batch: Int, _ row: Int, _ columns: Range<Int>
) -> ArraySlice<Double> {
  let start = (batch * x.shape[1] + row) * x.width
  return x.values[start + columns.lowerBound..<start + columns.upperBound]
}

private func dot(_ a: ArraySlice<Double>, _ b: ArraySlice<Double>) -> Double {
  zip(a, b).reduce(0) { $0 + $1.0 * $1.1 }
}

extension AttentionForm {
  /// The columns of each head.
  fileprivate func columns(_ width: Int) -> [Range<Int>] {
    let each = width / heads
    return (0..<heads).map { $0 * each..<($0 + 1) * each }
  }

  /// What one query gives to each key.
  fileprivate func probabilities(
    _ q: Tensor, _ k: Tensor, bias: Tensor?, batch: Int, query: Int, _ columns: Range<Int>,
    prefix: Int?
  ) -> [Double] {
    let position = query + k.shape[1] - q.shape[1]
    return softmax(
      (0..<k.shape[1]).map { key in
        if let prefix, !sees(query: position, key: key, prefix: prefix) { return -.infinity }
        let score =
          Double(scale) * dot(head(q, batch, query, columns), head(k, batch, key, columns))
        guard let bias else { return score }
        return score + bias.values[biasIndex(bias, batch: batch, query: query, columns) + key]
      })
  }

  /// Where the row of a batch element, head and query starts in a bias or its derivative.
  fileprivate func biasIndex(
    _ bias: Tensor, batch: Int, query: Int, _ columns: Range<Int>
  ) -> Int {
    let head = columns.lowerBound / columns.count
    return ((batch % bias.shape[0] * heads + head) * bias.shape[2] + query) * bias.width
  }

  fileprivate func prefixLength(_ bindings: [String: Int]) throws(GraphError) -> Int? {
    if let prefix { try length(prefix, bindings) } else { nil }
  }
}

extension Tensor {
  /// Adds `factor` · `row` to the columns of one head.
  fileprivate mutating func add(
    _ row: ArraySlice<Double>, times factor: Double, to batch: Int, _ index: Int,
    _ columns: Range<Int>
  ) {
    let start = (batch * shape[1] + index) * width + columns.lowerBound
    for (offset, value) in row.enumerated() { values[start + offset] += factor * value }
  }
}

extension Attention: Evaluable {
  func evaluate(_ inputs: inout [Tensor], _ bindings: [String: Int]) throws(GraphError) -> [Tensor]
  {
    let (q, k, v, bias) = (inputs[0], inputs[1], inputs[2], form.hasBias ? inputs[3] : nil)
    let prefix = try form.prefixLength(bindings)
    var y = Tensor.filled(q.shape)
    for batch in 0..<q.shape[0] {
      for columns in form.columns(q.width) {
        for query in 0..<q.shape[1] {
          let probabilities = form.probabilities(
            q, k, bias: bias, batch: batch, query: query, columns, prefix: prefix)
          for (key, probability) in probabilities.enumerated() where probability != 0 {
            y.add(head(v, batch, key, columns), times: probability, to: batch, query, columns)
          }
        }
      }
    }
    return [y]
  }
}

extension AttentionGradient: Evaluable {
  func evaluate(_ inputs: inout [Tensor], _ bindings: [String: Int]) throws(GraphError) -> [Tensor]
  {
    let (q, k, v, bias) = (inputs[0], inputs[1], inputs[2], form.hasBias ? inputs[3] : nil)
    let dy = inputs[inputs.count - 1]
    let prefix = try form.prefixLength(bindings)
    var (dq, dk, dv) = (Tensor.filled(q.shape), Tensor.filled(k.shape), Tensor.filled(v.shape))
    var dbias = bias.map { Tensor.filled($0.shape) }
    for batch in 0..<q.shape[0] {
      for columns in form.columns(q.width) {
        for query in 0..<q.shape[1] {
          let probabilities = form.probabilities(
            q, k, bias: bias, batch: batch, query: query, columns, prefix: prefix)
          let slope = head(dy, batch, query, columns)
          let scores = softmaxGradient(
            probabilities, (0..<k.shape[1]).map { dot(slope, head(v, batch, $0, columns)) })
          for key in 0..<k.shape[1] {
            if let bias {
              let start = form.biasIndex(bias, batch: batch, query: query, columns)
              dbias?.values[start + key] += scores[key]
            }
            let score = scores[key] * Double(form.scale)
            dv.add(slope, times: probabilities[key], to: batch, key, columns)
            dq.add(head(k, batch, key, columns), times: score, to: batch, query, columns)
            dk.add(head(q, batch, query, columns), times: score, to: batch, key, columns)
          }
        }
      }
    }
    return [dq, dk, dv] + (dbias.map { [$0] } ?? [])
  }
}
