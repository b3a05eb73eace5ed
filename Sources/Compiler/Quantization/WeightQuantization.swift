/// Symmetric int8 per output channel: w ≈ scale[n] · integer, integers in [-127, 127].
///
/// -128 is left out so that two products with a 7-bit activation fit an int16 of either sign. With
/// `groups` above 1, so do the sums of that many blocks; see ``RowQuantizer``.
enum WeightQuantization {
  /// Rows below this in magnitude are rows of zeros: 1 / scale must stay finite.
  static let smallest: Float = 0x1p-100
  /// From one scale that is tried to the next, above and below that of the largest weight.
  private static let (coarseStep, step): (Float, Float) = (0.9, 0.95)
  /// An error of so many times the best ends the search: finer scales clip or shrink still more.
  private static let worse: Float = 1.5

  /// What is searched for once per weight.
  struct Found: Sendable {
    /// The scale of each row.
    var scales: [Float]
    /// How many blocks of products fit an int16, which eight bits are to keep.
    var groups: Int
  }

  /// Rows that tell how much a weight loses by a bound.
  private static let sampledRows = 64

  /// The scale of each row of `values`, f32 [rows, K], finite, for integers of this form; 1 for a row of
  /// zeros, so that nothing divides by 0.
  ///
  /// Eight bits have the scale with which a row's squared error is least, searched from ones that hold the
  /// largest weight with room to spare to ones that clip it. Threads share the rows; each row's scale is the
  /// same for any number of them.
  static func find(_ values: [Float], rows: Int, form: IntegerForm, threads: Int) -> Found {
    switch form {
    case .s4: return Found(scales: GroupQuantization.scales(values, rows: rows), groups: 1)
    case .s8(.exactly(let groups)):
      let all = search(values, Array(0..<rows), of: rows, groups: groups, threads: threads)
      return Found(scales: all.map(\.scale), groups: groups)
    case .s8(.chosen):
      let groups = chosenGroups(values, rows: rows, threads: threads)
      return find(values, rows: rows, form: .s8(groups: .exactly(groups)), threads: threads)
    }
  }

  /// The integers of each row, in units of its scale.
  static func integers(
    _ values: [Float], _ found: Found, form: IntegerForm, threads: Int
  ) -> [Int8] {
    switch form {
    case .s8: integers(values, scales: found.scales, groups: found.groups, threads: threads)
    case .s4: GroupQuantization.integers(values, scales: found.scales)
    }
  }

  /// What ``ProductGroups/chosen`` comes to for a weight, from rows evenly taken.
  private static func chosenGroups(_ values: [Float], rows: Int, threads: Int) -> Int {
    let columns = rows == 0 ? 0 : values.count / rows
    let count = min(rows, sampledRows)
    let sample = (0..<count).map { $0 * rows / count }
    let signal = sample.reduce(0.0) { sum, row in
      values[row * columns..<(row + 1) * columns].reduce(sum) { $0 + Double($1) * Double($1) }
    }
    func noise(_ groups: Int) -> Double {
      let found = search(values, sample, of: rows, groups: groups, threads: threads)
      return signal > 0 ? found.reduce(0) { $0 + $1.error } / signal : 0
    }
    let (short, long) = (noise(ProductGroups.short), noise(ProductGroups.long))
    return ProductGroups.isLong(noiseShort: short, noiseLong: long)
      ? ProductGroups.long : ProductGroups.short
  }

  /// The best scales of some rows, and their squared errors.
  private static func search(
    _ values: [Float], _ sample: [Int], of rows: Int, groups: Int, threads: Int
  ) -> [(scale: Float, error: Double)] {
    let columns = rows == 0 ? 0 : values.count / rows
    return [(scale: Float, error: Double)](unsafeUninitializedCapacity: sample.count) {
      result, count in
      // Every range writes elements of its own.
      nonisolated(unsafe) let result = result
      inParallel(sample.count, threads: threads) { range in
        values.withUnsafeBufferPointer { values in
          var quantizer = RowQuantizer(columns: columns, groups: groups)
          for index in range {
            let row = sample[index]
            let weights = UnsafeBufferPointer(
              rebasing: values[row * columns..<(row + 1) * columns])
            result.initializeElement(at: index, to: scale(weights, groups, &quantizer))
          }
        }
      }
      count = sample.count
    }
  }

  private static func scale(
    _ weights: UnsafeBufferPointer<Float>, _ groups: Int, _ quantizer: inout RowQuantizer
  ) -> (scale: Float, error: Double) {
    let largest = weights.reduce(0) { max($0, abs($1)) }
    if largest < smallest { return (1, 0) }
    // The one that nothing clips is tried as it is, not as a product of steps.
    var (best, leastError) = (largest / 127, Float.infinity)
    // With 127 / groups steps no sum is beyond its limit, whatever the weights; without limits no scale
    // above max |w| / 127 can be better.
    var factor = Float(groups)
    while true {
      let scale = largest / 127 * factor
      // In units of a row whose largest weight is 127, so that no square overflows.
      let error = quantizer.quantize(weights, scale: scale) * factor * factor
      if error < leastError { (best, leastError) = (scale, error) }
      if error > worse * leastError, factor <= 1 { break }
      factor = factor > 1 ? max(1, factor * coarseStep) : factor * step
      if factor < 0.3 { break }
    }
    let unit = Double(largest) / 127
    return (best, Double(leastError) * unit * unit)
  }

  /// Each row divided by its scale and rounded; with groups above 1, changed as little as its sums
  /// need.
  private static func integers(
    _ values: [Float], scales: [Float], groups: Int, threads: Int
  ) -> [Int8] {
    let columns = scales.isEmpty ? 0 : values.count / scales.count
    return [Int8](unsafeUninitializedCapacity: values.count) { result, count in
      nonisolated(unsafe) let result = result
      inParallel(scales.count, threads: threads) { range in
        values.withUnsafeBufferPointer { values in
          var quantizer = RowQuantizer(columns: columns, groups: groups)
          for row in range {
            let elements = row * columns..<(row + 1) * columns
            _ = quantizer.quantize(
              UnsafeBufferPointer(rebasing: values[elements]), scale: scales[row])
            for (index, integer) in zip(elements, quantizer.integers) {
              result.initializeElement(at: index, to: Int8(integer))
            }
          }
        }
      }
      count = values.count
    }
  }
}
