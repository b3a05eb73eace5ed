import Randomness

/// The inputs of one training or validation step.
struct Batch: Sendable {
  /// Sizes that a step is bound for.
  struct Shape: Hashable, Sendable {
    /// Images or clips.
    var count: Int
    /// Frames of each.
    var frames: Int
    /// Text tokens of each, padding included.
    var tokens: Int
    /// Pixels per side of the images; nil for the model's own size.
    var side: Int?

    /// What memory grows with, near enough to compare shapes: frames outweigh texts.
    var size: (Int, Int) { (count * frames * (side ?? 1) * (side ?? 1), count * tokens) }
  }

  /// What is to be learnt from the texts.
  enum Goal: Equatable, Sendable {
    /// i32[count, tokens]: the token after each position, −1 where nothing is learnt.
    case next([Int32])
    /// For each text an id, the same for equal texts, and where it ends: the row of its last token in
    /// `tokens` as one row.
    case match(texts: [Int32], ends: [Int32])
  }

  var shape: Shape
  /// f32[count, frames, 3, side, side], normalised.
  var pixels: [Float]
  /// i32[count, tokens]: [CLS], question, caption, and [SEP] where texts are matched; then [PAD].
  var tokens: [Int32]
  var goal: Goal
  /// The data set's key of each sample, for messages.
  var keys: [String]
  /// Which of a run's data sets it is from.
  var source = 0
}

/// One text as the model reads it and what it should say.
struct TokenSequence: Equatable, Sendable {
  /// [CLS], question, caption; [SEP] at the end where the text is to be matched.
  var tokens: [Int32]
  /// −1 for the question's tokens: only the answer and [SEP] are learnt; all −1 where the text is to be
  /// matched.
  var labels: [Int32]

  /// Lays out [CLS] question caption [SEP], cut at the end to `maximum` tokens.
  ///
  /// - Source: the original repository's training layout; there is no separator between question and
  ///   answer.
  init(question: [Int], caption: [Int], start: Int, end: Int, maximum: Int) {
    let whole = ([start] + question + caption + [end]).prefix(maximum + 1).map { Int32($0) }
    tokens = Array(whole.dropLast())
    labels = whole.dropFirst().enumerated().map { $0.offset < question.count ? -1 : $0.element }
  }

  /// Lays out [CLS] caption [SEP] as a whole; a longer one is cut to `maximum` tokens, the last
  /// of which becomes [SEP], for that is where its features are read.
  ///
  /// - Source: CLIP's tokenizer.
  init(matching caption: [Int], start: Int, end: Int, maximum: Int) {
    let whole = ([start] + caption).prefix(maximum - 1) + [end]
    tokens = whole.map { Int32($0) }
    labels = [Int32](repeating: -1, count: tokens.count)
  }

  /// The same with a share of the caption's words, as context for the words after them, replaced by
  /// the word at the same place of one of `others`; labels and question stay.
  ///
  /// A word stays where the text drawn is too short to have another.
  func withNoise(
    _ share: Float, from others: [TokenSequence], random: inout SeededRandom
  ) -> TokenSequence {
    var noisy = self
    for place in tokens.indices.dropFirst() where labels[place - 1] >= 0 {
      guard Float(random.unit()) < share else { continue }
      let other = others[random.index(others.count)].tokens
      if place < other.count { noisy.tokens[place] = other[place] }
    }
    return noisy
  }

  /// The same with padding up to `count` tokens.
  func padded(to count: Int, with pad: Int) -> TokenSequence {
    var padded = self
    let missing = count - tokens.count
    padded.tokens += [Int32](repeating: Int32(pad), count: missing)
    padded.labels += [Int32](repeating: -1, count: missing)
    return padded
  }
}
