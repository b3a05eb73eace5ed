public import Diagnostics
package import Formats
package import Kernels
import Media
package import Runtime
package import Tokenizer

/// Captions photos, videos and folders of frames with a compiled model.
///
///     let captioner = try Captioner(plan: "model.plan")
///     print(try captioner.caption(path: "photo.jpg").caption)
///
/// One thread at a time may use it; each call uses `threads` threads itself.
public final class Captioner {
  /// The most tokens of a text in the original, which bounds questions.
  static let maximumTextLength = 40

  /// The bound model, for callers that look inside.
  package let session: CaptionSession
  /// Text and tokens.
  package let tokenizer: WordPieceTokenizer
  /// Images and pixels.
  package let preprocessing: Preprocessing

  /// Whether photos are turned as their EXIF orientation says; false, as for the models' training.
  public var turnsPhotosUpright = false

  /// Opens a plan.
  ///
  /// - Parameters:
  ///   - path: a file that `gitc compile` wrote.
  ///   - threads: 1 to 1024; nil for the physical cores this process may use.
  ///   - isa: "scalar", "avx2", "avxvnni", "avx512vnni" or "neondot"; nil for the best this CPU has. All give the same
  ///     captions for an int8 model.
  /// - Throws: `InputError`: `.noInput` or `.io` where the file cannot be read, `.badData` where it is
  ///   damaged or no captioner, `.usage` for threads or kernels this machine cannot give.
  public convenience init(
    plan path: String, threads: Int? = nil, isa: String? = nil
  ) throws(InputError) {
    let kernels = try Self.kernels(isa)
    try self.init(CaptionModel(path: path), kernels: kernels, threads: threads)
  }

  /// As ``init(plan:threads:isa:)``, for a model that is open.
  package init(
    _ model: CaptionModel, kernels: KernelSet, threads: Int? = nil
  ) throws(InputError) {
    let threads = threads ?? ThreadCount.default
    guard (1...ThreadCount.maximum).contains(threads) else {
      throw InputError(
        .usage, "threads out of range", expected: "1 to \(ThreadCount.maximum)",
        found: "\(threads)", in: "the options", advice: "leave it out to use all cores")
    }
    let (settings, place) = (model.settings, model.loaded.place)
    preprocessing = settings.preprocessing
    tokenizer = WordPieceTokenizer(
      vocabulary: try Vocabulary(tokens: settings.vocabulary, place: "\(place), vocabulary"))
    session = CaptionSession(model, kernels: kernels, threads: threads)
  }

  /// The most frames of a clip that the model takes; 1 for a model of single images.
  public var maximumFrames: Int { max(1, session.model.settings.maximumFrames) }

  /// What reads inputs for this model, as ``turnsPhotosUpright`` says now; other threads may have it.
  package var reader: InputReader {
    InputReader(session.model, turnsPhotosUpright: turnsPhotosUpright)
  }

  /// Checks options before anything is read.
  ///
  /// - Throws: `InputError` of kind `.usage` for the first that is out of range.
  package func check(_ options: CaptionOptions) throws(InputError) {
    try options.validate(modelFrames: maximumFrames)
  }

  /// Captions an image, a video, a folder of frames or an array of pixels.
  ///
  /// - Parameters:
  ///   - path: as INPUT of the command line: an image file, a video file, a folder whose images are
  ///     the frames of one clip, or an `.npy` array f32[frames, 3, height, width] of normalised pixels.
  ///   - options: question, search, lengths.
  ///   - progress: as in ``caption(of:options:progress:)``.
  /// - Returns: the best caption, or the first one drawn.
  /// - Throws: `InputError`: `.noInput`, `.io` or `.badData` for the input, `.usage` for options.
  public func caption(
    path: String, options: CaptionOptions = CaptionOptions(),
    progress: ((String) -> Void)? = nil
  ) throws(InputError) -> Caption {
    try options.validate(modelFrames: maximumFrames)
    return try caption(
      of: encode(path: path, frames: options.frames), options: options, progress: progress)
  }

  /// Captions one picture in memory.
  ///
  /// - Parameters:
  ///   - rgb: height · width · 3 bytes, row by row from the top, red, green, blue.
  ///   - width: columns, at least 1.
  ///   - height: rows, at least 1.
  ///   - name: what the result calls the input.
  ///   - options: question, search, lengths.
  /// - Returns: the best caption, or the first one drawn.
  /// - Precondition: `rgb` has that many bytes.
  /// - Throws: `InputError` of kind `.usage` for options.
  public func caption(
    rgb: [UInt8], width: Int, height: Int, name: String = "image",
    options: CaptionOptions = CaptionOptions()
  ) throws(InputError) -> Caption {
    try options.validate(modelFrames: maximumFrames)
    let image = RGBImage(width: width, height: height, pixels: rgb)
    let input = try encode(reader.pixels(of: .frames([image]), name: name))
    return try caption(of: input, options: options)
  }

  /// How likely the model finds `text`, and the end after it, for an input.
  ///
  /// - Parameters:
  ///   - path: as in ``caption(path:options:progress:)``.
  ///   - text: what might be said.
  ///   - question: what was asked; nil for a caption.
  /// - Returns: the log-probability of every token of the text and of [SEP].
  /// - Throws: `InputError`: as ``caption(path:options:progress:)``; `.usage` for a text that is too long.
  public func score(
    path: String, text: String, question: String? = nil
  ) throws(InputError) -> Score {
    try score(reader.pixels(path: path, frames: nil), text: text, question: question)
  }

  /// As ``score(path:text:question:)``, for pixels in memory.
  package func score(
    _ input: InputPixels, text: String, question: String? = nil
  ) throws(InputError) -> Score {
    let state = try state(of: [input])
    let prompt = prompt(question)
    let continuation = tokenizer.encode(text) + [tokenizer.vocabulary.endID]
    let logProbs = try session.score(state, prompt: prompt, continuation: continuation)
    return Score(
      input: input.name, text: text, question: question, tokens: prompt + continuation,
      tokenLogProbs: logProbs, logProb: logProbs.reduce(0) { $0 + Double($1) })
  }

  // MARK: Parts

  private static func kernels(_ isa: String?) throws(InputError) -> KernelSet {
    guard let isa else { return try KernelSet() }
    guard let known = ISA(rawValue: isa) else {
      throw InputError(
        .usage, "kernels of an unknown name",
        expected: ISA.allCases.map(\.rawValue).joined(separator: ", "), found: isa,
        in: "the options", advice: "leave it out to use \(ISA.best.rawValue)")
    }
    return try KernelSet(isa: known)
  }

  /// Keys and values of the image tokens of inputs.
  func state(of inputs: [InputPixels]) throws(InputError) -> ImageState {
    let (frames, size) = (inputs[0].frames, inputs[0].size)
    precondition(
      inputs.allSatisfy { $0.frames == frames && $0.size == size },
      "inputs of equally many frames of one size")
    return try session.encode(
      .joined(inputs.map(\.values)), size: size, images: inputs.count, frames: frames)
  }
}
