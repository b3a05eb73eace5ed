import Testing

@testable import Trainer

@Suite("A validation result of pairs") struct RetrievalResultTests {
  /// Features in the plane: four images, of which the second and the fourth have the same text.
  private static let images: [[Float]] = [[1, 0], [0, 1], [0.8, 0.6], [-0.6, 0.8]]
  private static let texts: [[Float]] = [[0.6, 0.8], [0, 1], [1, 0], [0, 1]]
  private static let ids: [Int32] = [7, 3, 5, 3]

  private func result(_ rows: Range<Int>, loss: Float) -> RetrievalResult {
    RetrievalResult(
      loss: loss, images: Array(Self.images[rows].joined()),
      texts: Array(Self.texts[rows].joined()), ids: Array(Self.ids[rows]))
  }

  @Test("finds the nearest text of each image, and the nearest image of each text, among all")
  func nearest() {
    // By products the texts 7, 3, 5 are (0.6, 0, 1), (0.8, 1, 0), (0.96, 0.6, 0.8), (0.28, 0.8, -0.6)
    // from the images, so the nearest texts are 5, 3, 7, 3: two are right, and the nearest images of
    // the texts 7, 3, 5 are the third, second and first: one is right.
    let metrics = result(0..<4, loss: 2).metrics
    #expect(metrics.loss == 2)
    #expect(metrics.samples == 4)
    #expect(
      metrics.shares == [.init("text_of_image", 0.5), .init("image_of_text", 1.0 / 3)])
  }

  @Test("does not depend on how the pairs are batched, but for the loss, weighed by pairs")
  func batches() {
    let metrics = (result(0..<3, loss: 1) + result(3..<4, loss: 5)).metrics
    #expect(metrics.loss == 2)
    #expect(metrics.shares == result(0..<4, loss: 0).metrics.shares)
  }

  @Test("counts a text right that equals the image's own")
  func equalTexts() {
    // The fourth image's nearest text is that of the second pair, which is the same.
    let metrics = (result(1..<2, loss: 0) + result(3..<4, loss: 0)).metrics
    #expect(metrics.shares == [.init("text_of_image", 1), .init("image_of_text", 1)])
  }
}
