public import Diagnostics
package import Runtime
import Tokenizer

/// An input that the model has looked at: any number of captions, answers and samples of it cost no
/// further look.
///
/// For use with the captioner that made it.
public final class EncodedInput {
  /// What results call it.
  public var name: String { batch.names[0] }
  /// How many frames the model saw; 1 for an image.
  public var frames: Int { batch.state.frames }
  /// Keys and values of the image tokens.
  package var state: ImageState { batch.state }
  let batch: EncodedBatch

  /// - Precondition: a batch of one.
  init(_ batch: EncodedBatch) {
    precondition(batch.names.count == 1, "one input")
    self.batch = batch
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
    return try encode(reader.pixels(path: path, frames: frames))
  }

  /// As ``encode(path:frames:)``, for pixels in memory.
  package func encode(_ pixels: InputPixels) throws(InputError) -> EncodedInput {
    EncodedInput(try encode([pixels]))
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
    try captions(of: input.batch, options: options, progress: progress)[0]
  }
}
