import Graph

extension ONNXImporter {
  mutating func arithmetic(_ node: ONNXNode) throws(KnownError) -> Term {
    let (a, b) = (try term(node, 0), try term(node, 1))
    switch (a, b) {
    case (.known(let x), .known(let y)): return .known(try computed(node.op, x, y))
    case (.partial(let partial), _), (_, .partial(let partial)):
      var other = b
      var isFirst = true
      if case .partial = a {} else { (other, isFirst) = (a, false) }
      // Of two partial results the first is the one to match.
      return try combined(node, partial, other, isFirst: isFirst)
    default: break
    }
    switch node.op {
    case "Add": return .value(try sum(node, a, b))
    case "Sub":
      if case .value(let x) = a, case .known(let known) = b, let number = known.uniformFloat {
        return .value(try shifted(x, by: -number))
      }
      return .value(try sum(try value(node, 0), try scaled(try value(node, 1), by: -1)))
    case "Mul": return .value(try product(node, a, b))
    case "Div":
      guard case .known(let known) = b, let divisor = known.uniformFloat,
        case .value(let x) = a, try Known.broadcast(graph.shape(x), known.shape) == graph.shape(x)
      else { throw KnownError("a division by more than one number") }
      return .value(try scaled(x, by: 1 / divisor))
    case "Pow":
      guard case .known(let known) = b, let exponent = known.uniformFloat, case .value(let x) = a,
        exponent == 2 || exponent == 3
      else { throw KnownError("a power that is no square or cube") }
      let square = try apply(.multiply(Multiply()), x, x)
      return .value(exponent == 2 ? square : try apply(.multiply(Multiply()), square, x))
    default: throw KnownError("'\(node.op)' of values that are not known")
    }
  }

  private func computed(_ op: String, _ x: Known, _ y: Known) throws(KnownError) -> Known {
    switch op {
    case "Add":
      return try Known.arithmetic(x, y, +) { (a, b) throws(KnownError) in try a.adding(b) }
    case "Sub":
      return try Known.arithmetic(x, y, -) { (a, b) throws(KnownError) in try a.subtracting(b) }
    case "Mul":
      return try Known.arithmetic(x, y, *) { (a, b) throws(KnownError) in try a.multiplied(by: b) }
    case "Div": return try Known.arithmetic(x, y, /, Self.quotient)
    case "Pow":
      return try Known.arithmetic(x, y.cast(to: .float), Self.power) { (_, _) throws(KnownError) in
        throw KnownError("a power of integers")
      }
    case "Max":
      return try Known.arithmetic(x, y, max) { (a, b) throws(KnownError) in
        try Self.isLess(a, b) ? b : a
      }
    case "Min":
      return try Known.arithmetic(x, y, min) { (a, b) throws(KnownError) in
        try Self.isLess(a, b) ? a : b
      }
    default:
      return try Known.arithmetic(x, y, { $0 - $1 * ($0 / $1).rounded(.towardZero) }) {
        (a, b) throws(KnownError) in
        guard let a = a.constant, let b = b.constant, b != 0 else {
          throw KnownError("\(a) mod \(b)")
        }
        // The sign is the divisor's.
        let rest = a.remainderReportingOverflow(dividingBy: b).partialValue
        return Dimension(rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest)
      }
    }
  }

  /// Powers that exporters leave to compute: of a head's width.
  private static func power(_ base: Float, _ exponent: Float) -> Float {
    switch exponent {
    case 0.5: base.squareRoot()
    case -0.5: 1 / base.squareRoot()
    case 0.25: base.squareRoot().squareRoot()
    case -1: 1 / base
    case 2: base * base
    case 3: base * base * base
    default: .nan
    }
  }

  private static func isLess(_ a: Dimension, _ b: Dimension) throws(KnownError) -> Bool {
    guard let sign = b.sign(minus: a) else {
      throw KnownError("a comparison of \(a) and \(b), which depends on the symbols")
    }
    return sign > 0
  }

  private static func quotient(_ a: Dimension, _ b: Dimension) throws(KnownError) -> Dimension {
    if let a = a.constant, let b = b.constant, b != 0 {
      let (quotient, overflow) = a.dividedReportingOverflow(by: b)
      guard !overflow else { throw KnownError("\(a) divided by \(b), which is too large") }
      return Dimension(quotient)
    }
    guard let quotient = a.dividedExactly(by: b) else { throw KnownError("\(a) divided by \(b)") }
    return quotient
  }

  // MARK: Sums

