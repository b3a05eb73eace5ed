package import Diagnostics
import Formats
package import Media
package import Runtime

/// One input as the model sees it.
package struct InputPixels: Sendable {
  /// What results call it.
  package var name: String
  /// f32[frames, 3, height, width], normalised.
  package var values: [Float]
  /// Height and width of every frame.
  package var size: PixelSize
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
  /// - Throws: `InputError` where the input cannot be read, or as ``pixels(of:name:)``.
  package func pixels(path: String, frames: Int?) throws(InputError) -> InputPixels {
    let clock = ContinuousClock()
    let start = clock.now
    let limit = min(frames ?? maximumFrames, maximumFrames)
    let input = try MediaInput.load(
      path: path, maximumFrames: max(1, limit), upright: turnsPhotosUpright)
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
  /// - Throws: `InputError` of kind `.badData` for an array of a size the model does not take, an image
  ///   too thin for one patch, or frames whose sizes differ in a model that takes any.
  package func pixels(of input: LoadedInput, name: String) throws(InputError) -> InputPixels {
    let clock = ContinuousClock()
    let start = clock.now
    var pixels: InputPixels
    switch input {
    case .frames(let images): pixels = try self.pixels(of: images, name)
    case .pixels(let array, let count, let height, let width):
      precondition((1...maximumFrames).contains(count), "frames of the model")
      pixels = InputPixels(
        name: name, values: array, size: PixelSize(height: height, width: width), frames: count,
        milliseconds: 0)
      try fit(&pixels)
    }
    pixels.milliseconds = (clock.now - start).milliseconds
    return pixels
  }

  private func pixels(of images: [RGBImage], _ name: String) throws(InputError) -> InputPixels {
    precondition((1...maximumFrames).contains(images.count), "frames of the model")
    var (frames, sizes): ([[Float]], [PixelSize]) = ([], [])
    for image in images {
      let window = preprocessing.window(
        width: image.width, height: image.height, patch: session.model.patchSize ?? 1)
      guard window.width >= 1, window.height >= 1 else {
        throw InputError(
          .badData, "the image is too thin", expected: "a patch at least after resizing",
          found: "\(window.resizedWidth) x \(window.resizedHeight)", in: name,
          advice: "crop it to less extreme proportions")
      }
      frames.append(preprocessing.pixels(of: image, window))
      sizes.append(PixelSize(height: window.height, width: window.width))
    }
    if let other = sizes.first(where: { $0 != sizes[0] }) {
      throw InputError(
        .badData, "the frames have several sizes", expected: "\(sizes[0]) after resizing",
        found: "\(other)", in: name, advice: "keep the frames of a clip in one size")
    }
    return InputPixels(
      name: name, values: frames.count == 1 ? frames[0] : Array(frames.joined()), size: sizes[0],
      frames: frames.count, milliseconds: 0)
  }

  /// Checks the size of pixels that were made elsewhere; what is left of a last patch is cut off.
  private func fit(_ pixels: inout InputPixels) throws(InputError) {
    let model = session.model
    guard let patch = model.patchSize else {
      guard pixels.size == model.squareSize else {
        throw InputError(
          .badData, "the pixels have the wrong size", expected: "\(model.squareSize)",
          found: "\(pixels.size)", in: pixels.name,
          advice: "resize and crop to the model's image size before normalising")
      }
      return
    }
    let whole = PixelSize(
      height: pixels.size.height / patch * patch, width: pixels.size.width / patch * patch)
    guard whole.height >= 1, whole.width >= 1 else {
      throw InputError(
        .badData, "the pixels have the wrong size", expected: "a patch of \(patch) at least",
        found: "\(pixels.size)", in: pixels.name, advice: "resize them before normalising")
    }
    if whole == pixels.size { return }
    var values: [Float] = []
    values.reserveCapacity(pixels.frames * 3 * whole.height * whole.width)
    for plane in 0..<pixels.frames * 3 {
      for row in 0..<whole.height {
        let start = (plane * pixels.size.height + row) * pixels.size.width
        values += pixels.values[start..<start + whole.width]
      }
    }
    pixels.values = values
    pixels.size = whole
  }
}
