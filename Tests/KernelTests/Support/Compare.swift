import Testing

/// 2⁻²³: one unit in the last place of a float, relative to it; a rounding errs by half of it.
let epsilon = 0x1p-23

/// Expects every element within its bound of the expected one; NaN matches NaN, an infinity itself.
///
/// A bound must be small against the data, or the check would check nothing: the largest bound has
/// to stay below a hundredth of the largest expected value.
func expectClose(
  _ actual: [Float], _ expected: [Double], _ label: String,
  sourceLocation: SourceLocation = #_sourceLocation, bound: (Int) -> Double
) {
  if let failure = mismatch(actual, expected, bound: bound) {
    Issue.record("\(label): \(failure)", sourceLocation: sourceLocation)
  }
}

/// What is wrong with `actual`, nil when nothing is.
func mismatch(_ actual: [Float], _ expected: [Double], bound: (Int) -> Double) -> String? {
  guard actual.count == expected.count else {
    return "\(actual.count) elements, expected \(expected.count)"
  }
  var worst: (index: Int, excess: Double)?
  var largestBound = 0.0
  var largestValue = 0.0
  for index in actual.indices {
    let (a, e) = (Double(actual[index]), expected[index])
    if e.isNaN || e.isInfinite || a.isNaN || a.isInfinite {
      if !(a == e || (a.isNaN && e.isNaN)) { return "[\(index)] is \(a), expected \(e)" }
      continue
    }
    let limit = bound(index)
    largestBound = max(largestBound, limit)
    largestValue = max(largestValue, abs(e))
    let excess = abs(a - e) - limit
    if !(excess <= 0), excess > worst?.excess ?? 0 { worst = (index, excess) }
  }
  if largestBound > largestValue / 100, largestBound > 1e-30 {
    return "the bound \(largestBound) is not small against the data, \(largestValue)"
  }
  return worst.map { worst in
    "[\(worst.index)] is \(actual[worst.index]), expected \(expected[worst.index]) ± "
      + "\(bound(worst.index))"
  }
}
