import Graph

/// Rules on moves of data: each gives the same elements in the same places.
extension Canonicalizer {
  mutating func simpler(_ op: Reshape, _ x: Value) -> Simpler? {
    if op.shape == shape(x) { return .value(x) }
    guard let inner = producers[x] else { return nil }
    switch inner.op {
    case .reshape: return .op(.reshape(op), inner.inputs)
    case .transpose(let transpose):
      return withoutUnitAxes(op, transpose, of: inner.inputs[0])
        ?? exchange(op, transpose, of: inner.inputs[0])
    default: return nil
    }
  }

  /// A reshape that only drops leading axes of length 1 from a transpose: dropped before it instead,
  /// where it can join another reshape.
  private mutating func withoutUnitAxes(
    _ op: Reshape, _ transpose: Transpose, of x: Value
  ) -> Simpler? {
    let source = shape(x)
    let dropped = source.count - op.shape.count
    let kept = Array(transpose.permutation.dropFirst(max(0, dropped)))
    guard dropped > 0, op.shape == kept.map({ source[$0] }),
      transpose.permutation.prefix(dropped).allSatisfy({ source[$0] == 1 })
    else { return nil }
    let order = kept.sorted()
    let short = place(.reshape(Reshape(shape: order.map { source[$0] })), [x])
    return .op(
      .transpose(Transpose(permutation: kept.compactMap { order.firstIndex(of: $0) })), short)
  }

  /// Leading axes merged, the last two exchanged, leading axes split again: an exchange alone.
  private func exchange(_ op: Reshape, _ transpose: Transpose, of x: Value) -> Simpler? {
    guard transpose.permutation == [0, 2, 1], let merge = producers[x], case .reshape = merge.op
    else { return nil }
    let (source, rank) = (shape(merge.inputs[0]), shape(merge.inputs[0]).count)
    guard rank > 3, Array(source.suffix(2)) == Array(shape(x).suffix(2)),
      op.shape == source.dropLast(2) + [source[rank - 1], source[rank - 2]]
    else { return nil }
    let permutation = Array(0..<rank - 2) + [rank - 1, rank - 2]
    return .op(.transpose(Transpose(permutation: permutation)), merge.inputs)
  }

  func simpler(_ op: Transpose, _ x: Value) -> Simpler? {
    if op.permutation == Array(op.permutation.indices) { return .value(x) }
    guard let inner = producers[x] else { return nil }
    switch inner.op {
    case .transpose(let first):
      let both = op.permutation.map { first.permutation[$0] }
      return .op(.transpose(Transpose(permutation: both)), inner.inputs)
    default: return nil
    }
  }

  mutating func simpler(_ op: Slice, _ x: Value) -> Simpler? {
    if op.start == 0, op.end == shape(x)[op.axis] { return .value(x) }
    guard let inner = producers[x] else { return nil }
    switch inner.op {
    case .slice(let first) where first.axis == op.axis:
      let both = Slice(axis: op.axis, start: first.start + op.start, end: first.start + op.end)
      return .op(.slice(both), inner.inputs)
    case .concat(let concat) where concat.axis == op.axis:
      return part(op, of: inner.inputs).map { .value($0) }
    case .transpose(let transpose):
      var earlier = op
      earlier.axis = transpose.permutation[op.axis]
      return .op(inner.op, place(.slice(earlier), inner.inputs))
    case .reshape: return slicing(op, beforeReshape: x, of: inner.inputs[0])
    case .add, .matMul: return slicing(columns: op, of: inner, x)
    default: return nil
    }
  }

  /// The one of several concatenated values that a slice is.
  private func part(_ op: Slice, of parts: [Value]) -> Value? {
    var start: Dimension = 0
    for part in parts {
      let end = start + shape(part)[op.axis]
      if op.start == start, op.end == end { return part }
      start = end
    }
    return nil
  }

  /// A slice of the first of the axes that the last axis was split into: columns of that axis.
  private mutating func slicing(_ op: Slice, beforeReshape x: Value, of source: Value) -> Simpler? {
    let (split, whole) = (shape(x), shape(source))
    let axis = op.axis
    guard whole.count == axis + 1, split.count > whole.count,
      Array(split.prefix(axis)) == Array(whole.prefix(axis))
    else { return nil }
    let length = Shape(split.dropFirst(axis + 1)).elementCount
    guard split[axis] * length == whole[axis] else { return nil }
    var shape = split
    shape[axis] = op.end - op.start
    let columns = Slice(axis: axis, start: op.start * length, end: op.end * length)
    return .op(.reshape(Reshape(shape: shape)), place(.slice(columns), [source]))
  }

  /// Some columns of a product by a constant matrix, or of a sum with a constant row, are the product
  /// or sum of those columns.
  private mutating func slicing(columns op: Slice, of node: Application, _ x: Value) -> Simpler? {
    let (rank, other) = (shape(x).count, node.inputs[1])
    guard op.axis == rank - 1, isConstant(other) else { return nil }
    switch node.op {
    case .add:
      guard shape(other) == [shape(x)[rank - 1]], isProjection(node.inputs[0]) else { return nil }
      let bias = Slice(axis: 0, start: op.start, end: op.end)
      let columns = place(.slice(op), [node.inputs[0]])
      return .op(node.op, columns + place(.slice(bias), [other]))
    case .matMul(MatMul(transposeA: false, transposeB: true)):
      guard isProjection(x) else { return nil }
      let rows = Slice(axis: 0, start: op.start, end: op.end)
      return .op(node.op, [node.inputs[0]] + place(.slice(rows), [other]))
    default: return nil
    }
  }

  /// Whether a value is x·Wᵀ with a constant W [N, K].
  private func isProjection(_ x: Value) -> Bool {
    guard let node = producers[x],
      case .matMul(MatMul(transposeA: false, transposeB: true)) = node.op
    else { return false }
    return isConstant(node.inputs[1]) && shape(node.inputs[1]).count == 2
  }
}
