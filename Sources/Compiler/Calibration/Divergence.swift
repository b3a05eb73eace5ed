#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// How far one model's predictions are from another's.
struct Divergence {
  private var sum = 0.0
  private var count = 0

  /// The mean over all rows, in nats; 0 before the first.
  var mean: Double { count == 0 ? 0 : sum / Double(count) }

  /// Adds Σ p · (log p − log q) for each row of f32[rows, width], p and q being the softmax of the
  /// right scores and of those found.
  mutating func add(_ right: [Float], _ found: [Float], width: Int) {
    precondition(right.count == found.count && right.count % width == 0, "equal rows")
    for start in stride(from: 0, to: right.count, by: width) {
      let p = Self.logSoftmax(right[start..<start + width])
      let q = Self.logSoftmax(found[start..<start + width])
      sum += zip(p, q).reduce(0) { $0 + exp($1.0) * ($1.0 - $1.1) }
      count += 1
    }
  }

  private static func logSoftmax(_ scores: ArraySlice<Float>) -> [Double] {
    let largest = Double(scores.max() ?? 0)
    let total = scores.reduce(0) { $0 + exp(Double($1) - largest) }
    return scores.map { Double($0) - largest - log(total) }
  }
}
