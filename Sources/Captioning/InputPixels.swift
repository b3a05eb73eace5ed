package import Runtime

/// One input as the model sees it.
package struct InputPixels: Sendable {
  /// What results call it.
  package var name: String
  /// Of all frames.
  package var values: FramePixels
  /// Height and width of every frame.
  package var size: PixelSize
  /// 1 for an image.
  package var frames: Int
  /// Time to read, resize and normalise.
  package var milliseconds: Double
}

extension [InputPixels] {
  /// Frames that are captioned in one go unless somebody says otherwise: enough for the weights to be
  /// read seldom, few enough for the memory.
  package static var usualFrames: Int { 8 }

  /// Whether `next` can be captioned in one go with these: as many frames of the same size, samples or
  /// normalised as they are, and no more
  /// than `limit` frames together.
  package func takes(_ next: InputPixels, limit: Int) -> Bool {
    guard let first else { return true }
    return first.frames == next.frames && first.size == next.size
      && first.values.isLike(next.values)
      && (count + 1) * next.frames <= limit
  }
}
