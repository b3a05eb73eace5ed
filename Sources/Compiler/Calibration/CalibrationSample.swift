package import Runtime

/// One input and a text about it, as the model meets them.
package struct CalibrationSample: Sendable {
  /// f32[frames, 3, height, width], normalised.
  package var pixels: [Float]
  /// Height and width, as the model takes them.
  package var size: PixelSize
  /// 1 for an image.
  package var frames: Int
  /// From [CLS] to the end of the caption, question included.
  package var tokens: [Int32]
  /// How many of the tokens are given, [CLS] and the question: the rest is what the model predicts.
  package var promptLength: Int

  package init(
    pixels: [Float], size: PixelSize, frames: Int, tokens: [Int32], promptLength: Int = 1
  ) {
    precondition((1...tokens.count).contains(promptLength), "a prompt within the text")
    self.pixels = pixels
    self.size = size
    self.frames = frames
    self.tokens = tokens
    self.promptLength = promptLength
  }
}
