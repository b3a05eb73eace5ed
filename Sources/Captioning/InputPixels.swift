package import Diagnostics
import Formats
package import Media
import Runtime

/// One input as the model sees it.
package struct InputPixels: Sendable {
  /// What results call it.
  package var name: String
  /// f32[frames, 3, S, S], normalised; S is the model's image size.
  package var values: [Float]
  /// 1 for an image.
  package var frames: Int
  /// Time to read, resize and normalise.
  package var milliseconds: Double
}

extension Captioner {
  /// Reads an input and prepares it for the model.
  ///
  /// - Parameters:
  ///   - path: as INPUT of the command line.
  ///   - frames: the most frames taken of a clip, at most the model's; nil for those.
  /// - Returns: its pixels.
  /// - Throws: `InputError` where the input cannot be read, or is an array of another image size.
  package func pixels(path: String, frames: Int?) throws(InputError) -> InputPixels {
    let clock = ContinuousClock()
    let start = clock.now
    let limit = min(frames ?? maximumFrames, maximumFrames)
    let input = try MediaInput.load(path: path, maximumFrames: max(1, limit))
    var pixels = try pixels(of: input, name: path)
    pixels.milliseconds = (clock.now - start).milliseconds
    return pixels
  }

  /// Prepares frames or pixels for the model.
  ///
  /// - Parameters:
  ///   - input: no more frames than the model takes.
  ///   - name: what results call it.
  /// - Returns: its pixels.
  /// - Throws: `InputError` of kind `.badData` for an array of another image size.
  package func pixels(of input: LoadedInput, name: String) throws(InputError) -> InputPixels {
    let clock = ContinuousClock()
    let start = clock.now
    let values: [Float]
    let frames: Int
    switch input {
    case .frames(let images):
      precondition((1...maximumFrames).contains(images.count), "frames of the model")
      let pixels = images.map { preprocessing.pixels(of: $0) }
      values = pixels.count == 1 ? pixels[0] : Array(pixels.joined())
      frames = images.count
    case .pixels(let array, let count, let height, let width):
      precondition((1...maximumFrames).contains(count), "frames of the model")
      let side = preprocessing.imageSize
      guard height == side, width == side else {
        throw InputError(
          .badData, "the pixels have the wrong size", expected: "\(side) x \(side)",
          found: "\(width) x \(height)", in: name,
          advice: "resize and crop to the model's image size before normalising")
      }
      values = array
      frames = count
    }
    return InputPixels(
      name: name, values: values, frames: frames,
      milliseconds: (clock.now - start).milliseconds)
  }
}
