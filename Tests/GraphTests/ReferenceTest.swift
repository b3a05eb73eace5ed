import Graph
import Reference
import TestSupport
import Testing

/// Expects the results of `op` on `inputs` to be `expected`, worked by hand.
///
/// The bound, 10⁻¹² of the largest expected value or 1, is a few thousand roundings in Double: above
/// what these small sums can lose, far below any wrong term.
func expect(
  _ op: Op, _ inputs: [Tensor], gives expected: [Tensor],
  sourceLocation: SourceLocation = #_sourceLocation
) throws {
  let found = try evaluate(op, inputs)
  #expect(found.count == expected.count, sourceLocation: sourceLocation)
  for (found, expected) in zip(found, expected) {
    let scale = expected.values.filter(\.isFinite).map(abs).max() ?? 0
    #expect(
      largestDifference(found, expected) <= 1e-12 * max(1, scale),
      "found \(found), expected \(expected)", sourceLocation: sourceLocation)
  }
}

/// A vector of f32.
func vector(_ values: Double...) -> Tensor { .f32([values.count], values) }

/// A matrix of f32 from its rows.
func matrix(_ rows: [Double]...) -> Tensor {
  .f32([rows.count, rows[0].count], rows.flatMap(\.self))
}
