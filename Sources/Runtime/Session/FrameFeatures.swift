/// What the image encoder made of one frame; see ``CaptionSession/features(_:size:known:)``.
package final class FrameFeatures: Sendable {
  /// Height and width of the frame.
  package let size: PixelSize
  /// Time in the image encoder.
  package let milliseconds: Double
  /// By which the frame is known when it comes again.
  let pixels: FramePixels
  /// [1, n, E].
  let shape: [Int]
  /// Row-major.
  let values: [Float]

  init(size: PixelSize, pixels: FramePixels, shape: [Int], values: [Float], milliseconds: Double) {
    (self.size, self.pixels, self.shape, self.values) = (size, pixels, shape, values)
    self.milliseconds = milliseconds
  }
}
