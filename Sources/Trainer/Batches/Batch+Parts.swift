extension Batch {
  /// Tokens of the batch that are learnt; none where texts are matched.
  var learntTokens: Int {
    if case .next(let labels) = goal { labels.count { $0 >= 0 } } else { 0 }
  }

  /// The batch in parts of `count` samples, in order.
  ///
  /// - Precondition: `count` divides the number of samples, and texts are to be said: what is matched
  ///   within a batch is not divided.
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
      guard case .next(let labels) = goal else {
        preconditionFailure("a batch of matches is whole")
      }
      batch.goal = .next(part(labels))
      batch.keys = part(keys)
      return batch
    }
  }
}
