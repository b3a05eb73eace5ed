package import Diagnostics
import Formats
package import Media
import Runtime

/// A frame of a stream as the model sees it.
package struct TimedPixels: Sendable {
  /// Of one frame, or why it cannot be shown to the model.
  package let pixels: Result<InputPixels, InputError>
  /// The part of the stream that it stands for, seconds from the stream's start.
  package let start: Double
  package let end: Double

  package init(pixels: Result<InputPixels, InputError>, start: Double, end: Double) {
    (self.pixels, self.start, self.end) = (pixels, start, end)
  }
}

/// Reads inputs and prepares them for one model; any number of threads may use it at once.
package struct InputReader: Sendable {
  /// The most frames of a clip that the model takes; 1 for a model of single images.
  package let maximumFrames: Int
  /// Whether photos are turned as their EXIF orientation says.
  package let turnsPhotosUpright: Bool
  private let preprocessing: Preprocessing
  /// As in `CaptionModel`.
  private let patchSize: Int?
  private let squareSize: PixelSize

  init(_ model: CaptionModel, turnsPhotosUpright: Bool) {
    maximumFrames = max(1, model.settings.maximumFrames)
    self.turnsPhotosUpright = turnsPhotosUpright
    preprocessing = model.settings.preprocessing
    (patchSize, squareSize) = (model.patchSize, model.squareSize)
  }

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

  /// Reads the frames of an input one after the other, as ``MediaInput/forEachFrame(path:every:upright:_:)``
  /// has them, and prepares them for the model.
  ///
  /// - Parameters:
  ///   - path: as INPUT of the command line.
  ///   - interval: milliseconds from frame to frame, at least 1.
  ///   - body: is given each frame, and returns whether it wants more.
  /// - Throws: `InputError` where the input cannot be read.
  package func forEachFrame(
    path: String, every interval: Int, _ body: (TimedPixels) -> Bool
  ) throws(InputError) {
    let clock = ContinuousClock()
    var start = clock.now
    try MediaInput.forEachFrame(path: path, every: interval, upright: turnsPhotosUpright) { frame in
      let pixels = Result { () throws(InputError) -> InputPixels in
        try self.pixels(of: frame.input, name: path)
      }.map { pixels in
        var pixels = pixels
        pixels.milliseconds = (clock.now - start).milliseconds
        return pixels
      }
      let goesOn = body(TimedPixels(pixels: pixels, start: frame.start, end: frame.end))
      start = clock.now
      return goesOn
    }
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
      pixels = try fitted(array, PixelSize(height: height, width: width), frames: count, name)
    }
    pixels.milliseconds = (clock.now - start).milliseconds
    return pixels
  }

  private func pixels(of images: [RGBImage], _ name: String) throws(InputError) -> InputPixels {
    precondition((1...maximumFrames).contains(images.count), "frames of the model")
    var (samples, sizes): ([UInt8], [PixelSize]) = ([], [])
    for image in images {
      let window = preprocessing.window(
        width: image.width, height: image.height, patch: patchSize ?? 1)
      guard window.width >= 1, window.height >= 1 else {
        throw InputError(
          .badData, "the image is too thin", expected: "a patch at least after resizing",
          found: "\(window.resizedWidth) x \(window.resizedHeight)", in: name,
          advice: "crop it to less extreme proportions")
      }
      samples += preprocessing.picture(of: image, window).pixels
      sizes.append(PixelSize(height: window.height, width: window.width))
    }
    if let other = sizes.first(where: { $0 != sizes[0] }) {
      throw InputError(
        .badData, "the frames have several sizes", expected: "\(sizes[0]) after resizing",
        found: "\(other)", in: name, advice: "keep the frames of a clip in one size")
    }
    return InputPixels(
      name: name, values: .samples(samples), size: sizes[0], frames: images.count, milliseconds: 0)
  }

  /// Normalised pixels that were made elsewhere, if the model takes their size; what is left of a last
  /// patch is cut off.
  private func fitted(
    _ pixels: [Float], _ size: PixelSize, frames: Int, _ name: String
  ) throws(InputError) -> InputPixels {
    func fitted(_ values: [Float], _ size: PixelSize) -> InputPixels {
      InputPixels(
        name: name, values: .normalised(values), size: size, frames: frames, milliseconds: 0)
    }
    guard let patch = patchSize else {
      guard size == squareSize else {
        throw InputError(
          .badData, "the pixels have the wrong size", expected: "\(squareSize)",
          found: "\(size)", in: name,
          advice: "resize and crop to the model's image size before normalising")
      }
      return fitted(pixels, size)
    }
    let whole = PixelSize(
      height: size.height / patch * patch, width: size.width / patch * patch)
    guard whole.height >= 1, whole.width >= 1 else {
      throw InputError(
        .badData, "the pixels have the wrong size", expected: "a patch of \(patch) at least",
        found: "\(size)", in: name, advice: "resize them before normalising")
    }
    if whole == size { return fitted(pixels, size) }
    var values: [Float] = []
    values.reserveCapacity(frames * 3 * whole.height * whole.width)
    for plane in 0..<frames * 3 {
      for row in 0..<whole.height {
        let start = (plane * size.height + row) * size.width
        values += pixels[start..<start + whole.width]
      }
    }
    return fitted(values, whole)
  }
}
