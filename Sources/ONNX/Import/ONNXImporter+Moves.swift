import Graph

extension ONNXImporter {
  // MARK: Shapes

  mutating func reshape(_ node: ONNXNode) throws(KnownError) -> Term {
    let term = try term(node, 0)
    let source = try shape(term)
    let target: Shape
    switch node.op {
    case "Reshape":
      target = try resolved(
        try dimensions(node, 1), of: source,
        zeroCopies: try node.int("allowzero", default: 0) == 0)
    case "Flatten":
      let axis = try node.int("axis", default: 1)
      let border = axis == source.count ? axis : try normalized(axis, rank: source.count)
      target = [
        Shape(source[..<border]).elementCount, Shape(source[border...]).elementCount,
      ]
    case "Unsqueeze":
      let axes = try axes(node) ?? []
      let rank = source.count + axes.count
      var added: Set<Int> = []
      for axis in axes { added.insert(try normalized(axis, rank: rank)) }
      guard added.count == axes.count else { throw KnownError("an axis twice") }
      var rest = source[...]
      target = (0..<rank).map { added.contains($0) ? 1 : rest.removeFirst() }
    default:
      var dropped: Set<Int> = []
      for axis in try axes(node) ?? source.indices.filter({ source[$0] == 1 }) {
        dropped.insert(try normalized(axis, rank: source.count))
      }
      guard dropped.allSatisfy({ source[$0] == 1 }) else {
        throw KnownError("an axis to drop whose length is not 1")
      }
      target = source.indices.filter { !dropped.contains($0) }.map { source[$0] }
    }
    guard try target.checked().elementCount == source.elementCount else {
      throw KnownError("\(source), which does not fill \(target)")
    }
    switch term {
    case .known(let known): return .known(try known.reshape(to: target))
    case .value(let x):
      return .value(target == source ? x : try apply(.reshape(Reshape(shape: target)), x))
    case .partial: return .value(try apply(.reshape(Reshape(shape: target)), try value(node, 0)))
    }
  }

  /// Axes, an attribute before version 13 and an input since.
  private func axes(_ node: ONNXNode) throws(KnownError) -> [Int]? {
    try has(node, 1) ? integers(node, 1) : node.ints("axes")
  }

  /// A target shape with 0 (the source's length) and -1 (what is left) replaced.
  private func resolved(
    _ target: [Dimension], of source: Shape, zeroCopies: Bool
  ) throws(KnownError) -> Shape {
    var shape = target
    for index in shape.indices where shape[index] == 0 && zeroCopies {
      guard source.indices.contains(index) else { throw KnownError("a 0 beyond the source's axes") }
      shape[index] = source[index]
    }
    guard let open = shape.firstIndex(of: -1) else { return shape }
    var (left, right) = (source, shape)
    right.remove(at: open)
    right = try right.checked()
    // Equal lengths cancel, so that what is divided by is one product.
    for length in right {
      if let index = left.firstIndex(of: length) {
        left.remove(at: index)
        if let other = right.firstIndex(of: length) { right.remove(at: other) }
      }
    }
    guard let rest = left.elementCount.dividedExactly(by: right.elementCount) else {
      throw KnownError("shape \(source) to be divided into \(target)")
    }
    shape[open] = rest
    return shape
  }

  mutating func transpose(_ node: ONNXNode) throws(KnownError) -> Term {
    let rank = try shape(try term(node, 0)).count
    let permutation = try node.ints("perm") ?? Array((0..<rank).reversed())
    guard permutation.sorted() == Array(0..<rank) else {
      throw KnownError("an order \(permutation) of \(rank) axes")
    }
    if let known = try known(node, 0), !known.isWeight {
      return .known(try known.transpose(permutation))
    }
    return .value(
      try apply(.transpose(Transpose(permutation: permutation)), try value(node, 0)))
  }

  mutating func expand(_ node: ONNXNode) throws(KnownError) -> Term {
    let lengths = try dimensions(node, 1)
    if node.op == "Tile" {
      guard lengths.allSatisfy({ $0 == 1 }) else { throw KnownError("a tile of several copies") }
      return try term(node, 0)
    }
    switch try term(node, 0) {
    case .known(let known) where !known.isWeight: return .known(try known.expand(to: lengths))
    default:
      let x = try value(node, 0)
      let shape = try Known.broadcast(graph.shape(x), lengths.checked())
      return .value(
        shape == graph.shape(x) ? x : try apply(.broadcast(Broadcast(shape: shape)), x))
    }
  }

