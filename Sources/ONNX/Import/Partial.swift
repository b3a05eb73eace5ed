import Graph

/// A step of a decomposed layer norm or GELU.
///
/// Our graphs have these as one op, so the steps have no value of their own until the last.
enum Partial {
  /// The mean of x over its last axis, which stays with length 1.
  case mean(of: Value)
  /// x − mean(x)
  case centered(Value)
  /// (x − mean(x))²
  case squared(Value)
  /// The mean of that, plus ε.
  case variance(of: Value, epsilon: Float)
  /// Its root.
  case deviation(of: Value, epsilon: Float)
  /// One over that.
  case inverseDeviation(of: Value, epsilon: Float)
  /// x, normalised; then scaled.
  case normalised(Value, epsilon: Float, gamma: Value?)
  /// factor · (offset + f), f being what the form of GELU multiplies x by: erf(x/√2) and tanh(…), which
  /// want 1 added and x halved, or sigmoid(1.702 x).
  case gate(GeluForm, of: Value, isShifted: Bool, factor: Float)
  /// Whether softmax gave no number.
  case isNaN(Value)
}

extension ONNXImporter {
  func shape(_ partial: Partial) -> Shape {
    switch partial {
    case .mean(let x), .variance(let x, _), .deviation(let x, _), .inverseDeviation(let x, _):
      graph.shape(x).dropLast() + [1]
    case .centered(let x), .squared(let x), .normalised(let x, _, _), .gate(_, let x, _, _),
      .isNaN(let x):
      graph.shape(x)
    }
  }

  /// The value of a partial result that is an op as it is.
  mutating func whole(_ partial: Partial) throws(KnownError) -> Value {
    guard case .normalised(let x, let epsilon, let gamma) = partial else {
      throw KnownError("a step of a layer norm or GELU of a form that is not known")
    }
    let width = graph.shape(x)[graph.shape(x).count - 1]
    let ones = Op.constant(Constant(value: 1, shape: [width]))
    let scale = if let gamma { gamma } else { try apply(ones) }
    let shift = try apply(.constant(Constant(value: 0, shape: [width])))
    return try apply(.layerNorm(LayerNorm(epsilon: epsilon)), x, scale, shift)
  }

  /// `value` without a factor it was multiplied by, and that factor.
  func unscaled(_ value: Value) -> (Value, Float) {
    guard let node = producers[value], case .scale(let op) = node.op else { return (value, 1) }
    return (node.inputs[0], op.factor)
  }

  /// The product with a number, where two powers of 2 in a row become one.
  mutating func scaled(_ value: Value, by factor: Float) throws(KnownError) -> Value {
    if factor == 1 { return value }
    let (inner, first) = unscaled(value)
    if first != 1, first.significandWidth == 0 || factor.significandWidth == 0 {
      return first * factor == 1
        ? inner : try apply(.scale(Scale(factor: first * factor)), inner)
    }
    return try apply(.scale(Scale(factor: factor)), value)
  }

  /// A function of one operand.
  mutating func function(_ node: ONNXNode) throws(KnownError) -> Term {
    let operand = try term(node, 0)
    switch (node.op, operand) {
    case ("Neg", .known(let known)):
      if case .ints = known.elements {
        let product = try Known.arithmetic(known, Known(Dimension(-1)), *) {
          (a, b) throws(KnownError) in try a.multiplied(by: b)
        }
        return .known(product)
      }
      return .known(try known.mapFloats { -$0 })
    case ("Neg", .value(let x)): return .value(try scaled(x, by: -1))
    case ("Sqrt", .known(let known)): return .known(try known.mapFloats { $0.squareRoot() })
    case ("Reciprocal", .known(let known)): return .known(try known.mapFloats { 1 / $0 })
    case ("Sqrt", .partial(.variance(let x, let epsilon))):
      return .partial(.deviation(of: x, epsilon: epsilon))
    case ("Reciprocal", .partial(.deviation(let x, let epsilon))):
      return .partial(.inverseDeviation(of: x, epsilon: epsilon))
    case ("ReduceMean", _): return .partial(try mean(node, operand))
    case ("IsNaN", .value(let x)):
      guard let producer = producers[x], case .softmax = producer.op else {
        throw KnownError("a test for NaN of what is no softmax")
      }
      return .partial(.isNaN(x))
    case (_, .value(let x)): return .partial(try gate(node.op, x))
    default: throw KnownError("an operand that no layer norm or GELU has here")
    }
  }

  private func mean(_ node: ONNXNode, _ operand: Term) throws(KnownError) -> Partial {
    let axes = try has(node, 1) ? integers(node, 1) : node.ints("axes") ?? []
    let rank = try shape(operand).count
    guard axes.count == 1, try normalized(axes[0], rank: rank) == rank - 1,
      try node.int("keepdims", default: 1) == 1
    else { throw KnownError("a mean that is not over the last axis, which stays") }
    switch operand {
    case .value(let x): return .mean(of: x)
    case .partial(.squared(let x)): return .variance(of: x, epsilon: 0)
    default: throw KnownError("a mean of what no layer norm takes it")
    }
  }

  private func gate(_ op: String, _ argument: Value) throws(KnownError) -> Partial {
    func isNear(_ a: Float, _ b: Float) -> Bool { abs(a - b) <= abs(b) * 1e-4 }
    let (x, factor) = unscaled(argument)
    switch op {
    case "Erf":
      guard isNear(factor, Float(0.5).squareRoot()) else {
        throw KnownError("erf of \(factor) x instead of x/√2")
      }
      return .gate(.erf, of: x, isShifted: false, factor: 1)
    case "Sigmoid":
      guard isNear(factor, 1.702) else {
        throw KnownError("sigmoid of \(factor) x instead of 1.702 x")
      }
      return .gate(.quick, of: x, isShifted: true, factor: 1)
    case "Tanh":
      guard isNear(factor, (2 / Float.pi).squareRoot()), let sum = producers[x],
        case .add = sum.op
      else { throw KnownError("tanh of what no GELU has in it") }
      for (base, cubic) in [(sum.inputs[0], sum.inputs[1]), (sum.inputs[1], sum.inputs[0])] {
        let (cube, small) = unscaled(cubic)
        if isNear(small, 0.044715), isCube(cube, of: base) {
          return .gate(.tanh, of: base, isShifted: false, factor: 1)
        }
      }
      throw KnownError("tanh of what no GELU has in it")
    default: throw KnownError("operator '\(op)'")
    }
  }

  private func isCube(_ value: Value, of x: Value) -> Bool {
    guard let product = producers[value], case .multiply = product.op else { return false }
    for (square, other) in [(0, 1), (1, 0)] where product.inputs[other] == x {
      if let inner = producers[product.inputs[square]], case .multiply = inner.op,
        inner.inputs == [x, x]
      {
        return true
      }
    }
    return false
  }
}
