import Diagnostics
import Formats

/// The step function as searches see it: sequences of tokens over the images of one state.
///
/// Sequence s writes its keys and values to row s of the text cache. When sequences change places,
/// nothing is copied: `slots[s, p]` says in whose row the token at position p of sequence s is.
final class Decoder: StepModel {
  private let session: CaptionSession
  private let prefix: BoundPrefix
  /// Runs whole prompts, then single tokens.
  private var current: BoundFunction?
  private var single: BoundFunction?
  /// By sequence: its image, and the row of the text at each position.
  private var images: [Int32] = []
  private var slots: [Int32] = []
  private var nextSlots: [Int32] = []
  /// L: positions of the text cache, and columns of the slots.
  private var positions = 0
  /// Tokens that every sequence has.
  private var length = 0
  private var read = ScoresRead.all
  /// Whether `current` has made its logits, not only their likeliest.
  private var hasLogits = false

  init(_ session: CaptionSession, _ state: ImageState) {
    self.session = session
    prefix = state.prefix
  }

  var vocabularyCount: Int { session.model.settings.vocabulary.count }
  var capacity: Int { session.model.settings.maximumTextLength }

  func begin(
    prompt: [Int], images: Int, sequencesPerImage: Int, longest: Int, reading read: ScoresRead
  ) throws(InputError) {
    self.read = read
    precondition(images == prefix.key.images, "the images of the state")
    let sequences = images * sequencesPerImage
    let text = try session.textCache(sequences: sequences, length: longest)
    positions = text.capacity
    let first = try session.step(prefix, text, sequences: images, rows: prompt.count)
    single = try session.step(prefix, text, sequences: sequences, rows: 1)
    self.images = (0..<sequences).map { Int32($0 / sequencesPerImage) }
    run(
      first, tokens: (0..<images).flatMap { _ in prompt }, sources: (0..<images).map { Int32($0) })
  }

  /// Reads `tokens` for every image; see ``logits(image:position:)``.
  func read(_ tokens: [Int]) throws(InputError) {
    read = .all
    let images = prefix.key.images
    let text = try session.textCache(sequences: images, length: tokens.count)
    positions = text.capacity
    let step = try session.step(prefix, text, sequences: images, rows: tokens.count)
    run(
      step, tokens: (0..<images).flatMap { _ in tokens }, sources: (0..<images).map { Int32($0) })
  }

  /// Runs the first tokens of sequences, each of which has row s for itself.
  private func run(_ step: BoundFunction, tokens: [Int], sources: [Int32]) {
    slots = sources.indices.flatMap { [Int32](repeating: Int32($0), count: positions) }
    length = 0
    run(step, tokens: tokens, sources: sources, rows: tokens.count / sources.count)
  }

  func advance(parents: [Int], tokens: [Int]) {
    guard let single else { preconditionFailure("a search begins before it advances") }
    precondition(parents.count == images.count && tokens.count == parents.count, "all sequences")
    precondition(length < positions, "a sequence beyond what the search began with")
    nextSlots.removeAll(keepingCapacity: true)
    for (sequence, parent) in parents.enumerated() {
      nextSlots += slots[parent * positions..<parent * positions + length]
      nextSlots += repeatElement(Int32(sequence), count: positions - length)
    }
    swap(&slots, &nextSlots)
    run(single, tokens: tokens, sources: images, rows: 1)
  }

  private func run(_ step: BoundFunction, tokens: [Int], sources: [Int32], rows: Int) {
    fill(step.input("tokens"), tokens.lazy.map { Int32($0) })
    fill(step.input("positions"), (length..<length + rows).lazy.map { Int32($0) })
    fill(step.input("source"), sources)
    fill(step.input("slots"), slots)
    hasLogits = read == .all || step.top == nil
    if hasLogits { step.run() } else { step.runForTop() }
    current = step
    length += rows
  }

  private func fill(
    _ target: UnsafeMutableRawBufferPointer, _ values: some Collection<Int32>
  ) {
    let inputs = target.assumingMemoryBound(to: Int32.self)
    precondition(values.count == inputs.count, "as many values as the input has")
    _ = inputs.update(fromContentsOf: values)
  }

  func candidates(_ row: Int) -> Candidates? {
    guard !hasLogits, let current, let top = current.top else { return nil }
    let line = Self.lastLine(of: row, current.outputShape("logits"))
    let first = line * TopColumns.count
    return Candidates(
      tokens: UnsafeBufferPointer(start: top.columns + first, count: TopColumns.count),
      logits: UnsafeBufferPointer(start: top.values + first, count: TopColumns.count),
      maximum: top.maxima[line], sum: top.sums[line])
  }

  /// The scores after the last token that row `row` was given.
  func logits(_ row: Int) -> UnsafeBufferPointer<Float> {
    logits { Self.lastLine(of: row, $0) }
  }

  /// Of logits [rows, new tokens, V].
  private static func lastLine(of row: Int, _ shape: [Int]) -> Int {
    row * shape[1] + shape[1] - 1
  }

  /// After ``read(_:)``: the scores after the token at `position` for one image.
  func logits(image: Int, position: Int) -> UnsafeBufferPointer<Float> {
    logits { shape in image * shape[1] + position }
  }

  private func logits(_ line: ([Int]) -> Int) -> UnsafeBufferPointer<Float> {
    guard let current else { preconditionFailure("a search begins before it looks") }
    if !hasLogits {
      current.runRest()
      hasLogits = true
    }
    let all = UnsafeRawBufferPointer(current.output("logits")).assumingMemoryBound(to: Float.self)
    let shape = current.outputShape("logits")
    let start = line(shape) * shape[2]
    return UnsafeBufferPointer(rebasing: all[start..<start + shape[2]])
  }
}