  mutating func concat(_ node: ONNXNode) throws(KnownError) -> Term {
    guard !node.inputs.isEmpty else { throw KnownError("nothing to concatenate") }
    let rank = try shape(try term(node, 0)).count
    let axis = try normalized(try node.int("axis", default: 0), rank: rank)
    var parts: [Known] = []
    for index in node.inputs.indices {
      if let part = try known(node, index), !part.isWeight || node.inputs.count == 1 {
        parts.append(part)
      }
    }
    if parts.count == node.inputs.count { return .known(try Known.concat(parts, axis: axis)) }
    var values: [Value] = []
    for index in node.inputs.indices { values.append(try value(node, index)) }
    return .value(try apply(.concat(Concat(axis: axis)), values))
  }

  // MARK: Parts

  /// The part `start ..< end` along `axis` of what the model calls `name`, or of what was made of it.
  private mutating func part(
    _ term: Term, named name: String, axis: Int, from start: Dimension, to end: Dimension
  ) throws(KnownError) -> Term {
    let x: Value
    switch term {
    case .known(let known) where !known.isWeight:
      return .known(try known.slice(axis: axis, from: start, to: end))
    case .value(let value): x = value
    case .known, .partial: x = try value(named: name)
    }
    let op = try Slice(axis: axis, start: start.checked(), end: end.checked())
    return .value(try apply(.slice(op), x))
  }

  mutating func slice(_ node: ONNXNode) throws(KnownError) -> Term {
    var result = try term(node, 0)
    let source = try shape(result)
    let (starts, ends) = (try dimensions(node, 1), try dimensions(node, 2))
    let axes = try has(node, 3) ? integers(node, 3) : Array(starts.indices)
    let steps = try has(node, 4) ? integers(node, 4) : [Int](repeating: 1, count: axes.count)
    guard starts.count == axes.count, ends.count == axes.count, steps.count == axes.count else {
      throw KnownError("starts, ends and axes of different lengths")
    }
    guard steps.allSatisfy({ $0 == 1 }) else {
      throw KnownError("a slice that skips or turns around")
    }
    var sliced: Set<Int> = []
    for index in axes.indices {
      let axis = try normalized(axes[index], rank: source.count)
      guard sliced.insert(axis).inserted else { throw KnownError("an axis twice") }
      let length = source[axis]
      let start = try clamped(starts[index], length)
      var end = try clamped(ends[index], length)
      if start == 0, end == length { continue }
      if end.sign(minus: start) == -1 { end = start }
      // Slices along several axes are one after the other.
      result = try part(result, named: node.inputs[0], axis: axis, from: start, to: end)
    }
    return result
  }

  /// A bound counted from the front and not beyond `length`, as far as that can be told.
  private func clamped(_ bound: Dimension, _ length: Dimension) throws(KnownError) -> Dimension {
    var bound = bound
    if let constant = bound.constant {
      if constant > 1 << 40 { return length }
      if constant < -(1 << 40) { return 0 }
      if constant < 0 { bound = try length.adding(bound) }
    }
    if bound.sign(minus: length) == 1 { return length }
    if bound.sign == -1 { return 0 }
    return bound
  }

  mutating func split(_ node: ONNXNode) throws(KnownError) -> [Term] {
    let source = try shape(try term(node, 0))
    let axis = try normalized(try node.int("axis", default: 0), rank: source.count)
    let lengths: [Dimension]
    if has(node, 1) {
      lengths = try dimensions(node, 1)
    } else {
      let count = node.outputs.count
      guard let length = source[axis].constant, count > 0, length % count == 0 else {
        throw KnownError("a split of \(source[axis]) in \(count)")
      }
      lengths = [Dimension](repeating: Dimension(length / count), count: count)
    }
    guard lengths.count == node.outputs.count,
      Dimension(summing: lengths.flatMap(\.terms)) == source[axis],
      lengths.allSatisfy({ $0.constant ?? 0 >= 0 })
    else {
      throw KnownError("a split of \(source[axis]) in \(lengths)")
    }
    let whole = try term(node, 0)
    var (terms, start): ([Term], Dimension) = ([], 0)
    for length in lengths {
      let end = try start.adding(length)
      terms.append(try part(whole, named: node.inputs[0], axis: axis, from: start, to: end))
      start = end
    }
    return terms
  }

