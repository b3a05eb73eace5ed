public import Diagnostics
import Media
import Runtime

/// The latest frames of a stream: captions of what a camera sees, or of a long video.
///
///     let window = try FrameWindow(captioner)
///     for frame in frames {
///       try window.append(rgb: frame, width: 640, height: 480)
///       print(try window.caption().caption)
///     }
///
/// Each frame goes through the image encoder once, however many captions see it, and not at all when the
/// window has one with the same pixels. Captions are those of clips of the same frames; for an int8 plan
/// to the bit. For use by one thread at a time, as its captioner.
public final class FrameWindow {
  /// The most frames that a caption sees.
  public let maximumFrames: Int
  private let captioner: Captioner
  /// In order of time, at most ``maximumFrames``.
  private var frames: [FrameFeatures] = []
  /// Time for frames that no caption has seen.
  private var decodeMilliseconds = 0.0
  private var encodeMilliseconds = 0.0
  /// What the last caption saw.
  private var seen: (frames: [FrameFeatures], state: ImageState)?

  /// An empty window.
  ///
  /// - Parameters:
  ///   - captioner: the model.
  ///   - frames: the most frames that a caption sees, at least 1; nil for as many as the model takes.
  /// - Throws: `InputError` of kind `.usage` for more frames than the model takes, or none.
  public init(_ captioner: Captioner, frames: Int? = nil) throws(InputError) {
    try captioner.check(CaptionOptions(frames: frames))
    self.captioner = captioner
    maximumFrames = frames ?? captioner.maximumFrames
  }

  /// Adds the next frame; the oldest leaves where there are too many.
  ///
  /// - Parameters:
  ///   - rgb: height · width · 3 bytes, row by row from the top, red, green, blue.
  ///   - width: columns, at least 1.
  ///   - height: rows, at least 1.
  /// - Precondition: `rgb` has that many bytes.
  /// - Throws: `InputError` of kind `.badData` for a frame that is too thin for the model, or that
  ///   the model sees in another size than those before; then the window is as it was.
  public func append(rgb: [UInt8], width: Int, height: Int) throws(InputError) {
    let image = RGBImage(width: width, height: height, pixels: rgb)
    try append(captioner.reader.pixels(of: .frames([image]), name: "frame"))
  }

  /// As ``append(rgb:width:height:)``, for pixels of one frame.
  package func append(_ input: InputPixels) throws(InputError) {
    precondition(input.frames == 1, "one frame")
    if let size = frames.first?.size, maximumFrames > 1, size != input.size {
      throw InputError(
        .badData, "the frames have several sizes", expected: "\(size) after resizing",
        found: "\(input.size)", in: input.name, advice: "start a new window for the new size")
    }
    let features = try captioner.session.features(
      input.values, size: input.size, known: frames)
    if !frames.contains(where: { $0 === features }) { encodeMilliseconds += features.milliseconds }
    decodeMilliseconds += input.milliseconds
    frames.append(features)
    if frames.count > maximumFrames { frames.removeFirst() }
  }

  /// Looks at the frames in the window, to caption them more than once.
  ///
  /// - Parameter name: what results call it.
  /// - Returns: what the model saw; later frames do not change it.
  /// - Precondition: a frame was appended.
  /// - Throws: `InputError`: `.badData` where the plan is damaged, `.io` where there is not enough
  ///   memory.
  public func encoded(name: String = "window") throws(InputError) -> EncodedInput {
    precondition(!frames.isEmpty, "a frame to look at")
    var prefixMilliseconds = 0.0
    let state: ImageState
    if let seen, seen.frames.elementsEqual(frames, by: ===) {
      state = seen.state
    } else {
      seen = nil  // its memory is used again unless a caller has it
      state = try captioner.session.state(of: frames)
      prefixMilliseconds = state.prefixMilliseconds
      seen = (frames, state)
    }
    let look = Caption.Timing(
      decode: decodeMilliseconds, encode: encodeMilliseconds, prefix: prefixMilliseconds, steps: 0)
    (decodeMilliseconds, encodeMilliseconds) = (0, 0)
    return EncodedInput(EncodedBatch(names: [name], state, looks: [look]))
  }

  /// Captions the frames in the window.
  ///
  /// - Parameters:
  ///   - name: what the result calls the input.
  ///   - options: question, search, lengths; `frames` is the window's.
  /// - Returns: the best caption, or the first one drawn.
  /// - Precondition: a frame was appended.
  /// - Throws: as ``encoded(name:)``; `.usage` for options.
  public func caption(
    name: String = "window", options: CaptionOptions = CaptionOptions()
  ) throws(InputError) -> Caption {
    try captioner.check(options)
    return try captioner.caption(of: encoded(name: name), options: options)
  }
}
