import Graph
import Reference
import TestSupport
import Testing

@Suite struct ReferenceMatMulTests {
  static let a = matrix([1, 2], [3, 4])
  static let b = matrix([5, 6], [7, 8])

  @Test(arguments: [
    (false, false, matrix([19, 22], [43, 50])), (false, true, matrix([17, 23], [39, 53])),
    (true, false, matrix([26, 30], [38, 44])), (true, true, matrix([23, 31], [34, 46])),
  ])
  func matMulMultipliesAsTransposed(transposeA: Bool, transposeB: Bool, expected: Tensor) throws {
    try expect(
      .matMul(MatMul(transposeA: transposeA, transposeB: transposeB)), [Self.a, Self.b],
      gives: [expected])
  }

  @Test func matMulWorksMatrixByMatrix() throws {
    let a = Tensor.f32([2, 1, 2], [1, 2, 3, 4])
    let each = Tensor.f32([2, 2, 1], [1, 1, 10, 100])
    try expect(.matMul(MatMul()), [a, each], gives: [.f32([2, 1, 1], [3, 430])])
    let shared = matrix([1], [10])
    try expect(.matMul(MatMul()), [a, shared], gives: [.f32([2, 1, 1], [21, 43])])
  }

  static let weight = matrix([1, 0], [0, 2], [1, 1])

  @Test func linearAddsBiasThenResidual() throws {
    let x = matrix([1, 2], [-1, 0])
    try expect(
      .linear(Linear(Epilogue())), [x, Self.weight], gives: [matrix([1, 4, 3], [-1, 0, -1])])
    try expect(
      .linear(Linear(Epilogue(hasBias: true, hasResidual: true))),
      [x, Self.weight, vector(10, 20, 30), vector(100, 200, 300)],
      gives: [matrix([111, 224, 333], [109, 220, 329])])
  }

  /// Residual after the activation: gelu(1) + 10, not gelu(11).
  @Test func linearActivatesBeforeTheResidual() throws {
    try expect(
      .linear(Linear(Epilogue(hasBias: true, activation: .geluErf, hasResidual: true))),
      [matrix([1]), matrix([3]), vector(-2), matrix([10])], gives: [matrix([10.8413447460685429])])
  }

  @Test func linearSplitsColumns() throws {
    try expect(
      .linear(Linear(Epilogue(splits: [1, 2]))), [matrix([1, 2], [-1, 0]), Self.weight],
      gives: [matrix([1], [-1]), matrix([4, 3], [0, -1])])
  }

  /// Row 0 holds (10 − 4)/2 = 3 and (20 − 4)/2 = 8; row 1 holds 127 and 0.
  ///
  /// Weights are (0.5, −0.25) and (4, 6).
  @Test func quantizedLinearMultipliesWhatTheIntegersStandFor() throws {
    let inputs = [
      Tensor(.u8, [2, 2], [10, 20, 127, 0]), matrix([0.5, 4], [1, 0]),
      Tensor(.s8, [2, 2], [2, -1, 2, 3]), vector(0.25, 2),
    ]
    try expect(
      .quantizedLinear(QuantizedLinear(Epilogue())), inputs,
      gives: [matrix([-0.5, 60], [63.5, 508])])
    try expect(
      .quantizedLinear(QuantizedLinear(Epilogue(hasBias: true, hasResidual: true))),
      inputs + [vector(1, 2), matrix([10, 20], [30, 40])],
      gives: [matrix([10.5, 82], [94.5, 550])])
    try expect(
      .quantizedLinear(QuantizedLinear(Epilogue(splits: [1, 1]))), inputs,
      gives: [matrix([-0.5], [63.5]), matrix([60], [508])])
  }
}