  private mutating func sum(
    _ node: ONNXNode, _ a: Term, _ b: Term
  ) throws(KnownError) -> Value {
    for (term, other) in [(a, b), (b, a)] {
      if case .value(let x) = term, case .known(let known) = other,
        let masked = try masked(x, known)
      {
        return masked
      }
    }
    return try sum(try value(node, 0), try value(node, 1))
  }

  private mutating func sum(_ a: Value, _ b: Value) throws(KnownError) -> Value {
    try apply(.add(Add()), a, b)
  }

  private mutating func shifted(_ x: Value, by number: Float) throws(KnownError) -> Value {
    number == 0 ? x : try sum(x, try apply(.constant(Constant(value: number, shape: []))))
  }

  /// `scores` plus a constant that is a number, nothing, or the mask of a prefix; nil for others.
  mutating func masked(_ scores: Value, _ mask: Known) throws(KnownError) -> Value? {
    let shape = graph.shape(scores)
    guard try Known.broadcast(shape, mask.shape) == shape,
      case .floats(let values) = mask.elements
    else { return nil }
    // A weight of equal elements stays one: models with other weights are to have the same ops.
    let isUniform = mask.isWeight ? values.count == 1 : values.allSatisfy { $0 == values[0] }
    if isUniform, let number = values.first { return try shifted(scores, by: number) }
    guard let prefix = prefix(mask, values) else { return nil }
    return prefix == mask.lengths.last
      ? scores : try apply(.prefixMask(PrefixMask(prefix: Dimension(prefix))), scores)
  }

  /// How many keys every query sees, when the mask is that of a prefix followed by a causal rest.
  ///
  /// Exporters write −∞ as the least float or as −1e4; e⁻¹⁰⁰⁰⁰ is 0 beside any score a model gives.
  private func prefix(_ mask: Known, _ values: [Float]) -> Int? {
    guard let side = mask.lengths.last, side > 1, mask.lengths.count >= 2,
      Array(mask.lengths.suffix(2)) == [side, side], values.count == side * side
    else { return nil }
    func isVisible(_ query: Int, _ key: Int) -> Bool? {
      let value = values[query * side + key]
      return value == 0 ? true : value <= -1e4 ? false : nil
    }
    let first = (0..<side).prefix { isVisible(0, $0) == true }.count
    // A prefix of one key is what the causal mask is.
    let prefix = first == 1 ? 0 : first
    for query in 0..<side {
      for key in 0..<side {
        let expected = key < prefix || (query >= prefix && key <= query)
        if isVisible(query, key) != expected { return nil }
      }
    }
    return prefix
  }

  // MARK: Products

  private mutating func product(
    _ node: ONNXNode, _ a: Term, _ b: Term
  ) throws(KnownError) -> Value {
    for (term, other) in [(a, b), (b, a)] {
      if case .value(let x) = term, case .known(let known) = other,
        let factor = known.uniformFloat,
        try Known.broadcast(graph.shape(x), known.shape) == graph.shape(x)
      {
        return try scaled(x, by: factor)
      }
    }
    return try apply(.multiply(Multiply()), try value(node, 0), try value(node, 1))
  }

  // MARK: Steps of layer norms and GELUs

