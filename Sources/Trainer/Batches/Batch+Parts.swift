extension Batch {
  /// Tokens of the batch that are learnt.
  var learntTokens: Int { labels.count { $0 >= 0 } }

  /// The batch in parts of `count` samples, in order.
  ///
  /// - Precondition: `count` divides the number of samples.
  func parts(of count: Int) -> [Batch] {
    precondition(
      count > 0 && shape.count % count == 0, "\(shape.count) samples in parts of \(count)")
    if shape.count == count { return [self] }
    return stride(from: 0, to: shape.count, by: count).map { first in
      func part<Element>(_ values: [Element]) -> [Element] {
        let each = values.count / shape.count
        return Array(values[first * each..<(first + count) * each])
      }
      var batch = self
      batch.shape.count = count
      batch.pixels = part(pixels)
      batch.tokens = part(tokens)
      batch.labels = part(labels)
      batch.keys = part(keys)
      return batch
    }
  }
}
