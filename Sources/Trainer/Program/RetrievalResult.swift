/// What validation batches say of two towers: their features, to be matched once all are there.
struct RetrievalResult: Equatable, Sendable {
  /// Σ over pairs of the loss, which depends on how pairs are batched.
  private var lossSum: Double
  /// Features one after the other, of length 1.
  private var images: [Float]
  private var texts: [Float]
  /// By pair; equal where the texts are.
  private var ids: [Int32]

  /// Takes down one batch.
  ///
  /// - Parameters:
  ///   - loss: the batch's.
  ///   - images: f32[count, D].
  ///   - texts: f32[count, D].
  ///   - ids: one per text, the same for equal texts of the whole data set.
  init(loss: Float, images: [Float], texts: [Float], ids: [Int32]) {
    lossSum = Double(loss) * Double(ids.count)
    (self.images, self.texts, self.ids) = (images, texts, ids)
  }

  static func + (a: RetrievalResult, b: RetrievalResult) -> RetrievalResult {
    var sum = a
    sum.lossSum += b.lossSum
    sum.images += b.images
    sum.texts += b.texts
    sum.ids += b.ids
    return sum
  }

  /// The mean loss; the share of images whose nearest text of all is theirs or equals it; and the share
  /// of different texts whose nearest image has that text.
  var metrics: ValidationMetrics {
    let width = images.count / max(1, ids.count)
    var candidates: [Int] = []
    var known: Set<Int32> = []
    for (pair, id) in ids.enumerated() where known.insert(id).inserted { candidates.append(pair) }
    var bestImages = candidates.map { _ in (similarity: -Float.infinity, pair: 0) }
    var rightImages = 0
    images.withUnsafeBufferPointer { images in
      texts.withUnsafeBufferPointer { texts in
        for pair in ids.indices {
          var best = (similarity: -Float.infinity, id: Int32(-1))
          for (index, candidate) in candidates.enumerated() {
            var similarity: Float = 0
            for column in 0..<width {
              similarity += images[pair * width + column] * texts[candidate * width + column]
            }
            if similarity > best.similarity { best = (similarity, ids[candidate]) }
            if similarity > bestImages[index].similarity { bestImages[index] = (similarity, pair) }
          }
          rightImages += best.id == ids[pair] ? 1 : 0
        }
      }
    }
    let rightTexts = zip(candidates, bestImages).count { ids[$0] == ids[$1.pair] }
    return ValidationMetrics(
      loss: lossSum / Double(ids.count),
      shares: [
        .init("text_of_image", Double(rightImages) / Double(ids.count)),
        .init("image_of_text", Double(rightTexts) / Double(candidates.count)),
      ], samples: ids.count)
  }
}
