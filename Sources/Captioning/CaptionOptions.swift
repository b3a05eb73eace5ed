import Diagnostics

/// How a caption is looked for.
public struct CaptionOptions: Sendable, Equatable {
  /// Asked before the answer is generated; nil for a caption.
  ///
  /// As in the original, a question of more than 38 tokens loses its beginning, or of more than two
  /// less than the model's text length where that is shorter.
  public var question: String?
  /// 1: the likeliest token each time; up to ``maximumBeams`` for beam search.
  public var beams: Int
  /// The most tokens generated, [SEP] included; the model's text length bounds it too.
  public var maximumTokens: Int
  /// The most frames taken of a clip; nil for as many as the model takes.
  ///
  /// A model of single images takes one: the middle one.
  public var frames: Int?
  /// How many of the texts that beam search found are told, at most ``beams``; 0 for the best alone.
  public var alternatives: Int

  /// The most beams.
  public static let maximumBeams = 64

  /// Creates options; the defaults look for one caption, greedily.
  public init(
    question: String? = nil, beams: Int = 1, maximumTokens: Int = 40, frames: Int? = nil,
    alternatives: Int = 0
  ) {
    self.question = question
    self.beams = beams
    self.maximumTokens = maximumTokens
    self.frames = frames
    self.alternatives = alternatives
  }

  /// Checks values that a user chose.
  ///
  /// - Parameter modelFrames: the most frames the model takes, at least 1.
  /// - Throws: `InputError` of kind `.usage` for the first that is out of range.
  func validate(modelFrames: Int) throws(InputError) {
    let ranges = [
      ("beams", 1...Self.maximumBeams, beams), ("the most tokens", 1...1_000_000, maximumTokens),
      ("frames", 1...modelFrames, frames ?? 1), ("alternatives", 0...max(beams, 0), alternatives),
    ]
    for (name, range, value) in ranges where !range.contains(value) {
      throw InputError(
        .usage, "\(name) out of range",
        expected: range.count == 1
          ? "\(range.lowerBound)" : "\(range.lowerBound) to \(range.upperBound)",
        found: "\(value)", in: "the options", advice: "choose a value in that range")
    }
  }
}
