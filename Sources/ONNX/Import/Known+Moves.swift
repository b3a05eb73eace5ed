import Graph

/// Moves of known elements.
extension Known {
  /// As `Reshape` does, to a shape of known or symbolic lengths of the same element count.
  func reshape(to shape: Shape) throws(KnownError) -> Known {
    let failure = KnownError("constants of shape \(self.shape) reshaped to \(shape)")
    let shape = try shape.checked()
    if let values = shape.values([:]), isWhole, counting == nil,
      values.reduce(1, *) == storedCount
    {
      return try reshaped(shape, lengths: values)
    }
    if uniform != nil {
      return try reshaped(shape, lengths: [Int](repeating: 1, count: shape.count))
    }
    // Axes of length 1 come and go; the others keep their order.
    var lengths: [Int] = []
    var counting: Int?
    var axes = self.shape.indices.filter { self.shape[$0] != 1 }[...]
    for (index, length) in shape.enumerated() {
      if let axis = axes.first, self.shape[axis] == length {
        lengths.append(self.lengths[axis])
        if axis == self.counting { counting = index }
        axes.removeFirst()
      } else if length == 1 {
        lengths.append(1)
      } else {
        throw failure
      }
    }
    guard axes.isEmpty else { throw failure }
    return try reshaped(shape, lengths: lengths, counting: counting)
  }

  /// As `Expand` does.
  func expand(to target: Shape) throws(KnownError) -> Known {
    let shape = try Self.broadcast(self.shape, target.checked())
    let added = shape.count - self.shape.count
    return try Known(
      elements, shape: shape, lengths: [Int](repeating: 1, count: added) + lengths,
      counting: counting.map { $0 + added })
  }

  func transpose(_ permutation: [Int]) throws(KnownError) -> Known {
    let lengths = permutation.map { self.lengths[$0] }
    var strides = [Int](repeating: 1, count: self.lengths.count)
    for axis in self.lengths.indices.dropLast().reversed() {
      strides[axis] = strides[axis + 1] * self.lengths[axis + 1]
    }
    var places = [0]
    for axis in permutation {
      places = places.flatMap { base in
        (0..<self.lengths[axis]).map { base + $0 * strides[axis] }
      }
    }
    return try Known(
      elements.selecting(places), shape: permutation.map { shape[$0] }, lengths: lengths,
      counting: counting.flatMap { permutation.firstIndex(of: $0) })
  }

  /// Elements `start ..< end` along `axis`.
  func slice(axis: Int, from start: Dimension, to end: Dimension) throws(KnownError) -> Known {
    if let start = start.constant, let end = end.constant {
      guard start >= 0, end >= start, end <= self.shape[axis].constant ?? end else {
        throw KnownError("elements \(start)..<\(end) of \(self.shape[axis])")
      }
    }
    var shape = shape
    shape[axis] = try end.subtracting(start)
    if counting == axis, case .ints(let first) = elements {
      return try Known(
        .ints([first[0].adding(start)]), shape: shape, lengths: lengths, counting: axis)
    }
    if lengths[axis] == 1, self.shape[axis] != 1 || shape[axis] == 1 {
      return try Known(elements, shape: shape, lengths: lengths, counting: counting)
    }
    if let start = start.constant, let end = end.constant {
      return try taking(Array(start..<end), axis: axis)
    }
    // The first elements of a table of positions, or of one that is the same everywhere.
    guard case .ints(let values) = elements, start == 0, storedCount == lengths[axis],
      let first = values.first
    else { throw KnownError("a slice of constants whose length depends on the symbols") }
    var stored = lengths
    stored[axis] = 1
    if values.allSatisfy({ $0 == first }) {
      return try Known(.ints([first]), shape: shape, lengths: stored)
    }
    guard values.indices.allSatisfy({ first.plus(Dimension($0)) == values[$0] }) else {
      throw KnownError("a slice of constants whose length depends on the symbols")
    }
    return try Known(.ints([first]), shape: shape, lengths: stored, counting: axis)
  }

