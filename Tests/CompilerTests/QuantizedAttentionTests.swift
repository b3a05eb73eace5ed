import Compiler
import Graph
import Reference
import TestSupport
import Testing

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

@Suite struct QuantizedAttentionTests {
  /// One head of `keys` keys and 32 columns, with means far from zero.
  private struct Head {
    let q: [[Float]]
    let k: [[Float]]
    let v: [[Float]]
    let scale: Float = 0.2

    init(queries: Int, keys: Int) {
      func rows(_ count: Int, _ seed: UInt64, mean: Float) -> [[Float]] {
        let values = Tensor.random([count, 32], seed: seed, in: -2...2).values
        return (0..<count).map { row in
          (0..<32).map { column in
            Float(values[row * 32 + column]) + (column % 5 == 0 ? mean : 0)
          }
        }
      }
      q = rows(queries, 1, mean: 1)
      k = rows(keys, 2, mean: 8)
      v = rows(keys, 3, mean: -8)
    }

    func probabilities(_ query: [Float]) -> [Double] {
      let scores = k.map { key in
        Double(scale) * zip(query, key).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
      }
      let largest = scores.max() ?? 0
      let powers = scores.map { exp($0 - largest) }
      let sum = powers.reduce(0, +)
      return powers.map { $0 / sum }
    }
  }

  /// What rounding can do to one query at most, whatever the signs.
  ///
  /// A score is off by half a step of q's row (twice, as the zero point is rounded too) against the
  /// centered key, half a step of the key against the row, and both. Scores off by δ at most change no
  /// probability by more than e^2δ of itself; then each is rounded by half of 1/ΣP; values are half a step
  /// of their column off.
  private func bounds(_ head: Head, _ packed: QuantizedHead, _ query: [Float]) -> [Double] {
    let step = Double(max(0, query.max() ?? 0) - min(0, query.min() ?? 0)) / 127
    let score = packed.keys.map { key in
      let half = Double(key.scale) / 2
      let centered = key.values.map { abs($0) * Double(key.scale) + half }
      return Double(head.scale)
        * (centered.reduce(0) { $0 + $1 * step }
          + query.reduce(0) { $0 + (Double(abs($1)) + step) * half })
    }
    let growth = exp(2 * (score.max() ?? 0)) - 1
    let probabilities = head.probabilities(query)
    let sum = packed.powers(query, scale: head.scale).reduce(0) { $0 + $1.rounded() }
    return packed.columns.indices.map { column in
      let values = head.v.map { Double($0[column]) }
      let mean = zip(probabilities, values).reduce(0) { $0 + $1.0 * $1.1 }
      let distances = values.map { abs($0 - mean) }
      return growth * zip(probabilities, distances).reduce(0) { $0 + $1.0 * $1.1 }
        + (1 + growth) * distances.reduce(0) { $0 + $1 / 2 / sum }
        + Double(packed.columns[column].scale) / 2
    }
  }

  @Test(arguments: [1, 7, 64, 197])
  func itIsWithinItsBoundOfTheFloatOne(keys: Int) throws {
    let head = Head(queries: 9, keys: keys)
    func tensor(_ rows: [[Float]]) -> Tensor {
      .f32([1, rows.count, 32], rows.flatMap { $0.map(Double.init) })
    }
    let inputs = [tensor(head.q), tensor(head.k), tensor(head.v)]
    let form = AttentionForm(heads: 1, scale: head.scale)
    let float = try evaluate(.attention(Attention(form)), inputs)[0]
    let integer = try evaluate(.quantizedAttention(QuantizedAttention(form)), inputs)[0]
    let packed = QuantizedHead(keys: head.k, values: head.v)
    var (signal, noise) = (0.0, 0.0)
    for (row, query) in head.q.enumerated() {
      let bounds = bounds(head, packed, query)
      for (column, (a, b)) in zip(float.row(row), integer.row(row)).enumerated() {
        #expect(abs(a - b) <= bounds[column] * 1.0001)
        let mean = Double(packed.valueMeans[column])
        (signal, noise) = (signal + (a - mean) * (a - mean), noise + (a - b) * (a - b))
      }
    }
    // A bound is for the worst signs. In the mean the noise of 7 bits is some 3 % of what attention adds to
    // the mean of the values, 4e-4 to 1e-3 of its energy here; of one key that is nothing.
    if keys > 1 { #expect(noise < 2e-3 * signal, "\(noise / signal)") }
  }
}
