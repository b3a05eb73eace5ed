import Graph

extension Autodiff {
  /// Y = op(A) · op(B), where op transposes or not.
  ///
  /// For plain operands dA = dY · Bᵀ and dB = Aᵀ · dY; the transposed forms follow by transposing
  /// both sides. A weight shared by all leading axes takes the sum over them, which one product over
  /// the flattened rows gives.
  mutating func matMulRule(_ op: MatMul, _ node: Node, _ dy: Value) -> [Value?] {
    let (a, b) = (node.inputs[0], node.inputs[1])
    let aShape = graph.shape(a)
    let isShared = graph.shape(b).count == 2 && aShape.count > 2
    if isShared && !op.transposeA {
      let rows = aShape.dropLast().reduce(1, *)
      let flatA = graph.reshape(a, [rows, aShape[aShape.count - 1]])
      let dyShape = graph.shape(dy)
      let flatDY = graph.reshape(dy, [rows, dyShape[dyShape.count - 1]])
      let (da, db) = products(op, flatA, b, flatDY)
      return [graph.reshape(da, aShape), db]
    }
    let (da, db) = products(op, a, b, dy)
    return [da, sum(db, to: graph.shape(b))]
  }

  private mutating func products(
    _ op: MatMul, _ a: Value, _ b: Value, _ dy: Value
  ) -> (Value, Value) {
    switch (op.transposeA, op.transposeB) {
    case (false, false):
      (graph.matMul(dy, b, transposeB: true), graph.matMul(a, dy, transposeA: true))
    case (false, true):
      (graph.matMul(dy, b), graph.matMul(dy, a, transposeA: true))
    case (true, false):
      (graph.matMul(broadcastWeight(b, dy), dy, transposeB: true), graph.matMul(a, dy))
    case (true, true):
      (
        graph.matMul(broadcastWeight(b, dy), dy, transposeA: true, transposeB: true),
        graph.matMul(dy, a, transposeA: true, transposeB: true)
      )
    }
  }

  /// A shared weight as the left operand, which matmul wants with all leading axes.
  private mutating func broadcastWeight(_ b: Value, _ dy: Value) -> Value {
    let (shape, leading) = (graph.shape(b), graph.shape(dy).dropLast(2))
    return shape.count == 2 && !leading.isEmpty ? graph.broadcast(b, to: leading + shape) : b
  }
}
