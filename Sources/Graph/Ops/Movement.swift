/// The same elements in row-major order under another shape.
package struct Reshape: OpDefinition {
  package static let mnemonic = "reshape"
  package var shape: Shape

  package init(shape: Shape) { self.shape = shape }

  package init(_ a: Attributes) throws(GraphError) { self.init(shape: try a.shape("shape")) }

  package var attributes: Attributes { ["shape": .shape(shape)] }

  package func resultTypes(_ inputs: [TensorType]) throws(GraphError) -> [TensorType] {
    let check = TypeChecker(self)
    try check.count(inputs, 1)
    guard inputs[0].shape.elementCount == shape.elementCount else {
      throw check.fail("\(inputs[0]) does not fill \(shape)")
    }
    return [TensorType(inputs[0].dtype, shape)]
  }
}

/// The axes in another order: result axis i is input axis `permutation[i]`.
package struct Transpose: OpDefinition {
  package static let mnemonic = "transpose"
  package var permutation: [Int]

  package init(permutation: [Int]) { self.permutation = permutation }

  package init(_ a: Attributes) throws(GraphError) {
    self.init(permutation: try a.ints("permutation"))
  }

  package var attributes: Attributes { ["permutation": .ints(permutation)] }

  package func resultTypes(_ inputs: [TensorType]) throws(GraphError) -> [TensorType] {
    let check = TypeChecker(self)
    try check.count(inputs, 1)
    guard permutation.sorted() == Array(inputs[0].shape.indices) else {
      throw check.fail("\(permutation) does not permute the axes of \(inputs[0])")
    }
    return [TensorType(inputs[0].dtype, permutation.map { inputs[0].shape[$0] })]
  }
}

/// The inputs one after the other along `axis`; the other axes are equal.
package struct Concat: OpDefinition {
  package static let mnemonic = "concat"
  package var axis: Int

  package init(axis: Int) { self.axis = axis }

  package init(_ a: Attributes) throws(GraphError) { self.init(axis: try a.int("axis")) }

  package var attributes: Attributes { ["axis": .int(axis)] }

  package func resultTypes(_ inputs: [TensorType]) throws(GraphError) -> [TensorType] {
    let check = TypeChecker(self)
    guard let first = inputs.first else { throw check.fail("expected 1 input or more, found 0") }
    try check.axis(axis, of: first)
    for input in inputs.dropFirst() {
      var aligned = input.shape
      if aligned.indices.contains(axis) { aligned[axis] = first.shape[axis] }
      guard input.dtype == first.dtype, aligned == first.shape else {
        throw check.fail("\(first) and \(input) differ outside axis \(axis)")
      }
    }
    var result = first
    // At once: sums of thousands of lengths in thousands of symbols would take a square of time.
    result.shape[axis] = .sum(inputs.map { $0.shape[axis] })
    return [result]
  }
}

/// Elements `start ..< end` along `axis`.
package struct Slice: OpDefinition {
  package static let mnemonic = "slice"
  package var axis: Int
  package var start: Dimension
  package var end: Dimension

  package init(axis: Int, start: Dimension, end: Dimension) {
    self.axis = axis
    self.start = start
    self.end = end
  }

  package init(_ a: Attributes) throws(GraphError) {
    self.init(
      axis: try a.int("axis"), start: try a.dimension("start"), end: try a.dimension("end"))
  }

  package var attributes: Attributes {
    ["axis": .int(axis), "start": .dimension(start), "end": .dimension(end)]
  }

  package func resultTypes(_ inputs: [TensorType]) throws(GraphError) -> [TensorType] {
    let check = TypeChecker(self)
    try check.count(inputs, 1)
    try check.axis(axis, of: inputs[0])
    if let start = start.constant, let end = end.constant {
      guard start >= 0, end >= start, end <= inputs[0].shape[axis].constant ?? end else {
        throw check.fail("\(start)..<\(end) is outside axis \(axis) of \(inputs[0])")
      }
    }
    var result = inputs[0]
    result.shape[axis] = end - start
    return [result]
  }
}

/// `x` repeated to `shape` under NumPy's rule.
package struct Broadcast: OpDefinition {
  package static let mnemonic = "broadcast"
  package var shape: Shape

  package init(shape: Shape) { self.shape = shape }

  package init(_ a: Attributes) throws(GraphError) { self.init(shape: try a.shape("shape")) }

  package var attributes: Attributes { ["shape": .shape(shape)] }

  package func resultTypes(_ inputs: [TensorType]) throws(GraphError) -> [TensorType] {
    let check = TypeChecker(self)
    try check.count(inputs, 1)
    try check.dtype(inputs[0], .f32, "x")
    guard try check.broadcast(inputs[0].shape, shape) == shape else {
      throw check.fail("\(inputs[0]) does not broadcast to \(shape)")
    }
    return [.f32(shape)]
  }
}

