/// Symmetric int8 per output channel: w ≈ scale[n] · integer, integers in [-127, 127].
///
/// -128 is left out so that two products with a 7-bit activation fit an int16 of either sign.
enum WeightQuantization {
  /// Rows below this in magnitude are rows of zeros: 1 / scale must stay finite.
  private static let smallest: Float = 0x1p-100

  /// max |w| / 127 of each row of `values`, f32 [rows, K], finite; 1 for a row of zeros, so that
  /// nothing divides by 0.
  static func scales(_ values: [Float], rows: Int) -> [Float] {
    let columns = rows == 0 ? 0 : values.count / rows
    return values.withUnsafeBufferPointer { values in
      (0..<rows).map { row in
        var largest: Float = 0
        for index in row * columns..<(row + 1) * columns {
          largest = max(largest, abs(values[index]))
        }
        return largest < smallest ? 1 : largest / 127
      }
    }
  }

  /// Each row divided by its scale, rounded to nearest, ties to even.
  static func integers(_ values: [Float], scales: [Float]) -> [Int8] {
    let columns = scales.isEmpty ? 0 : values.count / scales.count
    return [Int8](unsafeUninitializedCapacity: values.count) { result, count in
      values.withUnsafeBufferPointer { values in
        for (row, scale) in scales.enumerated() {
          let inverse = 1 / scale
          for index in row * columns..<(row + 1) * columns {
            let rounded = (values[index] * inverse).rounded(.toNearestOrEven)
            result[index] = Int8(max(-127, min(127, rounded)))
          }
        }
      }
      count = values.count
    }
  }
}
