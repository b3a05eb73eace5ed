import Diagnostics

/// How a caption is looked for; `docs/captioning.md` says what each choice does.
public struct CaptionOptions: Sendable, Equatable {
  /// Whose beam search it is.
  public enum Search: String, Sendable, CaseIterable {
    /// That of Hugging Face's `generate`; with one beam, the likeliest token each time.
    case huggingFace = "huggingface"
    /// That of the original repository, which counts the prompt as text and tells one caption.
    case original
  }

  /// When Hugging Face's beam search stops after it has found as many captions as beams; the names
  /// are its values of `early_stopping`.
  public enum EarlyStopping: String, Sendable, CaseIterable {
    /// When unfinished captions are no better at their present lengths.
    case heuristic = "false"
    /// At once.
    case always = "true"
    /// When unfinished captions cannot become better.
    case never
  }

  /// How tokens are drawn at random.
  public struct Sampling: Sendable, Equatable {
    /// Above 0: what logits are divided by.
    public var temperature: Double
    /// The most tokens to draw from, the likeliest ones; nil for all.
    public var topK: Int?
    /// Above 0, at most 1: the likeliest tokens that have this probability together are drawn from.
    public var topP: Double
    /// Equal seeds give equal captions of an image.
    public var seed: UInt64

    /// Creates options; the defaults draw from what the model says.
    public init(temperature: Double = 1, topK: Int? = nil, topP: Double = 1, seed: UInt64 = 0) {
      self.temperature = temperature
      self.topK = topK
      self.topP = topP
      self.seed = seed
    }
  }

  /// Asked before the answer is generated; nil for a caption.
  ///
  /// As in the original, of a question of more than 38 tokens the last 38 of its first 40 are asked;
  /// fewer where the model's text length is shorter than 40.
  public var question: String?
  /// 1: the likeliest token each time; up to ``maximumBeams`` for beam search.
  public var beams: Int
  /// The most tokens generated, [SEP] included; the model's text length bounds it too.
  public var maximumTokens: Int
  /// The most frames taken of a clip; nil for as many as the model takes.
  ///
  /// A model of single images takes one: the middle one.
  public var frames: Int?
  /// How many of the texts that were found are told, at most ``beams``, or how many are drawn; 0 for
  /// one text alone.
  public var alternatives: Int
  /// Whose beam search it is.
  public var search: Search
  /// What lengths do to the ranking; nil for 1, for 0.6 in the original search, and for 0 with
  /// classes, whose probabilities are compared.
  public var lengthPenalty: Double?
  /// When Hugging Face's beam search stops.
  public var earlyStopping: EarlyStopping
  /// Draws captions at random; nil to search for likely ones.
  public var sampling: Sampling?
  /// The only captions there are; nil for any.
  public var classes: CaptionClasses?
  /// Words that no caption contains; of no effect with ``classes``.
  public var banned: [String]

  /// The most beams, and the most texts drawn.
  public static let maximumBeams = 64
  /// What is banned unless something else is: the mark that GIT_LARGE learned from its data and puts
  /// where a person's name was.
  public static let defaultBanned = ["[unused0]"]

  /// Creates options; the defaults look for one caption, greedily.
  ///
  /// `beams` nil is 1, or 4 in the original search, as there; `maximumTokens` nil is 40, or what the
  /// model has room for in the original search, as there.
  public init(
    question: String? = nil, beams: Int? = nil, maximumTokens: Int? = nil, frames: Int? = nil,
    alternatives: Int = 0, search: Search = .huggingFace, lengthPenalty: Double? = nil,
    earlyStopping: EarlyStopping = .heuristic, sampling: Sampling? = nil,
    classes: CaptionClasses? = nil, banned: [String] = Self.defaultBanned
  ) {
    self.question = question
    self.beams = beams ?? (search == .original ? 4 : 1)
    self.maximumTokens = maximumTokens ?? (search == .original ? Self.longestText : 40)
    self.frames = frames
    self.alternatives = alternatives
    self.search = search
    self.lengthPenalty = lengthPenalty
    self.earlyStopping = earlyStopping
    self.sampling = sampling
    self.classes = classes
    self.banned = banned
  }

  /// More tokens than any model has room for.
  private static let longestText = 1 << 20

  /// Checks values that a user chose.
  ///
  /// - Parameter modelFrames: the most frames the model takes, at least 1.
  /// - Throws: `InputError` of kind `.usage` for the first that is out of range.
  func validate(modelFrames: Int) throws(InputError) {
    if sampling != nil, search == .original {
      throw Self.error(
        "the search", expected: "\(Search.huggingFace.rawValue), or no sampling",
        found: search.rawValue)
    }
    let told = sampling != nil ? Self.maximumBeams : search == .original ? 1 : max(beams, 0)
    let ranges = [
      ("beams", 1...(sampling == nil ? Self.maximumBeams : 1), beams),
      ("the most tokens", 1...Self.longestText, maximumTokens),
      ("frames", 1...modelFrames, frames ?? 1), ("alternatives", 0...told, alternatives),
      ("top-k", 1...Int.max, sampling?.topK ?? 1),
    ]
    for (name, range, value) in ranges where !range.contains(value) {
      throw Self.error(
        name,
        expected: range.count == 1
          ? "\(range.lowerBound)" : "\(range.lowerBound) to \(range.upperBound)",
        found: "\(value)")
    }
    if let lengthPenalty, !lengthPenalty.isFinite {
      throw Self.error("the length penalty", expected: "a number", found: "\(lengthPenalty)")
    }
    guard let sampling else { return }
    let temperature = Float(sampling.temperature)
    if !temperature.isFinite || temperature <= 0 {
      throw Self.error(
        "the temperature", expected: "more than 0", found: "\(sampling.temperature)")
    }
    if !(sampling.topP > 0 && sampling.topP <= 1) {
      throw Self.error("top-p", expected: "more than 0, at most 1", found: "\(sampling.topP)")
    }
  }

  private static func error(_ name: String, expected: String, found: String) -> InputError {
    InputError(
      .usage, "\(name) out of range", expected: expected, found: found, in: "the options",
      advice: "choose a value in that range")
  }
}
