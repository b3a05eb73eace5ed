import Formats

/// Four bits per weight: w ≈ scale[n] · multiplier[n, k / 32] · q.
///
/// The q are in -8 through 7. Multipliers are whole numbers, so that products stay sums of integers
/// with one scale per row, as with eight bits. They are at most 15: multiplier · q then is an int8.
enum GroupQuantization {
  private static let mostMultiplier: Float = 15
  /// The scale of a row is such that the largest group has about the largest multiplier: 15 · 7.2
  /// steps reach the largest weight. (The multiplier that is best for a bell-shaped group lets its
  /// largest weight have 7 to 8 steps.)
  private static let steps: Float = 108
  /// Adding and subtracting it rounds to a whole number, ties to even, below 2^22.
  private static let rounder = Group(repeating: 12_582_912)

  private typealias Group = SIMD32<Float>

  /// Whether rows of so many inputs can have this form.
  static func fits(columns: Int) -> Bool {
    columns.isMultiple(of: PlanLimits.fourBitGroup) && columns <= PlanLimits.fourBitColumns
  }

  /// The scale of each row of `values`, f32 [rows, K], finite; 1 for a row of zeros.
  static func scales(_ values: [Float], rows: Int) -> [Float] {
    let columns = rows == 0 ? 0 : values.count / rows
    return (0..<rows).map { row in
      let largest = values[row * columns..<(row + 1) * columns].reduce(0) { max($0, abs($1)) }
      return largest < WeightQuantization.smallest ? 1 : largest / steps
    }
  }

  /// multiplier · q of each weight in units of its row's scale: for each group the multiplier with
  /// which the squared error is least.
  static func integers(_ values: [Float], scales: [Float]) -> [Int8] {
    let columns = scales.isEmpty ? 0 : values.count / scales.count
    precondition(fits(columns: columns), "rows of \(columns) inputs do not have groups")
    return [Int8](unsafeUninitializedCapacity: values.count) { result, count in
      values.withUnsafeBytes { bytes in
        for start in stride(from: 0, to: values.count, by: PlanLimits.fourBitGroup) {
          let group = bytes.loadUnaligned(
            fromByteOffset: start * MemoryLayout<Float>.stride, as: Group.self)
          let integers = quantized(group * (1 / scales[start / columns]))
          for index in 0..<PlanLimits.fourBitGroup {
            result.initializeElement(at: start + index, to: Int8(integers[index]))
          }
        }
      }
      count = values.count
    }
  }

  /// One group, in units of the row's scale.
  private static func quantized(_ group: Group) -> Group {
    let largest = pointwiseMax(group, -group).max()
    // With so much a step the largest weight has 7; the best is not far from it.
    let exact = largest / 7
    let first = max(1, (0.7 * exact).rounded(.down))
    let last = max(first, min(mostMultiplier, (1.2 * exact).rounded(.up)))
    var (best, least) = (Group.zero, Float.infinity)
    for multiplier in stride(from: first, through: last, by: 1) {
      let steps = (group * (1 / multiplier)).clamped(
        lowerBound: .init(repeating: -8), upperBound: .init(repeating: 7))
      let integers = (steps + rounder - rounder) * multiplier
      let error = ((group - integers) * (group - integers)).sum()
      if error < least { (best, least) = (integers, error) }
    }
    return best
  }
}
