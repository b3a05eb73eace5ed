import Randomness

/// The numbers of a test: the same everywhere for a seed.
struct Random: RandomNumberGenerator {
  private var stream: SeededRandom

  init(_ seed: UInt64) { stream = SeededRandom(seed: seed) }

  mutating func next() -> UInt64 { stream.next() }

  /// `count` floats, uniform in `range`.
  mutating func floats(_ count: Int, in range: ClosedRange<Float> = -1...1) -> [Float] {
    (0..<count).map { _ in Float.random(in: range, using: &self) }
  }

  /// `count` numbers of 16 bits from -2 to 2, subnormal ones too.
  mutating func halves(_ count: Int) -> [UInt16] {
    integers(count, in: 0...UInt16(0x4000)).map { next() & 1 == 0 ? $0 : $0 | 0x8000 }
  }

  /// `count` integers, uniform in `range`.
  mutating func integers<T: FixedWidthInteger>(_ count: Int, in range: ClosedRange<T>) -> [T] {
    (0..<count).map { _ in T.random(in: range, using: &self) }
  }
}
