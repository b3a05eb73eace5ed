/// A small deterministic generator (SplitMix64) that is seeded by a path of numbers.
///
/// `SeededRandom(seed, step, index)` is independent of every other path, so anything random can be
/// made again alone: a sample, a batch, an image of a data set.
/// - Source: Steele, Lea, Flood 2014, "Fast splittable pseudorandom number generators", figure 17.
package struct SeededRandom: RandomNumberGenerator, Sendable {
  private var state: UInt64

  /// Starts the stream of this path.
  package init(_ path: UInt64...) {
    state = 0x243F_6A88_85A3_08D3
    for part in path {
      state ^= part &* 0xD6E8_FEB8_6659_FD93
      state = next()
    }
  }

  /// Starts the plain stream of a seed, as tests and other programs' SplitMix64 have it.
  package init(seed: UInt64) { state = seed }

  package mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }

  /// Uniform in [0, 1), 53 bits.
  package mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }

  /// Uniform in 0 ..< count, up to a bias below count / 2⁶⁴.
  ///
  /// - Precondition: `count` is above 0.
  package mutating func index(_ count: Int) -> Int {
    precondition(count > 0, "no index below \(count)")
    return Int(next().multipliedFullWidth(by: UInt64(count)).high)
  }

  /// 0 ..< count in random order (Fisher, Yates).
  package mutating func permutation(_ count: Int) -> [Int] {
    var order = Array(0..<count)
    for last in stride(from: count - 1, to: 0, by: -1) { order.swapAt(last, index(last + 1)) }
    return order
  }
}
