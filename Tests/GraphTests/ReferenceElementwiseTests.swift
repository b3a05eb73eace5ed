import Graph
import Reference
import TestSupport
import Testing

@Suite struct ReferenceElementwiseTests {
  @Test func constantFillsItsShape() throws {
    try expect(
      .constant(Constant(value: 0.5, shape: [2, 1])), [], gives: [matrix([0.5], [0.5])])
    try expect(.constant(Constant(value: -2, shape: [])), [], gives: [.f32([], [-2])])
  }

  @Test func addAndMultiplyStretchAxesOfLengthOne() throws {
    let (column, row) = (matrix([1], [2]), vector(10, 20, 30))
    try expect(.add(Add()), [column, row], gives: [matrix([11, 21, 31], [12, 22, 32])])
    try expect(.multiply(Multiply()), [column, row], gives: [matrix([10, 20, 30], [20, 40, 60])])
  }

  @Test func scaleMultiplies() throws {
    try expect(.scale(Scale(factor: -0.5)), [vector(4, -6)], gives: [vector(-2, 3)])
  }

  @Test func expAndRsqrtHaveTheirValues() throws {
    try expect(
      .exp(Exp()), [vector(0, 1, -.infinity, .infinity, .nan)],
      gives: [.f32([5], [1, 2.718281828459045, 0, .infinity, .nan])])
    try expect(
      .rsqrt(Rsqrt()), [vector(4, 0.25, 0, .infinity, -1, .nan)],
      gives: [.f32([6], [0.5, 2, .infinity, 0, .nan, .nan])])
  }

  /// Φ(1) = 0.8413447460685429, by tables of the normal distribution; the other two from their
  /// formulas with a calculator.
  @Test(arguments: [
    (GeluForm.erf, [-0.15865525393145707, 0.8413447460685429, 1.9544997361036416]),
    (.tanh, [-0.15880800939172324, 0.8411919906082768, 1.954597694087775]),
    (.quick, [-0.1542042340671787, 0.8457957659328212, 1.9356586231442083]),
  ])
  func geluHasItsFormsValues(form: GeluForm, values: [Double]) throws {
    try expect(
      .gelu(Gelu(form: form)),
      [vector(-1, 1, 2, 0, -.infinity, .infinity, .nan, -40)],
      gives: [.f32([8], values + [0, 0, .infinity, .nan, 0])])
  }

  /// Φ(1) + φ(1) = 0.84134474607 + 0.24197072452; the others by differences of their formulas,
  /// good to 10 digits.
  @Test(arguments: [
    (GeluForm.erf, -0.0833154705769, 1.0833154705769),
    (.tanh, -0.0829640838457, 1.0829640838457),
    (.quick, -0.0677796065358, 1.0677796065358),
  ])
  func geluGradientHasItsFormsSlopes(form: GeluForm, below: Double, above: Double) throws {
    let dx = try evaluate(
      .geluGradient(GeluGradient(form: form)),
      [vector(-1, 1, 0, .infinity, -.infinity), vector(1, 10, 3, 2, 2)])
    let expected = [below, 10 * above, 1.5, 2, 0]
    for (found, expected) in zip(dx[0].values, expected) {
      #expect(abs(found - expected) <= 1e-9, "\(dx[0].values)")
    }
  }

  /// The hash worked out by another program for seed 5 and −1, salt 3 and 4.
  @Test func dropoutKeepsTheElementsOfItsHash() throws {
    let x = Tensor.filled([12], 3)
    for (seed, salt, kept) in [
      (5, 3, [1, 1, 0, 0, 0, 0, 1, 1, 1, 1, 0, 1]), (-1, 3, [0, 1, 0, 1, 0, 1, 0, 1, 1, 0, 0, 1]),
      (5, 4, [1, 0, 1, 1, 1, 0, 1, 0, 1, 0, 1, 1]),
    ] {
      try expect(
        .dropout(Dropout(rate: 0.5, salt: salt)), [x, .i32([1], [seed])],
        gives: [.f32([12], kept.map { 6.0 * Double($0) })])
    }
    let many = try evaluate(
      .dropout(Dropout(rate: 0.25, salt: 3)), [.filled([10000], 1), .i32([1], [5])])
    #expect(many[0].values.count { $0 != 0 } == 7502)
  }

  @Test func sumDropsItsAxes() throws {
    let x = matrix([1, 2, 3], [4, 5, 6])
    try expect(.sum(Sum(axes: [0])), [x], gives: [vector(5, 7, 9)])
    try expect(.sum(Sum(axes: [1])), [x], gives: [vector(6, 15)])
    try expect(.sum(Sum(axes: [0, 1])), [x], gives: [.f32([], [21])])
    let cube = Tensor.f32([2, 2, 2], [1, 2, 3, 4, 5, 6, 7, 8])
    try expect(.sum(Sum(axes: [0, 2])), [cube], gives: [vector(14, 22)])
  }
}
