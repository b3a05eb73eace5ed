import Graph

extension Reshape: Evaluable {
  func evaluate(_ inputs: inout [Tensor], _ bindings: [String: Int]) throws(GraphError) -> [Tensor]
  {
    let lengths = try lengths(shape, bindings)
    return [Tensor(inputs[0].dtype, lengths, inputs[0].values)]
  }
}

extension Transpose: Evaluable {
  func evaluate(_ inputs: inout [Tensor], _: [String: Int]) throws(GraphError) -> [Tensor] {
    [inputs[0].transposed(permutation)]
  }
}

extension Concat: Evaluable {
  func evaluate(_ inputs: inout [Tensor], _: [String: Int]) throws(GraphError) -> [Tensor] {
    var shape = inputs[0].shape
    shape[axis] = inputs.map { $0.shape[axis] }.reduce(0, +)
    let blocks = shape[..<axis].reduce(1, *)
    var values: [Double] = []
    for block in 0..<blocks {
      for input in inputs {
        let length = input.values.count / blocks
        values += input.values[block * length..<(block + 1) * length]
      }
    }
    return [Tensor(inputs[0].dtype, shape, values)]
  }
}

extension Slice: Evaluable {
  func evaluate(_ inputs: inout [Tensor], _ bindings: [String: Int]) throws(GraphError) -> [Tensor]
  {
    let x = inputs[0]
    let (start, end) = (try length(start, bindings), try length(end, bindings))
    guard start >= 0, start <= end, end <= x.shape[axis] else {
      throw GraphError("slice: \(start)..<\(end) is outside axis \(axis) of \(x.shape)")
    }
    var shape = x.shape
    shape[axis] = end - start
    return [x.gathered(shape, strides: x.strides, offset: start * x.strides[axis])]
  }
}

extension Pad: Evaluable {
  func evaluate(_ inputs: inout [Tensor], _ bindings: [String: Int]) throws(GraphError) -> [Tensor]
  {
    let x = inputs[0]
    let (before, after) = (try length(before, bindings), try length(after, bindings))
    guard before >= 0, after >= 0 else {
      throw GraphError("pad: \(before) before and \(after) after is less than nothing")
    }
    var shape = x.shape
    shape[axis] += before + after
    let blocks = shape[..<axis].reduce(1, *)
    let length = x.values.count / max(blocks, 1)
    let inner = shape[(axis + 1)...].reduce(1, *)
    var values: [Double] = []
    for block in 0..<blocks {
      values += [Double](repeating: 0, count: before * inner)
      values += x.values[block * length..<(block + 1) * length]
      values += [Double](repeating: 0, count: after * inner)
    }
    return [.f32(shape, values)]
  }
}

extension Broadcast: Evaluable {
  func evaluate(_ inputs: inout [Tensor], _ bindings: [String: Int]) throws(GraphError) -> [Tensor]
  {
    [inputs[0].broadcast(to: try lengths(shape, bindings))]
  }
}

extension Embedding: Evaluable {
  func evaluate(_ inputs: inout [Tensor], _: [String: Int]) throws(GraphError) -> [Tensor] {
    let (table, ids) = (inputs[0], inputs[1])
    var values: [Double] = []
    for id in ids.integers {
      try checkIndex(id, below: table.shape[0], "embedding: id")
      values += table.row(id)
    }
    return [.f32(ids.shape + [table.width], values)]
  }
}

extension QuantizedEmbedding: Evaluable {
  func evaluate(_ inputs: inout [Tensor], _: [String: Int]) throws(GraphError) -> [Tensor] {
    let (table, scales, ids) = (inputs[0], inputs[1], inputs[2])
    var values: [Double] = []
    for id in ids.integers {
      try checkIndex(id, below: table.shape[0], "quantized_embedding: id")
      values += table.row(id).map { $0 * scales.values[id] }
    }
    return [.f32(ids.shape + [table.width], values)]
  }
}

extension KeepRows: Evaluable {
  func evaluate(_ inputs: inout [Tensor], _ bindings: [String: Int]) throws(GraphError) -> [Tensor]
  {
    let (x, scores) = (inputs[0], inputs[1])
    let (rows, width) = (x.shape[1], x.shape[2])
    let count = try length(count, bindings)
    guard (0...rows).contains(count) else {
      throw GraphError("keep_rows: \(count) of \(rows) rows cannot be kept")
    }
    var values: [Double] = []
    for element in 0..<x.shape[0] {
      // Greatest first; each is below or equal to the other only where they are equal.
      let order = (0..<rows).sorted { first, second in
        let (a, b) = (
          scores.values[element * rows + first], scores.values[element * rows + second]
        )
        return a.isTotallyOrdered(belowOrEqualTo: b)
          ? b.isTotallyOrdered(belowOrEqualTo: a) && first < second : true
      }
      for row in order.prefix(count).sorted() {
        let start = (element * rows + row) * width
        values += x.values[start..<start + width]
      }
    }
    return [.f32([x.shape[0], count, width], values)]
  }
}

extension EmbeddingGradient: Evaluable {
  func evaluate(_ inputs: inout [Tensor], _ bindings: [String: Int]) throws(GraphError) -> [Tensor]
  {
    let (ids, dy) = (inputs[0], inputs[1])
    var table = Tensor.filled([try length(rows, bindings), dy.width])
    for (row, id) in ids.integers.enumerated() {
      try checkIndex(id, below: table.shape[0], "embedding_gradient: id")
      for column in 0..<dy.width {
        table.values[id * dy.width + column] += dy.values[row * dy.width + column]
      }
    }
    return [table]
  }
}

/// Throws unless `index` is in 0 ..< `count`.
func checkIndex(_ index: Int, below count: Int, _ what: String) throws(GraphError) {
  guard index >= 0, index < count else {
    throw GraphError("\(what) \(index) is outside 0..<\(count)")
  }
}
