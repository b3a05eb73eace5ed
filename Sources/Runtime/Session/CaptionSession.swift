package import Diagnostics
import Formats
package import Kernels

/// Captions images with one model, kernels and threads; keeps what it bound for the next image.
///
/// Not for use by two threads at once; several sessions can share one model.
package final class CaptionSession {
  /// What runs the functions.
  struct Machine {
    let kernels: KernelSet
    let threads: Int
  }

  /// What `encode` is bound for.
  private struct EncoderKey: Hashable {
    /// Images and frames at once.
    let count: Int
    let size: PixelSize
  }

  /// Photos of one camera come in two sizes; each takes the memory of its tokens.
  private static let maximumEncoders = 2

  package let model: CaptionModel
  let machine: Machine
  /// `encode` as it was last needed, latest last.
  private var encoders: [(key: EncoderKey, function: BoundFunction)] = []
  /// `prefix` and its results; one that no image state holds is used again.
  private var prefixes: [BoundPrefix] = []
  /// Shared by all image states: a search is over before the next begins.
  private var text: TextCache?
  /// Time spent in the last ``generate(_:prompt:options:watch:)`` or ``score(_:prompt:continuation:)``.
  package private(set) var stepMilliseconds = 0.0

  /// - Precondition: `threads` in 1 ... 1024.
  package init(_ model: CaptionModel, kernels: KernelSet, threads: Int = ThreadCount.default) {
    self.model = model
    machine = Machine(kernels: kernels, threads: threads)
  }

  /// Runs the image encoder and the decoder's prefix over images or clips.
  ///
  /// - Parameters:
  ///   - pixels: f32[images · frames, 3, height, width], normalised.
  ///   - size: height and width of all of them; nil for S x S, S being
  ///     `model.settings.preprocessing.imageSize`, which is all that a model of one size takes.
  ///   - images: how many captions are wanted.
  ///   - frames: how many frames each has: 1 for an image.
  /// - Returns: the keys and values of all image tokens.
  /// - Precondition: `pixels` is of that length; `size` is whole patches, at least one; `images` and
  ///   `frames` are at least 1, and `frames` is at most `model.settings.maximumFrames`, or 1 where
  ///   that is 0.
  /// - Throws: `.badData` when the plan's functions do not bind or do not fit each other, `.io` when
  ///   there is not enough memory.
  package func encode(
    pixels: UnsafeBufferPointer<Float>, size: PixelSize? = nil, images: Int = 1, frames: Int
  ) throws(InputError) -> ImageState {
    let settings = model.settings
    precondition(images >= 1, "an image to encode")
    precondition((1...max(1, settings.maximumFrames)).contains(frames), "frames of the model")
    let clock = ContinuousClock()
    let start = clock.now
    let size = size ?? model.squareSize
    let encoder = try encoder(size, images: images, frames: frames)
    let input = encoder.input("pixels")
    precondition(pixels.count * MemoryLayout<Float>.stride == input.count, "pixels of all frames")
    input.copyMemory(from: UnsafeRawBufferPointer(pixels))
    encoder.run()
    let encoded = clock.now
    let prefix = try prefix(of: encoder, size, images: images, frames: frames)
    prefix.function.run()
    return ImageState(
      prefix: prefix, encodeMilliseconds: (encoded - start).milliseconds,
      prefixMilliseconds: (clock.now - encoded).milliseconds)
  }

  /// The best texts for the only image of `state`, best first.
  ///
  /// - Parameters:
  ///   - state: what ``encode(pixels:images:frames:)`` gave.
  ///   - prompt: [CLS] and perhaps a question; tokens of the vocabulary.
  ///   - options: method, beams, length, ranking, and what may be said.
  ///   - watch: is told how the text grows.
  /// - Returns: as ``Search/run(_:images:prompt:options:watch:)``.
  /// - Throws: what ``generateAll(_:prompt:options:watch:)`` throws.
  package func generate(
    _ state: ImageState, prompt: [Int], options: SearchOptions, watch: Search.Watch? = nil
  ) throws(InputError) -> [Generation] {
    precondition(state.images == 1, "one image; generateAll is for several")
    return try generateAll(state, prompt: prompt, options: options, watch: watch)[0]
  }

  /// The best texts for every image of `state`, best first.
  ///
  /// - Throws: `.usage` when the prompt fills the model's text length or nothing may be said;
  ///   `.badData` when the step function does not bind or gives no probabilities; `.io` when there is
  ///   not enough memory.
  package func generateAll(
    _ state: ImageState, prompt: [Int], options: SearchOptions, watch: Search.Watch? = nil
  ) throws(InputError) -> [[Generation]] {
    let clock = ContinuousClock()
    let start = clock.now
    defer { stepMilliseconds = (clock.now - start).milliseconds }
    let decoder = Decoder(self, state)
    return try Search.run(
      decoder, images: state.images, prompt: prompt, options: options, watch: watch)
  }

  /// The natural logarithm of the probability of each token of `continuation` after `prompt` and the
  /// tokens before it, for the only image of `state`.
  ///
  /// - Precondition: tokens are of the vocabulary; `prompt` is not empty.
  /// - Throws: `.usage` when they are longer together than the model's text length; otherwise as
  ///   ``generateAll(_:prompt:options:watch:)``.
  package func score(
    _ state: ImageState, prompt: [Int], continuation: [Int]
  ) throws(InputError) -> [Float] {
    precondition(state.images == 1 && !prompt.isEmpty, "one image and a first token")
    let clock = ContinuousClock()
    let start = clock.now
    defer { stepMilliseconds = (clock.now - start).milliseconds }
    let capacity = model.settings.maximumTextLength
    let tokens = prompt + continuation
    guard tokens.count <= capacity else {
      throw InputError(
        .usage, "the text is too long", expected: "\(capacity) tokens or fewer",
        found: "\(tokens.count)", in: "the text", advice: "score a shorter text")
    }
    if continuation.isEmpty { return [] }
    let decoder = Decoder(self, state)
    try decoder.read(Array(tokens.dropLast()))
    var scores: [Float] = []
    for (index, token) in continuation.enumerated() {
      let distribution = Distribution(decoder.logits(position: prompt.count - 1 + index))
      guard distribution.isUsable else { throw Search.noProbabilities }
      scores.append(Float(distribution.logProb(token)))
    }
    return scores
  }

  // MARK: What is bound

  private func encoder(
    _ size: PixelSize, images: Int, frames: Int
  ) throws(InputError) -> BoundFunction {
    let key = EncoderKey(count: images * frames, size: size)
    if let index = encoders.firstIndex(where: { $0.key == key }) {
      encoders.append(encoders.remove(at: index))
      return encoders[encoders.count - 1].function
    }
    if encoders.count >= Self.maximumEncoders {
      let oldest = encoders.removeFirst().function
      prefixes.removeAll { $0.encoder === oldest }
    }
    let encoder = try model.bind(
      model.encode, symbols(size, images: images, frames: frames), to: machine)
    try check(
      encoder.inputShape("pixels"), [key.count, 3, size.height, size.width], "encode", "pixels")
    encoders.append((key, encoder))
    return encoder
  }

  /// The symbols of `encode` and `prefix`.
  private func symbols(_ size: PixelSize, images: Int, frames: Int) -> [String: Int] {
    size.symbols(patch: model.patchSize).merging(
      ["N": images * frames, "B": images, "F": frames]
    ) { $1 }
  }

  private func prefix(
    of encoder: BoundFunction, _ size: PixelSize, images: Int, frames: Int
  ) throws(InputError) -> BoundPrefix {
    for index in prefixes.indices
    where prefixes[index].images == images && prefixes[index].frames == frames
      && prefixes[index].encoder === encoder && isKnownUniquelyReferenced(&prefixes[index])
    {
      return prefixes[index]
    }
    let features = encoder.output("features")
    let function = try model.bind(
      model.prefix, symbols(size, images: images, frames: frames), to: machine,
      external: features.baseAddress.map { ["features": $0] } ?? [:])
    try check(
      function.inputShape("features"), encoder.outputShape("features"), "prefix", "features")
    let prefix = BoundPrefix(function, of: encoder, images: images, frames: frames)
    prefixes.append(prefix)
    return prefix
  }

  /// The text cache, with room for `sequences` of `length` tokens; programs bound to an old one are
  /// forgotten.
  func textCache(sequences: Int, length: Int) throws(InputError) -> TextCache {
    if let text, text.sequences >= sequences, text.capacity >= length { return text }
    let (sequences, length) = (
      max(sequences, text?.sequences ?? 0), max(length, text?.capacity ?? 0)
    )
    for prefix in prefixes { prefix.steps.removeAll() }
    text = nil
    let new = try TextCache(model, sequences: sequences, length: length)
    text = new
    return new
  }

  /// `step` over the image tokens of `prefix`, for `sequences` that take `rows` new tokens each.
  func step(
    _ prefix: BoundPrefix, _ text: TextCache, sequences: Int, rows: Int
  ) throws(InputError) -> BoundFunction {
    let key = BoundPrefix.StepKey(sequences: sequences, rows: rows)
    if let step = prefix.steps[key] { return step }
    let images = prefix.images
    var external: [String: UnsafeMutableRawPointer] = [:]
    var imageTokens = 0
    for layer in 0..<model.layers {
      for name in ["prefix_k.\(layer)", "prefix_v.\(layer)"] {
        let shape = prefix.function.outputShape(name)
        try check(shape, [images, layer == 0 ? shape[1] : imageTokens, text.width], "prefix", name)
        imageTokens = shape[1]
        external[name] = prefix.function.output(name).baseAddress
      }
    }
    for (name, address) in text.addresses { external[name] = address }
    let symbols = [
      "Q": sequences, "R": rows, "L": text.capacity, "B": images, "P": imageTokens,
      "F": prefix.frames,
    ]
    let step = try model.bind(model.step, symbols, to: machine, external: external)
    for name in external.keys.sorted() {
      let isText = name.hasPrefix("text")
      try check(
        step.inputShape(name),
        isText ? [sequences, text.capacity, text.width] : [images, imageTokens, text.width],
        "step", name)
    }
    let expected = [
      ("tokens", [sequences, rows]), ("positions", [rows]), ("source", [sequences]),
      ("slots", [sequences, text.capacity]),
    ]
    for (name, shape) in expected { try check(step.inputShape(name), shape, "step", name) }
    try check(
      step.outputShape("logits"), [sequences, rows, model.settings.vocabulary.count], "step",
      "logits")
    if prefix.steps.count >= BoundPrefix.maximumSteps { prefix.steps.removeAll() }
    prefix.steps[key] = step
    return step
  }

  private func check(
    _ found: [Int], _ expected: [Int], _ function: String, _ port: String
  ) throws(InputError) {
    guard found == expected else {
      throw InputError(
        .badData, "the functions of the plan do not fit each other", expected: "\(expected)",
        found: "\(found)", in: "\(model.loaded.place), function '\(function)', '\(port)'",
        advice: "compile the model again")
    }
  }
}

extension CaptionSession {
  /// What the functions bound so far take, and how often they ran, in alphabetical order:
  /// "step, 4 sequences of 1 row".
  package var facts: [(function: String, facts: BoundFunction.Facts, runs: Int)] {
    var all = encoders.map {
      ("encode, \($0.key.count) frames of \($0.key.size)", $0.function)
    }
    for prefix in prefixes {
      all.append(("prefix, \(prefix.images) of \(prefix.frames) frames", prefix.function))
      all += prefix.steps.map { ("step, \($0.sequences) sequences of \($0.rows) rows", $1) }
    }
    return all.map { ($0, $1.facts, $1.runs) }.sorted { $0.function < $1.function }
  }
}

extension Duration {
  /// The length of time in milliseconds.
  package var milliseconds: Double { self / .milliseconds(1) }
}
