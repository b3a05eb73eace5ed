import Graph

/// Why something cannot be computed while importing; the importer adds the place.
struct KnownError: Error {
  let message: String

  init(_ message: String) { self.message = message }
}

/// Elementwise arithmetic under NumPy's rule of broadcasting.
extension Known {
  /// The shape of two operands together.
  static func broadcast(_ a: Shape, _ b: Shape) throws(KnownError) -> Shape {
    var shape: Shape = []
    for index in 0..<max(a.count, b.count) {
      let (i, j) = (index - max(0, b.count - a.count), index - max(0, a.count - b.count))
      let (x, y) = (i < 0 ? 1 : a[i], j < 0 ? 1 : b[j])
      guard x == y || x == 1 || y == 1 else {
        throw KnownError("shapes \(a) and \(b), which do not broadcast")
      }
      shape.append(x == 1 ? y : x)
    }
    return shape
  }

  /// Stored lengths and, for each element to store, its places in the operands.
  private static func align(
    _ operands: [Known]
  ) throws(KnownError) -> (shape: Shape, lengths: [Int], places: [[Int]]) {
    var shape: Shape = []
    for operand in operands { shape = try broadcast(shape, operand.shape) }
    var lengths = [Int](repeating: 1, count: shape.count)
    for operand in operands {
      guard operand.counting == nil else {
        throw KnownError("arithmetic on positions of a symbolic length")
      }
      let missing = shape.count - operand.lengths.count
      for (axis, length) in operand.lengths.enumerated() where length != 1 {
        lengths[axis + missing] = length
      }
    }
    try check(lengths, madeOf: operands)
    return (shape, lengths, operands.map { places(lengths, of: $0.lengths) })
  }

  /// Two numbers to one.
  static func arithmetic(
    _ a: Known, _ b: Known, _ floats: (Float, Float) -> Float,
    _ ints: (Dimension, Dimension) throws(KnownError) -> Dimension
  ) throws(KnownError) -> Known {
    if a.counting != nil || b.counting != nil { return try shifted(a, b, ints) }
    let (shape, lengths, places) = try align([a, b])
    let pairs = zip(places[0], places[1])
    switch (a.elements, b.elements) {
    case (.floats(let x), .floats(let y)):
      return try Known(
        .floats(pairs.map { floats(x[$0], y[$1]) }), shape: shape, lengths: lengths)
    case (.ints(let x), .ints(let y)):
      var results: [Dimension] = []
      for (i, j) in pairs { results.append(try ints(x[i], y[j])) }
      return try Known(.ints(results), shape: shape, lengths: lengths)
    default: throw KnownError("arithmetic on operands of two types")
    }
  }

  /// Positions with one number added or subtracted.
  private static func shifted(
    _ a: Known, _ b: Known, _ ints: (Dimension, Dimension) throws(KnownError) -> Dimension
  ) throws(KnownError) -> Known {
    guard let axis = a.counting, case .ints(let first) = a.elements,
      case .ints(let second)? = b.uniform, try broadcast(a.shape, b.shape) == a.shape,
      try ints(first[0].adding(1), second[0]) == ints(first[0], second[0]).adding(1)
    else { throw KnownError("arithmetic on positions of a symbolic length") }
    return try Known(
      .ints([try ints(first[0], second[0])]), shape: a.shape, lengths: a.lengths, counting: axis)
  }

  /// Two numbers to a truth value, by the sign of their difference.
  static func comparison(
    _ a: Known, _ b: Known, _ holds: (Int) -> Bool
  ) throws(KnownError) -> Known {
    if a.counting != nil || b.counting != nil { return try firstComparison(a, b, holds) }
    let (shape, lengths, places) = try align([a, b])
    var results: [Bool] = []
    for (i, j) in zip(places[0], places[1]) {
      switch (a.elements, b.elements) {
      case (.floats(let x), .floats(let y)):
        results.append(holds(x[i] == y[j] ? 0 : x[i] < y[j] ? -1 : 1))
      case (.ints(let x), .ints(let y)):
        guard let sign = x[i].sign(minus: y[j]) else {
          throw KnownError("a comparison of \(x[i]) and \(y[j]), which depends on the symbols")
        }
        results.append(holds(sign))
      case (.bools(let x), .bools(let y)): results.append(holds(x[i] == y[j] ? 0 : 1))
      default: throw KnownError("a comparison of two types")
      }
    }
    return try Known(.bools(results), shape: shape, lengths: lengths)
  }

