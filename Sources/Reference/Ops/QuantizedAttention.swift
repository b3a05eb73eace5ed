import Foundation
import Graph

/// Signed integers of one row or column, and their scale.
package struct SignedIntegers {
  package let values: [Double]
  package let scale: Float

  /// - Parameters:
  ///   - x: what to quantize.
  ///   - groups: which elements meet in an int16.
  fileprivate init(_ x: [Float], groups: [[Int]]) {
    var bound = (x.map(\.magnitude).max() ?? 0) / 127
    for group in groups {
      let positive = group.reduce(Float(0)) { $0 + max(x[$1], 0) }
      let all = group.reduce(Float(0)) { $0 + x[$1] }
      bound = max(bound, max(positive, positive - all) / 254)
    }
    let scale = bound < .leastNormalMagnitude ? 1 : bound
    let inverse = 1 / scale
    self.scale = scale
    values = x.map { Double(($0 * inverse).rounded(.toNearestOrEven)) }
  }
}

/// The mean of each column over all rows, in the order of the contract: four chains of every fourth row.
private func columnMeans(_ rows: [[Float]]) -> [Float] {
  rows[0].indices.map { column in
    var chains = [Float](repeating: 0, count: 4)
    for (index, row) in rows.enumerated() { chains[index % 4] += row[column] }
    return ((chains[0] + chains[1]) + (chains[2] + chains[3])) / Float(rows.count)
  }
}

/// Of `count` elements divided into words of four, those of either half of each run of four words; `word`
/// gives the elements of a word, which may lie beyond the last.
private func halves(_ words: Int, of count: Int, _ word: (Int) -> [Int]) -> [[Int]] {
  stride(from: 0, to: words, by: 4).flatMap { run in
    [0, 2].map { half in
      (run..<min(run + 4, words)).flatMap { word($0)[half..<half + 2] }.filter { $0 < count }
    }
  }
}

/// The keys and values of one head, quantized.
package struct QuantizedHead {
  /// Each key less the mean of all.
  package let keys: [SignedIntegers]
  /// Each column of the values less its mean.
  package let columns: [SignedIntegers]
  package let valueMeans: [Float]

  /// Quantizes the rows of one head; at least one key.
  package init(keys k: [[Float]], values v: [[Float]]) {
    let (width, count) = (k[0].count, k.count)
    let means = columnMeans(k)
    let fours = halves((width + 3) / 4, of: width) { Array(4 * $0..<4 * $0 + 4) }
    keys = k.map { row in SignedIntegers(zip(row, means).map { $0 - $1 }, groups: fours) }
    let valueMeans = columnMeans(v)
    let words = (count + 3) / 4
    let quarters = halves(words, of: count) { word in (0..<4).map { $0 * words + word } }
    columns = valueMeans.indices.map { column in
      SignedIntegers(v.map { $0[column] - valueMeans[column] }, groups: quarters)
    }
    self.valueMeans = valueMeans
  }

  /// 127 e^(score − largest score) for each key: probabilities before they are rounded.
  package func powers(_ q: [Float], scale: Float) -> [Double] {
    let row = quantizedRow(q, levels: 127)
    let scores = keys.map { key in
      let dot = zip(row.integers, key.values).reduce(0.0) {
        $0 + Double($1.0 - row.zero) * $1.1
      }
      return Double(Float(dot) * key.scale)
    }
    let factor = Double(scale) * Double(row.scale)
    let largest = scores.max() ?? 0
    return scores.map { 127 * exp(factor * ($0 - largest)) }
  }

  /// What one query makes of the values.
  package func mixed(_ powers: [Double]) -> [Double] {
    let integers = powers.map { $0.rounded(.toNearestOrEven) }
    let sum = integers.reduce(0, +)
    return columns.indices.map { index in
      let products = zip(integers, columns[index].values).reduce(0.0) { $0 + $1.0 * $1.1 }
      return products * Double(columns[index].scale) / sum + Double(valueMeans[index])
    }
  }
}

extension QuantizedAttention: Evaluable {
  func evaluate(_ inputs: inout [Tensor], _: [String: Int]) throws(GraphError) -> [Tensor] {
    let (q, k, v) = (inputs[0], inputs[1], inputs[2])
    let width = q.width / form.heads
    var y = Tensor.filled(q.shape)
    func rows(_ x: Tensor, _ batch: Int, _ head: Int) -> [[Float]] {
      (0..<x.shape[1]).map { row in
        let start = (batch * x.shape[1] + row) * x.width + head * width
        return x.values[start..<start + width].map { Float($0) }
      }
    }
    for batch in 0..<q.shape[0] {
      for head in 0..<form.heads {
        let packed = QuantizedHead(keys: rows(k, batch, head), values: rows(v, batch, head))
        for (index, row) in rows(q, batch, head).enumerated() {
          let start = (batch * q.shape[1] + index) * q.width + head * width
          y.values.replaceSubrange(
            start..<start + width, with: packed.mixed(packed.powers(row, scale: form.scale)))
        }
      }
    }
    return [y]
  }
}
