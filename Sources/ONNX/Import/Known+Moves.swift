import Graph

/// Moves of known elements.
extension Known {
  /// As `Reshape` does, to a shape of known or symbolic lengths of the same element count.
  func reshape(to shape: Shape) throws(KnownError) -> Known {
    if let values = shape.values([:]), isWhole, counting == nil {
      return reshaped(shape, lengths: values)
    }
    if uniform != nil {
      return reshaped(shape, lengths: [Int](repeating: 1, count: shape.count))
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
        throw KnownError("constants of shape \(self.shape) reshaped to \(shape)")
      }
    }
    guard axes.isEmpty else {
      throw KnownError("constants of shape \(self.shape) reshaped to \(shape)")
    }
    return reshaped(shape, lengths: lengths, counting: counting)
  }

  /// As `Expand` does.
  func expand(to target: Shape) throws(KnownError) -> Known {
    let shape = try Self.broadcast(self.shape, target)
    let added = shape.count - self.shape.count
    return Known(
      elements, shape: shape, lengths: [Int](repeating: 1, count: added) + lengths,
      counting: counting.map { $0 + added })
  }

  func transpose(_ permutation: [Int]) -> Known {
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
    return Known(
      elements.selecting(places), shape: permutation.map { shape[$0] }, lengths: lengths,
      counting: counting.flatMap { permutation.firstIndex(of: $0) })
  }

  /// Elements `start ..< end` along `axis`.
  func slice(axis: Int, from start: Dimension, to end: Dimension) throws(KnownError) -> Known {
    var shape = shape
    shape[axis] = end - start
    if counting == axis, case .ints(let first) = elements {
      return Known(.ints([first[0] + start]), shape: shape, lengths: lengths, counting: axis)
    }
    if lengths[axis] == 1, self.shape[axis] != 1 || end - start == 1 {
      return Known(elements, shape: shape, lengths: lengths, counting: counting)
    }
    if let start = start.constant, let end = end.constant {
      return taking(Array(start..<max(start, end)), axis: axis)
    }
    // The first elements of a table of positions, or of one that is the same everywhere.
    guard case .ints(let values) = elements, start == 0, storedCount == lengths[axis] else {
      throw KnownError("a slice of constants whose length depends on the symbols")
    }
    var stored = lengths
    stored[axis] = 1
    if values.allSatisfy({ $0 == values[0] }) {
      return Known(.ints([values[0]]), shape: shape, lengths: stored)
    }
    guard values.indices.allSatisfy({ values[$0] == values[0] + Dimension($0) }) else {
      throw KnownError("a slice of constants whose length depends on the symbols")
    }
    return Known(.ints([values[0]]), shape: shape, lengths: stored, counting: axis)
  }

  /// The elements at `indices` along `axis`, each in range.
  func taking(_ indices: [Int], axis: Int) -> Known {
    let inner = lengths[(axis + 1)...].reduce(1, *)
    var places: [Int] = []
    for outer in 0..<lengths[..<axis].reduce(1, *) {
      for index in indices {
        let start = (outer * lengths[axis] + (lengths[axis] == 1 ? 0 : index)) * inner
        places += start..<start + inner
      }
    }
    var (shape, stored) = (shape, lengths)
    shape[axis] = Dimension(indices.count)
    stored[axis] = indices.count
    return Known(elements.selecting(places), shape: shape, lengths: stored)
  }

  static func concat(_ parts: [Known], axis: Int) throws(KnownError) -> Known {
    guard let first = parts.first else { throw KnownError("nothing to concatenate") }
    var shape = first.shape
    var stored = first.lengths
    for part in parts.dropFirst() {
      shape[axis] = shape[axis] + part.shape[axis]
      guard part.shape.count == shape.count else { throw KnownError("constants of two ranks") }
      for other in stored.indices { stored[other] = max(stored[other], part.lengths[other]) }
    }
    guard let length = shape[axis].constant, parts.allSatisfy({ $0.counting == nil }) else {
      let same = parts.dropFirst().allSatisfy { "\($0.elements)" == "\(first.elements)" }
      guard first.uniform != nil, same else {
        throw KnownError("a concatenation of constants whose length depends on the symbols")
      }
      return Known(first.elements, shape: shape, lengths: stored)
    }
    stored[axis] = length
    let inner = stored[(axis + 1)...].reduce(1, *)
    var result: Elements?
    // For each outer index, the rows of each part, one after the other.
    let expanded = parts.map { part in
      var whole = stored
      whole[axis] = part.shape[axis].constant ?? 0
      return part.elements.selecting(places(whole, of: part.lengths))
    }
    let rows = parts.map { ($0.shape[axis].constant ?? 0) * inner }
    for outer in 0..<stored[..<axis].reduce(1, *) {
      for (part, row) in zip(expanded, rows) {
        let piece = part.selecting(Array(outer * row..<(outer + 1) * row))
        result =
          try result.map { (before) throws(KnownError) in try before.appending(piece) } ?? piece
      }
    }
    return Known(result ?? first.elements, shape: shape, lengths: stored)
  }
}

extension Known.Elements {
  fileprivate func appending(_ other: Known.Elements) throws(KnownError) -> Known.Elements {
    switch (self, other) {
    case (.floats(let a), .floats(let b)): .floats(a + b)
    case (.ints(let a), .ints(let b)): .ints(a + b)
    case (.bools(let a), .bools(let b)): .bools(a + b)
    default: throw KnownError("constants of two types")
    }
  }
}