  /// Positions against one number: the answer must be the same for the first and every later one.
  private static func firstComparison(
    _ a: Known, _ b: Known, _ holds: (Int) -> Bool
  ) throws(KnownError) -> Known {
    guard a.counting != nil, case .ints(let first) = a.elements,
      case .ints(let second)? = b.uniform, let difference = first[0].minus(second[0])?.constant,
      difference >= 0, holds(difference == 0 ? 0 : 1) == holds(1)
    else { throw KnownError("a comparison of positions that depends on the symbols") }
    let shape = try broadcast(a.shape, b.shape)
    return try Known(
      .bools([holds(1)]), shape: shape, lengths: [Int](repeating: 1, count: shape.count))
  }

  /// Two truth values to one.
  static func logic(
    _ a: Known, _ b: Known, _ combine: (Bool, Bool) -> Bool
  ) throws(KnownError) -> Known {
    let (shape, lengths, places) = try align([a, b])
    guard case .bools(let x) = a.elements, case .bools(let y) = b.elements else {
      throw KnownError("logic on numbers")
    }
    let results = zip(places[0], places[1]).map { combine(x[$0], y[$1]) }
    return try Known(.bools(results), shape: shape, lengths: lengths)
  }

  /// `a` where the condition holds, else `b`.
  static func choice(
    _ condition: Known, _ a: Known, _ b: Known
  ) throws(KnownError) -> Known {
    let (shape, lengths, places) = try align([condition, a, b])
    guard case .bools(let flags) = condition.elements else {
      throw KnownError("a choice by numbers")
    }
    func choose<Element>(_ x: [Element], _ y: [Element]) -> [Element] {
      places[0].indices.map { flags[places[0][$0]] ? x[places[1][$0]] : y[places[2][$0]] }
    }
    let chosen: Elements
    switch (a.elements, b.elements) {
    case (.floats(let x), .floats(let y)): chosen = .floats(choose(x, y))
    case (.ints(let x), .ints(let y)): chosen = .ints(choose(x, y))
    case (.bools(let x), .bools(let y)): chosen = .bools(choose(x, y))
    default: throw KnownError("a choice between two types")
    }
    return try Known(chosen, shape: shape, lengths: lengths)
  }

  /// Every element by itself.
  func mapFloats(_ transform: (Float) -> Float) throws(KnownError) -> Known {
    guard case .floats(let values) = elements else { throw KnownError("floats, found integers") }
    return try Known(.floats(values.map(transform)), shape: shape, lengths: lengths)
  }

  /// The same values in another type.
  func cast(to type: ONNXType) throws(KnownError) -> Known {
    if counting != nil {
      guard type == .int64 || type == .int32 else {
        throw KnownError("positions of a symbolic length as \(type)")
      }
      return self
    }
    let numbers: Elements
    switch (elements, type) {
    case (.floats, .float), (.floats, .double), (.bools, .bool): return self
    case (.ints, .int64), (.ints, .int32), (.ints, .int8), (.ints, .uint8): return self
    case (.floats(let values), .bool): numbers = .bools(values.map { $0 != 0 })
    case (.floats(let values), _):
      guard values.allSatisfy({ abs($0) < 0x1p62 }) else { throw KnownError("a float beyond 2^62") }
      numbers = .ints(values.map { Dimension(Int($0)) })
    case (.bools(let values), .float), (.bools(let values), .double):
      numbers = .floats(values.map { $0 ? 1 : 0 })
    case (.bools(let values), _): numbers = .ints(values.map { $0 ? 1 : 0 })
    case (.ints(let values), .bool):
      var flags: [Bool] = []
      for value in values {
        guard let sign = value.sign else { throw KnownError("\(value) as a truth value") }
        flags.append(sign != 0)
      }
      numbers = .bools(flags)
    case (.ints(let values), _):
      var floats: [Float] = []
      for value in values {
        guard let constant = value.constant else { throw KnownError("\(value) as a float") }
        floats.append(Float(constant))
      }
      numbers = .floats(floats)
    }
    return try Known(numbers, shape: shape, lengths: lengths)
  }
}
