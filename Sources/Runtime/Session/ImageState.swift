/// Images or clips that were encoded: the keys and values of their tokens for every decoder layer.
///
/// Any number of searches and scores, by the session that made it, can read one.
package final class ImageState {
  let prefix: BoundPrefix
  /// Time in the image encoder.
  package let encodeMilliseconds: Double
  /// Time in the decoder's prefix.
  package let prefixMilliseconds: Double

  init(prefix: BoundPrefix, encodeMilliseconds: Double, prefixMilliseconds: Double) {
    self.prefix = prefix
    self.encodeMilliseconds = encodeMilliseconds
    self.prefixMilliseconds = prefixMilliseconds
  }

  /// Images or clips.
  package var images: Int { prefix.images }
  /// Frames of each; 1 for images.
  package var frames: Int { prefix.frames }
}

/// The bound `prefix` function, whose memory holds the keys and values of images, and the `step`
/// functions that are bound to that memory.
final class BoundPrefix {
  struct StepKey: Hashable {
    let sequences: Int
    let rows: Int
  }

  /// Scores of texts bind one step function per length; this many are kept.
  static let maximumSteps = 32

  let function: BoundFunction
  /// Holds the features, which `function` reads.
  let encoder: BoundFunction
  let images: Int
  let frames: Int
  var steps: [StepKey: BoundFunction] = [:]

  init(_ function: BoundFunction, of encoder: BoundFunction, images: Int, frames: Int) {
    self.function = function
    self.encoder = encoder
    self.images = images
    self.frames = frames
  }
}