  mutating func gather(_ node: ONNXNode) throws(KnownError) -> Term {
    let source = try shape(try term(node, 0))
    let axis = try normalized(try node.int("axis", default: 0), rank: source.count)
    switch try term(node, 1) {
    case .value(let ids):
      guard axis == 0, source.count == 2, graph.type(ids).dtype == .i32 else {
        throw KnownError("a gather that is no look-up of rows by integers")
      }
      return .value(try apply(.embedding(Embedding()), try value(node, 0), ids))
    case .partial: throw KnownError("a look-up by floats")
    case .known(let indices): return try gather(node, indices, axis: axis, of: source)
    }
  }

  /// A look-up by indices that are known: a part, or elements of what is known too.
  private mutating func gather(
    _ node: ONNXNode, _ indices: Known, axis: Int, of source: Shape
  ) throws(KnownError) -> Term {
    guard case .ints(let stored) = indices.elements else { throw KnownError("a look-up by floats") }
    let target = try Shape(source.prefix(axis) + indices.shape + source.dropFirst(axis + 1))
      .checked()
    let (whole, name) = (try term(node, 0), node.inputs[0])
    if indices.counting != nil {
      // Rows of consecutive positions.
      let length = indices.shape[indices.counting ?? 0]
      let rows = try part(
        whole, named: name, axis: axis, from: stored[0], to: stored[0].adding(length))
      return try reshaped(rows, to: target)
    }
    var positions: [Int] = []
    for index in stored {
      guard var position = index.constant else { throw KnownError("an index \(index)") }
      if position < 0, let length = source[axis].constant { position += length }
      guard position >= 0, (source[axis].constant ?? .max) > position else {
        throw KnownError("index \(index) of \(source[axis])")
      }
      positions.append(position)
    }
    if positions.count == 1 {
      let row = try part(
        whole, named: name, axis: axis, from: Dimension(positions[0]),
        to: Dimension(positions[0] + 1))
      return try reshaped(row, to: target)
    }
    if let known = try known(node, 0), indices.isWhole {
      let lengths = known.shape.values([:]) == nil ? known.lengths : nil
      guard lengths == nil || known.lengths[axis] != 1 else { throw KnownError("a look-up") }
      return .known(try known.taking(positions, axis: axis).reshape(to: target))
    }
    let isRange = positions.indices.allSatisfy { positions[$0] - positions[0] == $0 }
    guard isRange, !positions.isEmpty, indices.isWhole else {
      throw KnownError("a look-up of scattered rows")
    }
    let rows = try part(
      whole, named: name, axis: axis, from: Dimension(positions[0]),
      to: Dimension(positions[0] + positions.count))
    return try reshaped(rows, to: target)
  }

  /// The same elements under another shape, repeated where it has more.
  private mutating func reshaped(_ term: Term, to target: Shape) throws(KnownError) -> Term {
    switch term {
    case .known(let known):
      if known.shape.elementCount == target.elementCount || known.uniform != nil {
        return .known(try known.reshape(to: target))
      }
      throw KnownError("a look-up of one row several times")
    case .value(let x):
      if graph.shape(x) == target { return term }
      if graph.shape(x).elementCount == target.elementCount {
        return .value(try apply(.reshape(Reshape(shape: target)), x))
      }
      // One row, looked up once for every index: the indices' axes come first.
      let width = graph.shape(x)[graph.shape(x).count - 1]
      guard graph.shape(x).elementCount == width, target.last == width else {
        throw KnownError("a look-up of one row several times")
      }
      let row = try apply(.reshape(Reshape(shape: [width])), x)
      return .value(try apply(.broadcast(Broadcast(shape: target)), row))
    case .partial: throw KnownError("a look-up in a step of a layer norm")
    }
  }

  // MARK: Shape arithmetic

  /// Nodes whose results are known whatever the inputs' values are.
  func shapeArithmetic(_ node: ONNXNode) throws(KnownError) -> Known {
    switch node.op {
    case "Shape":
      let shape = try shape(try term(node, 0))
      func bound(_ name: String, _ standard: Int) throws(KnownError) -> Int {
        let value = try node.int(name, default: standard)
        return min(max(value < 0 ? value + shape.count : value, 0), shape.count)
      }
      let (start, end) = (try bound("start", 0), try bound("end", shape.count))
      return Known(ints: Array(shape[start..<max(start, end)]))
    case "Size":
      return Known(try shape(try term(node, 0)).elementCount)
    case "ConstantOfShape":
      let shape = try dimensions(node, 0)
      var value = Known.Elements.floats([0])
      if case .tensor(let tensor)? = node.attributes["value"] { value = try Known(tensor).elements }
      guard value.count == 1 else { throw KnownError("a value of \(value.count) elements") }
      return try Known(value, shape: shape, lengths: [Int](repeating: 1, count: shape.count))
    case "Range":
      var bounds: [Dimension] = []
      for index in 0..<3 {
        guard case .ints(let ints)? = try known(node, index)?.uniform else {
          throw KnownError("a range of floats, or of bounds that are not known")
        }
        bounds.append(ints[0])
      }
      guard bounds[2] == 1 else { throw KnownError("a range in steps of \(bounds[2])") }
      let length = try bounds[1].subtracting(bounds[0])
      guard let count = length.constant else {
        return try Known(from: bounds[0], count: length)
      }
      guard count >= 0, count <= 1 << 18 else { throw KnownError("a range of \(count)") }
      var positions: [Dimension] = []
      for index in 0..<count { positions.append(try bounds[0].adding(Dimension(index))) }
      return Known(ints: positions)
    case "GatherElements": return try gatherElements(node)
    case "GatherND": return try gatherND(node)
    default: return try triangle(node)
    }
  }

