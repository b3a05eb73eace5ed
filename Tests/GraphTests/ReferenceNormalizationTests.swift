import Graph
import Reference
import TestSupport
import Testing

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

@Suite struct ReferenceNormalizationTests {
  /// Mean 2, variance 1; with epsilon 3 the factor is 1/√4.
  @Test func layerNormNormalisesThenScalesAndShifts() throws {
    try expect(
      .layerNorm(LayerNorm(epsilon: 3)), [matrix([1, 3], [5, 5]), vector(2, 4), vector(10, 20)],
      gives: [matrix([9, 22], [10, 20])])
  }

  @Test func layerNormOfNaNIsNaNInThatRowOnly() throws {
    try expect(
      .layerNorm(LayerNorm(epsilon: 3)),
      [matrix([1, .nan], [1, 3]), vector(2, 4), vector(10, 20)],
      gives: [matrix([.nan, .nan], [9, 22])])
  }

  @Test func residualLayerNormAddsFirst() throws {
    try expect(
      .residualLayerNorm(ResidualLayerNorm(epsilon: 3)),
      [matrix([1, 1], [3, 1]), vector(0, 2), vector(2, 4), vector(10, 20)],
      gives: [matrix([9, 22], [10, 20])])
  }

  /// Two rows worked by hand; r = ½ in both.
  ///
  /// Row (1, 3): x̂ = (−½, ½), g = (2, 4), mean g = 3, mean g·x̂ = ½, so
  /// dx = ½ · (2 − 3 + ¼, 4 − 3 − ¼). Row (3, 1) with dy (0, 2): x̂ = (½, −½), g = (0, 8),
  /// mean g = 4, mean g·x̂ = −2, so dx = ½ · (0 − 4 + 1, 8 − 4 − 1).
  @Test func layerNormGradientFollowsItsFormula() throws {
    try expect(
      .layerNormGradient(LayerNormGradient(epsilon: 3)),
      [matrix([1, 3], [3, 1]), vector(2, 4), matrix([1, 1], [0, 2])],
      gives: [matrix([-0.375, 0.375], [-1.5, 1.5]), vector(-0.5, -0.5), vector(1, 3)])
  }

  @Test func softmaxSharesOutOne() throws {
    try expect(
      .softmax(Softmax()), [matrix([0, log(3)], [1000, 1000], [-.infinity, 5])],
      gives: [matrix([0.25, 0.75], [0.5, 0.5], [0, 1])])
    try expect(
      .softmax(Softmax()), [vector(-.infinity, -.infinity)], gives: [vector(.nan, .nan)])
  }

  @Test func softmaxOfMaskedScoresIsExactlyZero() throws {
    let y = try evaluate(.softmax(Softmax()), [vector(-.infinity, 1, 2)])
    #expect(y[0].values[0] == 0)
  }

  /// Σ y·dy = 1.
  @Test func softmaxGradientFollowsItsFormula() throws {
    try expect(
      .softmaxGradient(SoftmaxGradient()), [vector(0.25, 0.75), vector(4, 0)],
      gives: [vector(0.75, -0.75)])
  }
}
