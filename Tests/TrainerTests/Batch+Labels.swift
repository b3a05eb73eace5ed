@testable import Trainer

extension Batch {
  /// The labels of a batch of captions.
  var labels: [Int32] { if case .next(let labels) = goal { labels } else { [] } }
}
