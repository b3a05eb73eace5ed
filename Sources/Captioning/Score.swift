/// How likely a model finds a text; encodes to the JSON object of `gitc score --format json`.
public struct Score: Codable, Sendable, Equatable {
  /// The path, or what the caller called the input.
  public var input: String
  /// The text that was scored.
  public var text: String
  /// What was asked before it; nil, and null in JSON, for a caption.
  public var question: String?
  /// [CLS], the question if any, the text, [SEP].
  public var tokens: [Int]
  /// One natural logarithm of a probability per token after the question, [SEP] included.
  public var tokenLogProbs: [Float]
  /// Their sum.
  public var logProb: Double

  private enum CodingKeys: String, CodingKey {
    case input, text, question, tokens
    case tokenLogProbs = "token_logprobs"
    case logProb = "logprob"
  }

  /// Writes every field, null for no question.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(input, forKey: .input)
    try container.encode(text, forKey: .text)
    try container.encode(question, forKey: .question)
    try container.encode(tokens, forKey: .tokens)
    try container.encode(tokenLogProbs, forKey: .tokenLogProbs)
    try container.encode(logProb, forKey: .logProb)
  }
}