  /// A partial result with the other operand of a sum, difference, product or quotient.
  private mutating func combined(
    _ node: ONNXNode, _ partial: Partial, _ other: Term, isFirst: Bool
  ) throws(KnownError) -> Term {
    let number: Float?
    if case .known(let known) = other { number = known.uniformFloat } else { number = nil }
    switch (node.op, partial) {
    case ("Sub", .mean(let x)):
      if case .value(x) = other, !isFirst { return .partial(.centered(x)) }
    case ("Pow", .centered(let x)):
      if number == 2, isFirst { return .partial(.squared(x)) }
    case ("Mul", .centered(let x)):
      switch other {
      case .partial(.centered(x)): return .partial(.squared(x))
      case .partial(.inverseDeviation(x, let epsilon)):
        return .partial(.normalised(x, epsilon: epsilon, gamma: nil))
      default: break
      }
    case ("Mul", .inverseDeviation(let x, let epsilon)):
      if case .partial(.centered(x)) = other {
        return .partial(.normalised(x, epsilon: epsilon, gamma: nil))
      }
    case ("Add", .variance(let x, let epsilon)):
      if let number { return .partial(.variance(of: x, epsilon: epsilon + number)) }
    case ("Div", .centered(let x)):
      if case .partial(.deviation(x, let epsilon)) = other, isFirst {
        return .partial(.normalised(x, epsilon: epsilon, gamma: nil))
      }
    case ("Div", .deviation(let x, let epsilon)):
      if number == 1, !isFirst { return .partial(.inverseDeviation(of: x, epsilon: epsilon)) }
    case ("Mul", .normalised(let x, let epsilon, nil)):
      return .partial(
        .normalised(x, epsilon: epsilon, gamma: try value(node, isFirst ? 1 : 0)))
    case ("Add", .normalised(let x, let epsilon, let gamma?)):
      let beta = try value(node, isFirst ? 1 : 0)
      return .value(try apply(.layerNorm(LayerNorm(epsilon: epsilon)), x, gamma, beta))
    case ("Add", .gate(let form, let x, false, 1)):
      if number == 1 { return .partial(.gate(form, of: x, isShifted: true, factor: 1)) }
    case ("Mul", .gate(let form, let x, true, let factor)):
      if let number {
        return .partial(.gate(form, of: x, isShifted: true, factor: factor * number))
      }
      if case .value(let multiplicand) = other {
        return .value(try gelu(form, x, factor, multiplicand))
      }
    default: break
    }
    throw KnownError("a step of a layer norm or GELU of a form that is not known")
  }

  /// `multiplicand`, a multiple of `x`, times the gate of a GELU of `x`.
  private mutating func gelu(
    _ form: GeluForm, _ x: Value, _ factor: Float, _ multiplicand: Value
  ) throws(KnownError) -> Value {
    let (base, multiple) = multiplicand == x ? (x, 1) : unscaled(multiplicand)
    guard base == x else { throw KnownError("a gate that multiplies another value than its own") }
    let gelu = try apply(.gelu(Gelu(form: form)), x)
    // 1 + erf and 1 + tanh are twice what a GELU multiplies by.
    return try scaled(gelu, by: factor * multiple * (form == .quick ? 1 : 2))
  }

  // MARK: Logic

  mutating func logic(_ node: ONNXNode) throws(KnownError) -> Term {
    if node.op == "Where" { return try choice(node) }
    guard case .known(let a) = try term(node, 0) else {
      throw KnownError("'\(node.op)' of values that are not known")
    }
    if node.op == "Not" { return .known(try Known.logic(a, a) { x, _ in !x }) }
    guard case .known(let b) = try term(node, 1) else {
      throw KnownError("'\(node.op)' of values that are not known")
    }
    switch node.op {
    case "And": return .known(try Known.logic(a, b) { $0 && $1 })
    case "Or": return .known(try Known.logic(a, b) { $0 || $1 })
    case "Equal": return .known(try Known.comparison(a, b) { $0 == 0 })
    case "Less": return .known(try Known.comparison(a, b) { $0 < 0 })
    case "LessOrEqual": return .known(try Known.comparison(a, b) { $0 <= 0 })
    case "Greater": return .known(try Known.comparison(a, b) { $0 > 0 })
    default: return .known(try Known.comparison(a, b) { $0 >= 0 })
    }
  }

  private mutating func choice(_ node: ONNXNode) throws(KnownError) -> Term {
    let (condition, a, b) = (try term(node, 0), try term(node, 1), try term(node, 2))
    switch (condition, a, b) {
    case (.known(let flags), .known(let x), .known(let y)):
      return .known(try Known.choice(flags, x, y))
    case (.known(let flags), .value(let x), .known(let other)):
      if let masked = try masked(x, where: flags, other) { return .value(masked) }
    case (.known(let flags), .known(let other), .value(let x)):
      let inverse = try Known.logic(flags, flags) { flag, _ in !flag }
      if let masked = try masked(x, where: inverse, other) { return .value(masked) }
    case (.partial(.isNaN(let x)), .known(let other), .value(let y)) where x == y:
      // Softmax of finite scores gives numbers; only a row that may see nothing has none, and
      // no mask that is read here has one.
      if other.uniformFloat == 0 { return .value(x) }
    default: break
    }
    throw KnownError("a choice that is no mask of scores")
  }

  /// Scores where the flags hold, else a number below all scores: the same as a mask that is added.
  private mutating func masked(
    _ scores: Value, where flags: Known, _ other: Known
  ) throws(KnownError) -> Value? {
    guard let number = other.uniformFloat, number <= -1e4 else { return nil }
    return try masked(scores, Known.choice(flags, Known(Float(0)), Known(number)))
  }
}
