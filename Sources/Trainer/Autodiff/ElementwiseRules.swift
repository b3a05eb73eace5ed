import Graph

extension Autodiff {
  /// y = a + b: both take dy, summed over the axes along which they were repeated.
  mutating func addRule(_ node: Node, _ dy: Value) -> [Value?] {
    node.inputs.map { sum(dy, to: graph.shape($0)) }
  }

  /// y = a · b: da = dy · b, db = dy · a.
  mutating func multiplyRule(_ node: Node, _ dy: Value) -> [Value?] {
    let (a, b) = (node.inputs[0], node.inputs[1])
    return [
      sum(graph.multiply(dy, b), to: graph.shape(a)),
      sum(graph.multiply(dy, a), to: graph.shape(b)),
    ]
  }

  /// y = x^(−1/2): dx = −1/2 · y³ · dy.
  mutating func rsqrtRule(_ node: Node, _ dy: Value) -> Value {
    let y = node.results[0]
    let cube = graph.multiply(y, graph.multiply(y, y))
    return graph.scale(graph.multiply(cube, dy), by: -0.5)
  }

  /// y = Σ x: every summed element takes dy.
  mutating func sumRule(_ op: Sum, _ node: Node, _ dy: Value) -> Value {
    let shape = graph.shape(node.inputs[0])
    let kept = shape.indices.map { op.axes.contains($0) ? 1 : shape[$0] }
    return graph.broadcast(graph.reshape(dy, kept), to: shape)
  }

  /// Undoes broadcasting: adds up `x` over the axes that `shape` lacks or has with length 1.
  mutating func sum(_ x: Value, to shape: Shape) -> Value {
    let from = graph.shape(x)
    if from == shape { return x }
    let extra = from.count - shape.count
    let axes = from.indices.filter { $0 < extra || (shape[$0 - extra] == 1 && from[$0] != 1) }
    return graph.reshape(graph.sum(x, axes: axes), shape)
  }
}
