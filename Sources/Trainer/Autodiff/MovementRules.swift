import Graph

extension Autodiff {
  /// Moves the axes back.
  mutating func transposeRule(_ op: Transpose, _ dy: Value) -> Value {
    var inverse = op.permutation
    for (to, from) in op.permutation.enumerated() { inverse[from] = to }
    return graph.transpose(dy, inverse)
  }

  /// Each input takes its own stretch of dy.
  mutating func concatRule(_ op: Concat, _ node: Node, _ dy: Value) -> [Value?] {
    var start: Dimension = 0
    return node.inputs.map { input in
      let end = start + graph.shape(input)[op.axis]
      defer { start = end }
      return graph.slice(dy, axis: op.axis, from: start, to: end)
    }
  }

  /// What was cut away takes zeros.
  mutating func sliceRule(_ op: Slice, _ node: Node, _ dy: Value) -> Value {
    let length = graph.shape(node.inputs[0])[op.axis]
    if op.start == 0, op.end == length { return dy }
    let pad = Pad(axis: op.axis, before: op.start, after: length - op.end)
    let gradient = graph.apply(.pad(pad), [dy])[0]
    padded[gradient] = (pad, dy)
    return gradient
  }

  /// The sum of two derivatives of one value.
  ///
  /// Those of two slices that make it up, such as the halves that a roll exchanges, stand side by
  /// side.
  mutating func added(_ a: Value, _ b: Value) -> Value {
    for (first, last) in [(a, b), (b, a)] {
      guard let first = padded[first], let last = padded[last], first.pad.axis == last.pad.axis,
        first.pad.before == 0, last.pad.after == 0,
        last.pad.before == graph.shape(first.inner)[first.pad.axis],
        first.pad.after == graph.shape(last.inner)[last.pad.axis]
      else { continue }
      return graph.concat([first.inner, last.inner], axis: first.pad.axis)
    }
    return graph.add(a, b)
  }

  /// The padding takes nothing.
  mutating func padRule(_ op: Pad, _ node: Node, _ dy: Value) -> Value {
    let length = graph.shape(node.inputs[0])[op.axis]
    return graph.slice(dy, axis: op.axis, from: op.before, to: op.before + length)
  }

  /// Visible scores take dy.
  ///
  /// Hidden ones must take 0, which holds because their only reader is a softmax, whose derivative
  /// is 0 where its result is.
  mutating func prefixMaskRule(_ node: Node, _ dy: Value) throws(GraphError) -> Value {
    for reader in graph.nodes where reader.inputs.contains(node.results[0]) {
      guard case .softmax = reader.op else {
        if case .softmaxGradient = reader.op { continue }
        throw GraphError("prefix_mask: no derivative unless softmax alone reads it")
      }
    }
    return dy
  }
}