/// Zeros before and after `x` along `axis`: the derivative of `slice`.
package struct Pad: OpDefinition {
  package static let mnemonic = "pad"
  package var axis: Int
  package var before: Dimension
  package var after: Dimension

  package init(axis: Int, before: Dimension, after: Dimension) {
    self.axis = axis
    self.before = before
    self.after = after
  }

  package init(_ a: Attributes) throws(GraphError) {
    self.init(
      axis: try a.int("axis"), before: try a.dimension("before"), after: try a.dimension("after"))
  }

  package var attributes: Attributes {
    ["axis": .int(axis), "before": .dimension(before), "after": .dimension(after)]
  }

  package func resultTypes(_ inputs: [TensorType]) throws(GraphError) -> [TensorType] {
    let check = TypeChecker(self)
    try check.count(inputs, 1)
    try check.dtype(inputs[0], .f32, "x")
    try check.axis(axis, of: inputs[0])
    var result = inputs[0]
    result.shape[axis] = before + result.shape[axis] + after
    return [result]
  }
}

/// Rows of a table: y[…, :] = table[ids[…], :].
///
/// - Inputs: `table` f32[V, D]; `ids` i32[…], each in 0 ..< V. - Result: f32[…, D].
package struct Embedding: PlainOp {
  package static let mnemonic = "embedding"

  package init() {}

  package func resultTypes(_ inputs: [TensorType]) throws(GraphError) -> [TensorType] {
    let check = TypeChecker(self)
    try check.count(inputs, 2)
    try check.dtype(inputs[0], .f32, "table")
    try check.rank(inputs[0], 2, "table")
    try check.dtype(inputs[1], .i32, "ids")
    return [.f32(inputs[1].shape + [inputs[0].shape[1]])]
  }
}

/// The rows of each batch element with the greatest scores, in the order they stand.
///
/// Scores are compared in IEEE 754's total order, in which NaN is a number like others; among equals
/// the earlier row stays.
///
/// - Inputs: `x` f32[B, S, D]; `scores` f32[B, S]. - Result: f32[B, count, D], count at most S.
package struct KeepRows: OpDefinition {
  package static let mnemonic = "keep_rows"
  package var count: Dimension

  package init(count: Dimension) { self.count = count }

  package init(_ a: Attributes) throws(GraphError) { self.init(count: try a.dimension("count")) }

  package var attributes: Attributes { ["count": .dimension(count)] }

  package func resultTypes(_ inputs: [TensorType]) throws(GraphError) -> [TensorType] {
    let check = TypeChecker(self)
    try check.count(inputs, 2)
    try check.dtype(inputs[0], .f32, "x")
    try check.rank(inputs[0], 3, "x")
    try check.dtype(inputs[1], .f32, "scores")
    let x = inputs[0].shape
    try check.shape(inputs[1], [x[0], x[1]], "scores")
    if let count = count.constant, let rows = x[1].constant, !(0...rows).contains(count) {
      throw check.fail("\(count) of \(rows) rows cannot be kept")
    }
    return [.f32([x[0], count, x[2]])]
  }
}

/// The derivative of `embedding` by its table: rows of `dy` added up by id.
///
/// - Inputs: `ids` i32[…]; `dy` f32[…, D]. - Result: f32[rows, D]; ids outside the table are a
///   caller's bug.
package struct EmbeddingGradient: OpDefinition {
  package static let mnemonic = "embedding_gradient"
  package var rows: Dimension

  package init(rows: Dimension) { self.rows = rows }

  package init(_ a: Attributes) throws(GraphError) { self.init(rows: try a.dimension("rows")) }

  package var attributes: Attributes { ["rows": .dimension(rows)] }

  package func resultTypes(_ inputs: [TensorType]) throws(GraphError) -> [TensorType] {
    let check = TypeChecker(self)
    try check.count(inputs, 2)
    try check.dtype(inputs[0], .i32, "ids")
    try check.dtype(inputs[1], .f32, "dy")
    guard inputs[1].shape.count == inputs[0].shape.count + 1,
      Shape(inputs[1].shape.dropLast()) == inputs[0].shape
    else { throw check.fail("\(inputs[1]) is not one row per id of \(inputs[0])") }
    return [.f32([rows, inputs[1].shape[inputs[0].shape.count]])]
  }
}
