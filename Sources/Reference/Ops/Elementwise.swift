import Graph

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

extension Constant: Evaluable {
  func evaluate(_: inout [Tensor], _ bindings: [String: Int]) throws(GraphError) -> [Tensor] {
    [.filled(try lengths(shape, bindings), Double(value))]
  }
}

extension Add: Evaluable {
  func evaluate(_ inputs: inout [Tensor], _: [String: Int]) throws(GraphError) -> [Tensor] {
    [zip(inputs[0], inputs[1], +)]
  }
}

extension Multiply: Evaluable {
  func evaluate(_ inputs: inout [Tensor], _: [String: Int]) throws(GraphError) -> [Tensor] {
    [zip(inputs[0], inputs[1], *)]
  }
}

/// `function` of the elements of `a` and `b`, under NumPy's broadcasting.
private func zip(_ a: Tensor, _ b: Tensor, _ function: (Double, Double) -> Double) -> Tensor {
  let rank = max(a.shape.count, b.shape.count)
  let shape = (0..<rank).map { axis in
    let x = axis < rank - a.shape.count ? 1 : a.shape[axis - (rank - a.shape.count)]
    let y = axis < rank - b.shape.count ? 1 : b.shape[axis - (rank - b.shape.count)]
    return x == 1 ? y : x
  }
  return .f32(
    shape, zip(a.broadcast(to: shape).values, b.broadcast(to: shape).values).map(function))
}

extension Scale: Evaluable {
  func evaluate(_ inputs: inout [Tensor], _: [String: Int]) throws(GraphError) -> [Tensor] {
    [inputs[0].map { $0 * Double(factor) }]
  }
}

extension Exp: Evaluable {
  func evaluate(_ inputs: inout [Tensor], _: [String: Int]) throws(GraphError) -> [Tensor] {
    [inputs[0].map { exp($0) }]
  }
}

extension Rsqrt: Evaluable {
  func evaluate(_ inputs: inout [Tensor], _: [String: Int]) throws(GraphError) -> [Tensor] {
    [inputs[0].map { 1 / $0.squareRoot() }]
  }
}

/// `tanh` under a name that the case `GeluForm.tanh` does not hide.
private func hyperbolicTangent(_ x: Double) -> Double { tanh(x) }

extension GeluForm {
  /// The share of x that passes: the value is x times it.
  private func gate(_ x: Double) -> Double {
    switch self {
    // erfc, not 1 + erf, which would cancel far below zero.
    case .erf: 0.5 * erfc(-x * 0.5.squareRoot())
    case .tanh: 0.5 * (1 + hyperbolicTangent(tanhArgument(x)))
    case .quick: 1 / (1 + exp(-1.702 * x))
    }
  }

  private func gateSlope(_ x: Double) -> Double {
    switch self {
    case .erf: return exp(-0.5 * x * x) / (2 * Double.pi).squareRoot()
    case .tanh:
      let t = hyperbolicTangent(tanhArgument(x))
      return 0.5 * (1 - t * t) * (2 / Double.pi).squareRoot() * (1 + 3 * 0.044715 * x * x)
    case .quick:
      let gate = gate(x)
      return 1.702 * gate * (1 - gate)
    }
  }

  private func tanhArgument(_ x: Double) -> Double {
    (2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)
  }

  func value(_ x: Double) -> Double { x == -.infinity ? 0 : x * gate(x) }

  func slope(_ x: Double) -> Double {
    x.isInfinite ? (x > 0 ? 1 : 0) : gate(x) + x * gateSlope(x)
  }
}

extension Gelu: Evaluable {
  func evaluate(_ inputs: inout [Tensor], _: [String: Int]) throws(GraphError) -> [Tensor] {
    [inputs[0].map(form.value)]
  }
}

extension GeluGradient: Evaluable {
  func evaluate(_ inputs: inout [Tensor], _: [String: Int]) throws(GraphError) -> [Tensor] {
    [zip(inputs[0], inputs[1]) { x, dy in form.slope(x) * dy }]
  }
}

extension Dropout: Evaluable {
  func evaluate(_ inputs: inout [Tensor], _: [String: Int]) throws(GraphError) -> [Tensor] {
    let seed = UInt32(truncatingIfNeeded: inputs[1].integers[0])
    let stream = seed &* 0x85EB_CA6B &+ UInt32(truncatingIfNeeded: salt) &* 0xC2B2_AE35
    let threshold = UInt32((rate * 0x1p24).rounded(.down))
    let factor = 1 / (1 - Double(rate))
    let values = inputs[0].values.enumerated().map { index, value in
      var h = (UInt32(truncatingIfNeeded: index) &* 0x9E37_79B9) ^ stream
      h ^= h >> 16
      h &*= 0x85EB_CA6B
      h ^= h >> 13
      h &*= 0xC2B2_AE35
      h ^= h >> 16
      return h >> 8 >= threshold ? value * factor : 0
    }
    return [.f32(inputs[0].shape, values)]
  }
}

extension Sum: Evaluable {
  func evaluate(_ inputs: inout [Tensor], _: [String: Int]) throws(GraphError) -> [Tensor] {
    let x = inputs[0]
    let kept = x.shape.indices.filter { !axes.contains($0) }
    let rows = x.transposed(kept + axes)
    let count = axes.map { x.shape[$0] }.reduce(1, *)
    let shape = kept.map { x.shape[$0] }
    return [
      .f32(
        shape,
        (0..<shape.reduce(1, *)).map { rows.values[$0 * count..<($0 + 1) * count].reduce(0, +) })
    ]
  }
}
