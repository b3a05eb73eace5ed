/// What the model says about one input; encodes to the JSON object of `gitc run --format json`.
public struct Caption: Codable, Sendable, Equatable {
  /// The path, or what the caller called the input.
  public var input: String
  /// What was asked; nil for a caption.
  public var question: String?
  /// The generated text, without the question; with classes, the name of one.
  public var caption: String
  /// [CLS], the question if any, the caption, and [SEP] if it ended.
  public var tokens: [Int]
  /// One natural logarithm of a probability per generated token, [SEP] included.
  public var tokenLogProbs: [Float]
  /// Their sum.
  public var logProb: Double
  /// What the search ranked by: `logProb` divided by the number of generated tokens, unless the options
  /// choose another form.
  public var score: Double
  /// With classes, how often sampling would choose this one; else nil.
  ///
  /// These add up to 1 over all classes that fit.
  public var probability: Double?
  /// How many frames the model saw; 1 for an image.
  public var frames: Int
  /// Of a part of a stream, the seconds from the stream's start at which it begins; else nil.
  public var start: Double?
  /// Of a part of a stream, where it ends.
  public var end: Double?
  /// Where the time went.
  public var timing: Timing
  /// The best texts that were found, this one included, best first, or all that were drawn; nil unless
  /// asked for.
  public var alternatives: [Alternative]?

  /// Wall-clock time, milliseconds.
  public struct Timing: Codable, Sendable, Equatable {
    /// Reading, resizing and normalising.
    public var decode: Double
    /// The image encoder, all frames.
    public var encode: Double
    /// The decoder over the image tokens.
    public var prefix: Double
    /// Question and generated tokens.
    public var steps: Double
    /// All of these.
    public var total: Double

    init(decode: Double, encode: Double, prefix: Double, steps: Double) {
      self.decode = decode
      self.encode = encode
      self.prefix = prefix
      self.steps = steps
      total = decode + encode + prefix + steps
    }
  }

  /// One of the texts that were found.
  public struct Alternative: Codable, Sendable, Equatable {
    /// The generated text.
    public var caption: String
    /// As in ``Caption/tokens``.
    public var tokens: [Int]
    /// As in ``Caption/tokenLogProbs``.
    public var tokenLogProbs: [Float]
    /// Their sum.
    public var logProb: Double
    /// What the search ranked by.
    public var score: Double
    /// As ``Caption/probability``.
    public var probability: Double?

    private enum CodingKeys: String, CodingKey {
      case caption, tokens, score, probability
      case tokenLogProbs = "token_logprobs"
      case logProb = "logprob"
    }
  }

  private enum CodingKeys: String, CodingKey {
    case input, question, caption, tokens, score, probability, frames, start, end, alternatives
    case tokenLogProbs = "token_logprobs"
    case logProb = "logprob"
    case timing = "timing_ms"
  }
}
