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
  /// As many `prefix` functions are kept that no image state holds.
  private static let maximumPrefixes = 2

  package let model: CaptionModel
  let machine: Machine
  /// `encode` as it was last needed, latest last.
  private var encoders: [(key: EncoderKey, function: BoundFunction)] = []
  /// `prefix` and its results, latest last; one that no image state holds is used again.
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
  /// Frames whose pixels are equal, wherever they are, are encoded once.
  ///
  /// - Parameters:
  ///   - pixels: of images · frames frames.
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
    _ pixels: FramePixels, size: PixelSize? = nil, images: Int = 1, frames: Int = 1
  ) throws(InputError) -> ImageState {
    precondition(images >= 1, "an image to encode")
    let clock = ContinuousClock()
    let start = clock.now
    let size = size ?? model.squareSize
    let (encoder, kinds) = try pixels.withBytes { (bytes, areSamples) throws(InputError) in
      let kinds = FrameKinds(bytes, count: images * frames)
      return (try runEncoder(kinds.representatives, areSamples: areSamples, size), kinds)
    }
    let encoded = clock.now
    let prefix = try prefix(
      size, images: images, frames: frames, features: encoder.outputShape("features"))
    let features = UnsafeRawBufferPointer(encoder.output("features"))
    for (frame, kind) in kinds.kinds.enumerated() {
      prefix.setFeatures(frame, features.part(kind, of: kinds.representatives.count))
    }
    prefix.function.run()
    return ImageState(
      prefix: prefix, encodeMilliseconds: (encoded - start).milliseconds,
      prefixMilliseconds: (clock.now - encoded).milliseconds)
  }

  /// Runs the image encoder over one frame, for all clips that have it.
  ///
  /// - Parameters:
  ///   - pixels: of one frame.
  ///   - size: as in ``encode(_:size:images:frames:)``.
  ///   - known: frames that were encoded before.
  /// - Returns: the one of `known` that has the same pixels, or what the encoder makes of these; for
  ///   ``state(of:)``.
  /// - Precondition: as for ``encode(_:size:images:frames:)``.
  /// - Throws: as ``encode(_:size:images:frames:)``.
  package func features(
    _ pixels: FramePixels, size: PixelSize? = nil, known: [FrameFeatures] = []
  ) throws(InputError) -> FrameFeatures {
    let clock = ContinuousClock()
    let start = clock.now
    let size = size ?? model.squareSize
    if let frame = known.first(where: { $0.size == size && $0.pixels.hasSameBytes(as: pixels) }) {
      return frame
    }
    let encoder = try pixels.withBytes { (bytes, areSamples) throws(InputError) in
      try runEncoder([bytes], areSamples: areSamples, size)
    }
    return FrameFeatures(
      size: size, pixels: pixels, shape: encoder.outputShape("features"),
      values: Array(encoder.output("features").assumingMemoryBound(to: Float.self)),
      milliseconds: (clock.now - start).milliseconds)
  }

  /// Runs the decoder's prefix over the frames of one clip, which were encoded before.
  ///
  /// - Parameter frames: of this session, in order of time, all of one size; the same may be there
  ///   several times.
  /// - Returns: what ``encode(_:size:images:frames:)`` gives for their pixels, but that the time in
  ///   the encoder is not counted. For an int8 model the bits are the same.
  /// - Precondition: at least one frame, no more than the model takes.
  /// - Throws: as ``encode(_:size:images:frames:)``.
  package func state(of frames: [FrameFeatures]) throws(InputError) -> ImageState {
    guard let first = frames.first, frames.allSatisfy({ $0.size == first.size }) else {
      preconditionFailure("frames of one size")
    }
    let clock = ContinuousClock()
    let start = clock.now
    let prefix = try prefix(first.size, images: 1, frames: frames.count, features: first.shape)
    for (index, frame) in frames.enumerated() {
      frame.values.withUnsafeBytes { prefix.setFeatures(index, $0) }
    }
    prefix.function.run()
    return ImageState(
      prefix: prefix, encodeMilliseconds: 0,
      prefixMilliseconds: (clock.now - start).milliseconds)
  }

  /// The best texts for the only image of `state`, best first.
  ///
  /// - Parameters:
  ///   - state: what ``encode(_:size:images:frames:)`` gave.
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
      let distribution = Distribution(decoder.logits(image: 0, position: prompt.count - 1 + index))
      guard distribution.isUsable else { throw Search.noProbabilities }
      scores.append(Float(distribution.logProb(token)))
    }
    return scores
  }

  // MARK: What is bound

  /// `encode` after it ran over the pixels of frames.
  private func runEncoder(
    _ frames: [UnsafeRawBufferPointer], areSamples: Bool, _ size: PixelSize
  ) throws(InputError) -> BoundFunction {
    let encoder = try encoder(EncoderKey(count: frames.count, size: size))
    let samples = areSamples ? encoder.samples : nil
    let input = samples ?? encoder.input("pixels")
    func fill(_ index: Int, _ bytes: UnsafeRawBufferPointer) {
      precondition(bytes.count * frames.count == input.count, "pixels of all frames")
      input.part(index, of: frames.count).copyMemory(from: bytes)
    }
    for (index, frame) in frames.enumerated() {
      if areSamples, samples == nil {
        let values = model.settings.preprocessing.normalised(frame, frames: 1)
        values.withUnsafeBytes { fill(index, $0) }
      } else {
        fill(index, frame)
      }
    }
    if samples == nil { encoder.run() } else { encoder.runFromSamples() }
    return encoder
  }

  private func encoder(_ key: EncoderKey) throws(InputError) -> BoundFunction {
    if let index = encoders.firstIndex(where: { $0.key == key }) {
      encoders.append(encoders.remove(at: index))
      return encoders[encoders.count - 1].function
    }
    if encoders.count >= Self.maximumEncoders { encoders.removeFirst() }
    let encoder = try model.bind(
      model.encode, symbols(key.size, images: key.count, frames: 1), to: machine,
      sampled: SampledInput(name: "pixels", table: model.sampleTable))
    try check(
      encoder.inputShape("pixels"), [key.count, 3, key.size.height, key.size.width], "encode",
      "pixels")
    let features = encoder.outputShape("features")
    try check(features, [key.count] + features.dropFirst(), "encode", "features")
    encoders.append((key, encoder))
    return encoder
  }

  /// The symbols of `encode` and `prefix`.
  private func symbols(_ size: PixelSize, images: Int, frames: Int) -> [String: Int] {
    size.symbols(patch: model.patchSize).merging(
      ["N": images * frames, "B": images, "F": frames]
    ) { $1 }
  }

  /// `prefix` for images or clips of a size, whose features are still to be set; those of a frame are of
  /// the shape `features` but for its first axis.
  private func prefix(
    _ size: PixelSize, images: Int, frames: Int, features: [Int]
  ) throws(InputError) -> BoundPrefix {
    precondition((1...max(1, model.settings.maximumFrames)).contains(frames), "frames of the model")
    let key = BoundPrefix.Key(images: images, frames: frames, size: size)
    var free: [Int] = []
    for index in prefixes.indices where isKnownUniquelyReferenced(&prefixes[index]) {
      if prefixes[index].key == key {
        prefixes.append(prefixes.remove(at: index))
        return prefixes[prefixes.count - 1]
      }
      free.append(index)
    }
    if free.count >= Self.maximumPrefixes { prefixes.remove(at: free[0]) }
    let function = try model.bind(
      model.prefix, symbols(size, images: images, frames: frames), to: machine)
    try check(
      function.inputShape("features"), [images * frames] + features.dropFirst(), "prefix",
      "features")
    let prefix = BoundPrefix(function, key)
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
    let images = prefix.key.images
    var external: [String: UnsafeMutableRawPointer] = [:]
    var shapes: [String: [Int]] = [:]
    for layer in 0..<model.layers {
      let (k, v) = ("prefix_k.\(layer)", "prefix_v.\(layer)")
      let imageTokens = prefix.function.outputShape(k)[1]
      for name in [k, v] {
        let shape = [images, imageTokens, text.width]
        try check(prefix.function.outputShape(name), shape, "prefix", name)
        shapes[name] = shape
        external[name] = prefix.function.output(name).baseAddress
      }
    }
    for (name, address) in text.addresses {
      shapes[name] = [sequences, text.capacity, text.width]
      external[name] = address
    }
    let symbols = model.step.imageRows { shapes["prefix_k.\($0)"]?[1] }.merging([
      "Q": sequences, "R": rows, "L": text.capacity, "B": images, "F": prefix.key.frames,
    ]) { $1 }
    let step = try model.bind(
      model.step, symbols, to: machine, external: external, ranked: "logits")
    for (name, shape) in shapes.sorted(by: { $0.key < $1.key }) {
      try check(step.inputShape(name), shape, "step", name)
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
      all.append(
        ("prefix, \(prefix.key.images) of \(prefix.key.frames) frames", prefix.function))
      all += prefix.steps.map { ("step, \($0.sequences) sequences of \($0.rows) rows", $1) }
    }
    return all.map { ($0, $1.facts, $1.runs) }.sorted { $0.function < $1.function }
  }
}

extension Duration {
  /// The length of time in milliseconds.
  package var milliseconds: Double { self / .milliseconds(1) }
}
