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

  /// The scale of each row of `values`, f32 [rows, K], for integers of this form.
  static func scales(_ values: [Float], rows: Int, form: IntegerForm, threads: Int) -> [Float] {
    switch form {
    case .s8(let groups): scales(values, rows: rows, groups: groups, threads: threads)
    case .s4: GroupQuantization.scales(values, rows: rows)
    }
  }

  /// The integers of each row, in units of its scale.
  static func integers(
    _ values: [Float], scales: [Float], form: IntegerForm, threads: Int
  ) -> [Int8] {
    switch form {
    case .s8(let groups):
      integers(values, scales: scales, groups: groups, threads: threads)
    case .s4: GroupQuantization.integers(values, scales: scales)
    }
  }

  /// The scale of each row of `values`, f32 [rows, K], finite, with which its squared error is least;
  /// 1 for a row of zeros, so that nothing divides by 0.
  ///
  /// The search goes from scales that hold the largest weight with room to spare to ones that clip it.
  /// Threads share the rows; each row's scale is the same for any number of them.
  static func scales(_ values: [Float], rows: Int, groups: Int, threads: Int) -> [Float] {
    let columns = rows == 0 ? 0 : values.count / rows
    return [Float](unsafeUninitializedCapacity: rows) { result, count in
      // Every range writes elements of its own.
      nonisolated(unsafe) let result = result
      inParallel(rows, threads: threads) { range in
        values.withUnsafeBufferPointer { values in
          var quantizer = RowQuantizer(columns: columns, groups: groups)
          for row in range {
            let weights = UnsafeBufferPointer(
              rebasing: values[row * columns..<(row + 1) * columns])
            result.initializeElement(at: row, to: scale(weights, groups, &quantizer))
          }
        }
      }
      count = rows
    }
  }

  private static func scale(
    _ weights: UnsafeBufferPointer<Float>, _ groups: Int, _ quantizer: inout RowQuantizer
  ) -> Float {
    let largest = weights.reduce(0) { max($0, abs($1)) }
    if largest < smallest { return 1 }
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
    return best
  }

  /// Each row divided by its scale and rounded; with groups above 1, changed as little as its sums
  /// need.
  static func integers(
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
