#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// How large a signal is beside its error, over any number of pieces.
package struct SignalNoise: Sendable {
  private var signal = 0.0
  private var noise = 0.0

  /// Nothing added yet.
  package init() {}

  /// Adds a piece: what is right, and what is there instead; equally long.
  package mutating func add(_ right: some Collection<Float>, _ found: some Collection<Float>) {
    precondition(right.count == found.count, "\(right.count) values beside \(found.count)")
    for (right, found) in zip(right, found) {
      let error = Double(right) - Double(found)
      signal += Double(right) * Double(right)
      noise += error * error
    }
  }

  /// 10 log₁₀ Σ right² / Σ (right − found)²; nil where the two are equal or all is zero.
  package var decibels: Double? { Self.decibels(signal: signal, noise: noise) }

  /// 10 log₁₀ signal / noise; nil where one of them is 0.
  static func decibels(signal: Double, noise: Double) -> Double? {
    signal > 0 && noise > 0 ? 10 * log10(signal / noise) : nil
  }
}