  /// Only where it does not matter which elements are taken.
  private func gatherElements(_ node: ONNXNode) throws(KnownError) -> Known {
    guard let data = try known(node, 0), let indices = try known(node, 1) else {
      throw KnownError("a look-up of values that are not known")
    }
    guard let first = data.first, data.isUniform else {
      throw KnownError("a look-up of single elements that differ")
    }
    return try Known(
      first, shape: indices.shape, lengths: [Int](repeating: 1, count: indices.shape.count))
  }

  private func gatherND(_ node: ONNXNode) throws(KnownError) -> Known {
    guard let data = try known(node, 0), let indices = try known(node, 1),
      let lengths = data.shape.values([:]), let depth = indices.shape.last?.constant,
      let ints = try indices.ints, depth == data.shape.count, depth > 0,
      try node.int("batch_dims", default: 0) == 0
    else { throw KnownError("a look-up of values that are not known") }
    let places = try data.places(in: lengths)
    var taken: [Int] = []
    for start in stride(from: 0, to: ints.count, by: depth) {
      var place = 0
      for axis in 0..<depth {
        guard var index = ints[start + axis].constant else { throw KnownError("an open index") }
        if index < 0 { index += lengths[axis] }
        guard (0..<lengths[axis]).contains(index) else {
          throw KnownError("index \(index) of \(lengths[axis])")
        }
        place = place * lengths[axis] + index
      }
      taken.append(places[place])
    }
    let shape = Shape(indices.shape.dropLast())
    guard let stored = shape.values([:]) else { throw KnownError("a look-up of open length") }
    return try Known(data.elements.selecting(taken), shape: shape, lengths: stored)
  }

  /// The upper or lower triangle, zeros elsewhere.
  private func triangle(_ node: ONNXNode) throws(KnownError) -> Known {
    guard let known = try known(node, 0), let whole = known.shape.values([:]), whole.count >= 2
    else { throw KnownError("a triangle of values that are not known") }
    let isUpper = try node.int("upper", default: 1) == 1
    // Beyond all rows and columns it makes no difference.
    let shift = try has(node, 1) ? integers(node, 1).first ?? 0 : 0
    let diagonal = min(max(shift, -(1 << 40)), 1 << 40)
    let elements = known.elements.selecting(try known.places(in: whole))
    let (rows, columns) = (whole[whole.count - 2], whole[whole.count - 1])
    let kept = elements.indices.map { index in
      let (row, column) = (index / columns % rows, index % columns)
      return isUpper ? column >= row + diagonal : column <= row + diagonal
    }
    return try Known(elements.keeping(kept), shape: known.shape, lengths: whole)
  }
}

extension Known {
  /// The first element.
  fileprivate var first: Elements? { storedCount == 0 ? nil : elements.selecting([0]) }

  /// Whether all elements are equal.
  fileprivate var isUniform: Bool {
    guard counting == nil else { return false }
    switch elements {
    case .floats(let values): return values.allSatisfy { $0 == values[0] }
    case .ints(let values): return values.allSatisfy { $0 == values[0] }
    case .bools(let values): return values.allSatisfy { $0 == values[0] }
    }
  }
}

extension Known.Elements {
  var indices: Range<Int> { 0..<count }

  /// Zero, or false, where not kept.
  fileprivate func keeping(_ kept: [Bool]) -> Known.Elements {
    switch self {
    case .floats(let values): .floats(zip(values, kept).map { $1 ? $0 : 0 })
    case .ints(let values): .ints(zip(values, kept).map { $1 ? $0 : 0 })
    case .bools(let values): .bools(zip(values, kept).map { $1 && $0 })
    }
  }
}
