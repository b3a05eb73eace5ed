/// One input and a text about it, as the model meets them.
package struct CalibrationSample: Sendable {
  /// f32[frames, 3, S, S], normalised.
  package var pixels: [Float]
  /// 1 for an image.
  package var frames: Int
  /// From [CLS] to the end of the caption, question included.
  package var tokens: [Int32]

  package init(pixels: [Float], frames: Int, tokens: [Int32]) {
    self.pixels = pixels
    self.frames = frames
    self.tokens = tokens
  }
}
