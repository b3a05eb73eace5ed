/// Quantizes one row of a weight at a time.
///
/// With `groups` above 1 the result keeps a bound: in every run of so many blocks of four inputs, and
/// for inputs k mod 4 in {0, 1} and in {2, 3}, the positive integers add up to at most 32767 / 127, and
/// so do the negative ones. Products with 7-bit activations then add up in an int16 (`PartialSums` of
/// the plan). Where rounding exceeds the bound, integers of that sign move towards zero one step at a
/// time, always the one whose squared error grows least.
struct RowQuantizer {
  /// The last row's integers, in [-127, 127].
  private(set) var integers: [Float]
  private var quotients: [Float]
  /// Inputs of one run.
  private let run: Int

  /// What 127 times a sum may reach in an int16.
  private static let limit: Float = 258
  /// Adding and subtracting it rounds to a whole number, ties to even, below 2^22.
  private static let rounder: Float = 12_582_912

  init(columns: Int, groups: Int) {
    integers = [Float](repeating: 0, count: columns)
    quotients = integers
    run = groups > 1 ? 4 * groups : 0
  }

  /// Quantizes `row` and gives Σ (w / scale - integer)².
  mutating func quantize(_ row: UnsafeBufferPointer<Float>, scale: Float) -> Float {
    let inverse = 1 / scale
    for (index, weight) in row.enumerated() {
      let quotient = weight * inverse
      quotients[index] = quotient
      integers[index] = max(-127, min(127, quotient)) + Self.rounder - Self.rounder
    }
    if run > 0 {
      for start in stride(from: 0, to: integers.count, by: run) {
        for lane in [0, 2] {
          keepBound(start..<min(start + run, integers.count), lane, sign: 1)
          keepBound(start..<min(start + run, integers.count), lane, sign: -1)
        }
      }
    }
    var error: Float = 0
    for (quotient, integer) in zip(quotients, integers) {
      let difference = quotient - integer
      error += difference * difference
    }
    return error
  }

  /// Makes the integers of one sign in one lane of a run smaller until their sum is within the limit.
  private mutating func keepBound(_ range: Range<Int>, _ lane: Int, sign: Float) {
    var sum: Float = 0
    for index in range where index & 2 == lane { sum += max(0, sign * integers[index]) }
    while sum > Self.limit {
      // A step of one that is d above its quotient already adds 1 + 2d to the squared error.
      var (best, least) = (range.lowerBound, Float.infinity)
      for index in range where index & 2 == lane && sign * integers[index] > 0 {
        let cost = sign * (quotients[index] - integers[index])
        if cost < least { (best, least) = (index, cost) }
      }
      integers[best] -= sign
      sum -= 1
    }
  }
}
