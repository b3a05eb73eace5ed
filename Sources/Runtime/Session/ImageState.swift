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
  package var images: Int { prefix.key.images }
  /// Frames of each; 1 for images.
  package var frames: Int { prefix.key.frames }
}

/// The bound `prefix` function, whose memory holds the keys and values of images, and the `step`
/// functions that are bound to that memory.
final class BoundPrefix {
  struct Key: Hashable {
    let images: Int
    /// Of each; 1 for images.
    let frames: Int
    let size: PixelSize
  }

  struct StepKey: Hashable {
    let sequences: Int
    let rows: Int
  }

  /// Scores of texts bind one step function per length; this many are kept.
  static let maximumSteps = 32

  let function: BoundFunction
  let key: Key
  var steps: [StepKey: BoundFunction] = [:]

  init(_ function: BoundFunction, _ key: Key) {
    self.function = function
    self.key = key
  }

  /// Gives the features of one of the images · frames frames.
  func setFeatures(_ frame: Int, _ values: UnsafeRawBufferPointer) {
    let place = function.input("features").part(frame, of: key.images * key.frames)
    precondition(place.count == values.count, "features of a frame")
    place.copyMemory(from: values)
  }
}
