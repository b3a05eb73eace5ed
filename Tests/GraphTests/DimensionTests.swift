import Graph
import Testing

@Suite struct DimensionTests {
  static let f = Dimension.symbol("F")
  static let t = Dimension.symbol("T")

  @Test func equalPolynomialsAreEqual() {
    let (f, t) = (Self.f, Self.t)
    #expect((f + t) * (f - t) == f * f - t * t)
    #expect(197 * f + t == t + f * 197)
    #expect(f - f == 0)
    #expect(f != t)
    #expect(2 * f != f)
  }

  @Test func constantsAreKnown() {
    #expect(Dimension(7).constant == 7)
    #expect((Self.f * 0).constant == 0)
    #expect((Self.f + 1 - Self.f).constant == 1)
    #expect(Self.f.constant == nil)
    #expect((Self.f + 1).constant == nil)
  }

  @Test(arguments: [
    (0, "0"), (-3, "-3"), (197 * f + t, "197*F + T"), (f * f * t - f - 1, "F*F*T - F - 1"),
    (t * -1, "-T"), (2 - t, "-T + 2"),
  ])
  func textPutsLongerProductsFirst(dimension: Dimension, text: String) {
    #expect("\(dimension)" == text)
  }

  @Test func valueNeedsEverySymbol() {
    let sequence = 197 * Self.f + Self.t
    #expect(sequence.value(["F": 6, "T": 20]) == 1202)
    #expect(sequence.value(["F": 6]) == nil)
    #expect(Dimension(4).value([:]) == 4)
  }

  @Test func valueThatOverflowsIsNil() {
    #expect((Self.f * Self.f).value(["F": 1 << 40]) == nil)
    #expect((Self.f + 1).value(["F": .max]) == nil)
  }

  /// Numbers of a file that are no lengths: what trusted code computes as a matter of course is nil here.
  @Test func arithmeticOnAnyNumbersIsChecked() {
    let f = Self.f
    #expect(Dimension(.max).plus(1) == nil && Dimension(.max).plus(-1) == Dimension(.max - 1))
    #expect(Dimension(.min).minus(1) == nil && Dimension(0).minus(Dimension(.min)) == nil)
    #expect((f * .init(.max)).times(2) == nil && f.times(Self.t) == f * Self.t)
    #expect((f + 1).minus(f) == 1)
    // Neither more than 16 terms nor more than 16 factors.
    let symbols = (0..<17).map { Dimension.symbol("S\($0)") }
    let wide = Dimension.sum(symbols.prefix(16))
    #expect(wide.plus(wide) == 2 * wide && wide.plus(symbols[16]) == nil)
    let tall = (0..<16).reduce(1 as Dimension) { product, _ in product * f }
    #expect(tall.times(2) == 2 * tall && tall.times(f) == nil)
  }

  @Test func substitutionReplacesEverySymbolAtOnce() {
    let sequence = 197 * Self.f + Self.t
    #expect(sequence.substituting(["F": 1]) == 197 + Self.t)
    #expect(sequence.substituting(["F": Self.t, "T": Self.f]) == 197 * Self.t + Self.f)
    #expect((Self.f * Self.f).substituting(["F": Self.t + 1]) == (Self.t + 1) * (Self.t + 1))
  }

  @Test func elementCountMultiplies() {
    let shape: Shape = [Self.f, 3, Self.t + 1]
    #expect(shape.elementCount == 3 * Self.f * Self.t + 3 * Self.f)
    #expect(Shape().elementCount == 1)
    #expect(shape.values(["F": 2, "T": 4]) == [2, 3, 5])
    #expect(shape.values(["F": 2]) == nil)
  }
}