  /// The elements at `indices` along `axis`, each in range.
  func taking(_ indices: [Int], axis: Int) throws(KnownError) -> Known {
    guard counting == nil else { throw KnownError("a look-up in positions of a symbolic length") }
    var (shape, stored) = (shape, lengths)
    shape[axis] = Dimension(indices.count)
    stored[axis] = indices.count
    try Self.check(stored, madeOf: [self])
    let inner = lengths[(axis + 1)...].reduce(1, *)
    var places: [Int] = []
    if inner > 0, !indices.isEmpty {
      for outer in 0..<lengths[..<axis].reduce(1, *) {
        for index in indices {
          let start = (outer * lengths[axis] + (lengths[axis] == 1 ? 0 : index)) * inner
          places += start..<start + inner
        }
      }
    }
    return try Known(elements.selecting(places), shape: shape, lengths: stored)
  }

  /// `parts`, all of one rank that has `axis`, one after the other along it.
  static func concat(_ parts: [Known], axis: Int) throws(KnownError) -> Known {
    guard let first = parts.first else { throw KnownError("nothing to concatenate") }
    var shape = first.shape
    var stored = first.lengths
    for part in parts.dropFirst() {
      var aligned = part.shape
      if aligned.indices.contains(axis) { aligned[axis] = first.shape[axis] }
      guard aligned == first.shape else {
        throw KnownError("constants of shapes \(first.shape) and \(part.shape) one after the other")
      }
      for other in stored.indices where part.lengths[other] != 1 {
        stored[other] = part.lengths[other]
      }
    }
    guard let total = Dimension(summing: parts.flatMap { $0.shape[axis].terms }) else {
      throw KnownError("\(parts.count) constants one after the other")
    }
    shape[axis] = total
    guard let length = try shape.checked()[axis].constant,
      parts.allSatisfy({ $0.counting == nil && $0.shape[axis].constant != nil })
    else {
      guard let only = first.uniform, parts.allSatisfy({ $0.uniform == only }) else {
        throw KnownError("a concatenation of constants whose length depends on the symbols")
      }
      return try Known(only, shape: shape, lengths: [Int](repeating: 1, count: shape.count))
    }
    stored[axis] = length
    try check(stored, madeOf: [])
    if stored.contains(0) {
      return try Known(first.elements.selecting([]), shape: shape, lengths: stored)
    }
    // All others stored alike, those without elements left out.
    let expanded = parts.filter { $0.shape[axis] != 0 }.map { part in
      var whole = stored
      whole[axis] = part.shape[axis].constant ?? 0
      return part.elements.selecting(places(whole, of: part.lengths))
    }
    let elements = try Elements.interleaving(expanded, stored[..<axis].reduce(1, *))
    return try Known(elements, shape: shape, lengths: stored)
  }
}

extension Known.Elements {
  /// Of each part, one after the other, the first of `count` equal pieces, then the second, ….
  fileprivate static func interleaving(
    _ parts: [Self], _ count: Int
  ) throws(KnownError) -> Known.Elements {
    func join<Element>(_ arrays: [[Element]]) throws(KnownError) -> [Element] {
      guard arrays.count == parts.count else { throw KnownError("constants of two types") }
      var joined: [Element] = []
      for index in 0..<count {
        for array in arrays {
          let length = array.count / count
          joined += array[index * length..<(index + 1) * length]
        }
      }
      return joined
    }
    switch parts.first {
    case .floats?:
      return .floats(try join(parts.compactMap { if case .floats(let x) = $0 { x } else { nil } }))
    case .ints?:
      return .ints(try join(parts.compactMap { if case .ints(let x) = $0 { x } else { nil } }))
    case .bools?:
      return .bools(try join(parts.compactMap { if case .bools(let x) = $0 { x } else { nil } }))
    case nil: throw KnownError("nothing to concatenate")
    }
  }
}
