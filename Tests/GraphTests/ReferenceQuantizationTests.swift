import Graph
import Reference
import TestSupport
import Testing

@Suite struct ReferenceQuantizationTests {
  func quantized(_ levels: Int, _ row: [Double]) throws -> (integers: [Double], rows: [Double]) {
    let results = try evaluate(
      .quantizeRows(QuantizeRows(levels: levels)), [.f32([1, row.count], row)])
    return (results[0].values, results[1].values)
  }

  @Test func zeroPointMakesZeroExact() throws {
    let (integers, rows) = try quantized(255, [-127, 0, 128])
    #expect(integers == [0, 127, 255])
    #expect(rows == [1, 127])
  }

  @Test func rowsOfOneSignStillHoldZero() throws {
    let positive = try quantized(127, [1, 2, 127])
    #expect(positive.integers == [1, 2, 127])
    #expect(positive.rows == [1, 0])
    let negative = try quantized(127, [-127, -1])
    #expect(negative.integers == [0, 126])
    #expect(negative.rows == [1, 127])
  }

  @Test func halvesGoToTheEvenInteger() throws {
    #expect(try quantized(127, [0.5, 1.5, 2.5, 127]).integers == [0, 2, 2, 127])
  }

  @Test func zeroRowHasScaleOne() throws {
    let (integers, rows) = try quantized(127, [0, 0])
    #expect(integers == [0, 0])
    #expect(rows == [1, 0])
  }

  /// 127.5 rounds to 128 twice, for the zero point and for the top, which is cut from 256.
  @Test func topIsClampedWhenTheZeroPointRoundsUp() throws {
    let (integers, rows) = try quantized(255, [-127.5, 127.5])
    #expect(integers == [0, 255])
    #expect(rows == [1, 128])
  }

  /// In Double, 0.7 · (1/0.1) and the like round elsewhere: the scale must be a binary32.
  @Test func arithmeticIsBinary32() throws {
    let row = [0.1, 0.2, 0.3, 0.7].map { Double(Float($0)) }
    let scale = Float(0.7) / 127
    #expect(try quantized(127, row).rows[0] == Double(scale))
    #expect(Double(scale) != 0.7 / 127)
  }

  /// The norm of (1, 3) with epsilon 3 is (−½, ½); gamma 2, 4 and beta 10, 20 make it (9, 22).
  @Test func layerNormQuantizeIsBothOpsInOne() throws {
    for (hasResidual, keepsFloat) in [(false, false), (true, false), (false, true), (true, true)] {
      let op = LayerNormQuantize(
        epsilon: 3, levels: 127, hasResidual: hasResidual, keepsFloat: keepsFloat)
      let x = hasResidual ? [matrix([1, 1]), vector(0, 2)] : [matrix([1, 3])]
      let integers = (9 * (1 / (Float(22) / 127))).rounded(.toNearestOrEven)
      try expect(
        .layerNormQuantize(op), x + [vector(2, 4), vector(10, 20)],
        gives: (keepsFloat ? [matrix([9, 22])] : []) + [
          Tensor(.u8, [1, 2], [Double(integers), 127]), matrix([Double(Float(22) / 127), 0]),
        ])
    }
  }
}
