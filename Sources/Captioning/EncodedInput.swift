public import Diagnostics
package import Runtime
import Tokenizer

/// An input that the model has looked at: any number of captions, answers and samples of it cost no
/// further look.
///
/// For use with the captioner that made it.
public final class EncodedInput {
  /// What results call it.
  public let name: String
  /// How many frames the model saw; 1 for an image.
  public let frames: Int
  /// Keys and values of the image tokens.
  package let state: ImageState
  /// Time to read, resize and normalise.
  private let decodeMilliseconds: Double
  private var isTimeTold = false

  init(_ pixels: InputPixels, _ state: ImageState) {
    (name, frames, decodeMilliseconds) = (pixels.name, pixels.frames, pixels.milliseconds)
    self.state = state
  }

  /// What one caption took: the look is counted with the first, so that times add up.
  func timing(steps: Double) -> Caption.Timing {
    defer { isTimeTold = true }
    return isTimeTold
      ? Caption.Timing(decode: 0, encode: 0, prefix: 0, steps: steps)
      : Caption.Timing(
        decode: decodeMilliseconds, encode: state.encodeMilliseconds,
        prefix: state.prefixMilliseconds, steps: steps)
  }
}

extension Captioner {
  /// Looks at an input, to caption it more than once.
  ///
  ///     let photo = try captioner.encode(path: "photo.jpg")
  ///     for question in ["what is this?", "what colour is it?"] {
  ///       print(try captioner.caption(of: photo, options: CaptionOptions(question: question)).caption)
  ///     }
  ///
  /// - Parameters:
  ///   - path: as in ``caption(path:options:progress:)``.
  ///   - frames: the most frames taken of a clip, at least 1; nil for as many as the model takes.
  /// - Returns: what the model saw.
  /// - Throws: `InputError`: `.noInput`, `.io` or `.badData` for the input, `.usage` for the frames.
  public func encode(path: String, frames: Int? = nil) throws(InputError) -> EncodedInput {
    try CaptionOptions(frames: frames).validate(modelFrames: maximumFrames)
    return try encode(pixels(path: path, frames: frames))
  }

  /// As ``encode(path:frames:)``, for pixels in memory.
  package func encode(_ pixels: InputPixels) throws(InputError) -> EncodedInput {
    EncodedInput(pixels, try state(of: [pixels]))
  }

  /// Captions an input that was looked at.
  ///
  /// - Parameters:
  ///   - input: from this captioner.
  ///   - options: question, search, lengths; `frames` was decided before.
  ///   - progress: is told the likeliest text after each step, or the first of those that are drawn. It
  ///     can change, and become shorter where a banned word began.
  /// - Returns: the best caption, or the first one drawn.
  /// - Throws: `InputError`: `.usage` for options, `.badData` where the plan is damaged.
  public func caption(
    of input: EncodedInput, options: CaptionOptions = CaptionOptions(),
    progress: ((String) -> Void)? = nil
  ) throws(InputError) -> Caption {
    try options.validate(modelFrames: maximumFrames)
    let prompt = prompt(options.question)
    let tokenizer = tokenizer
    let found = try session.generate(
      input.state, prompt: prompt, options: searchOptions(options),
      watch: progress.map { progress in { _, text in progress(tokenizer.decode(text)) } })
    return caption(
      found, prompt: prompt, options: options, name: input.name, frames: input.frames,
      timing: input.timing(steps: session.stepMilliseconds))
  }
}
