package import Graph

/// A small, fast generator whose whole state is its seed: the same numbers on every machine.
///
/// - Source: Steele, Lea, Flood 2014, "Fast splittable pseudorandom number generators" (SplitMix64).
package struct SeededGenerator: RandomNumberGenerator, Sendable {
  private var state: UInt64

  /// Equal seeds give equal sequences.
  package init(seed: UInt64) { state = seed }

  /// The next 64 random bits.
  package mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }

  /// Uniform in [0, 1): 53 random bits.
  package mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }
}

extension Tensor {
  /// An f32 tensor of uniform values in `range`, each exact in binary32 so that kernels can be
  /// given the very same numbers.
  package static func random(
    _ shape: [Int], seed: UInt64, in range: ClosedRange<Double> = -1...1
  ) -> Tensor {
    var generator = SeededGenerator(seed: seed)
    return .f32(
      shape,
      (0..<shape.reduce(1, *)).map { _ in
        let value = range.lowerBound + generator.unit() * (range.upperBound - range.lowerBound)
        return Double(Float(value))
      })
  }

  /// An integer tensor of uniform values in `range`.
  package static func random(
    _ dtype: DType, _ shape: [Int], seed: UInt64, in range: ClosedRange<Int>
  ) -> Tensor {
    var generator = SeededGenerator(seed: seed)
    return Tensor(
      dtype, shape,
      (0..<shape.reduce(1, *)).map { _ in Double(Int.random(in: range, using: &generator)) })
  }
}
