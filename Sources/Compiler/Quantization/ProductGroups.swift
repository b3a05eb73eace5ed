/// How many blocks of four products with 7-bit activations are to fit an int16; weights are changed where
/// they must be.
package enum ProductGroups: Hashable, Sendable {
  /// So many, a power of two. All weights keep 1 as they are.
  case exactly(Int)
  /// 4 where the products lose little by it, else 2.
  ///
  /// AVX2 multiplies many rows 8 to 12 % faster in runs of 4 than of 2 (docs/performance.md), and their
  /// bound makes weights coarser. How much is measured on rows of the weight itself and held against the
  /// noise that products have anyway, of their 7-bit activations.
  case chosen

  /// The two lengths that are chosen from.
  package static let short = 2
  package static let long = 4
  /// The noise of 7-bit rows in a product, as a share of its signal: 36 dB (docs/accuracy.md).
  private static let activationNoise = 2.5e-4
  /// What the noise of a whole product, of activations and weights, may be multiplied by: 0.6 dB.
  ///
  /// Of rows of bell shape it is 1.09 to 1.16, of heavier tails less, of evenly spread weights 1.26.
  private static let mostGrowth = 1.15

  /// Whether products with weights of this noise, a share of their squares, may be added up in long runs.
  static func isLong(noiseShort: Double, noiseLong: Double) -> Bool {
    activationNoise + noiseLong <= mostGrowth * (activationNoise + noiseShort)
  }
}
