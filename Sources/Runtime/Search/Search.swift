package import Diagnostics

/// Finds likely texts, one image after the other or several at once.
package enum Search {
  /// The best texts for every image, best first.
  ///
  /// - Parameters:
  ///   - model: looks at the images.
  ///   - images: how many there are.
  ///   - prompt: the first tokens, [CLS] and perhaps a question; all images get the same.
  ///   - options: beams, length and ranking.
  /// - Returns: by image: one text for a greedy search, up to `beams` otherwise.
  /// - Throws: `.usage` when the prompt leaves no room for a token; `.badData` when a row of logits
  ///   is no distribution; what the model throws when it begins.
  package static func run(
    _ model: some StepModel, images: Int, prompt: [Int], options: SearchOptions
  ) throws(InputError) -> [[Generation]] {
    precondition(images >= 1 && !prompt.isEmpty, "a search has an image and a first token")
    let room = model.capacity - prompt.count
    guard room >= 1 else {
      throw InputError(
        .usage, "the prompt is too long", expected: "\(model.capacity - 1) tokens or fewer",
        found: "\(prompt.count)", in: "the question", advice: "ask a shorter question")
    }
    let limit = min(options.maximumTokens, room)
    if options.beams == 1 {
      return try greedy(model, images: images, prompt: prompt, limit: limit, options)
        .map { [$0] }
    }
    var search = BeamSearch(model, images: images, prompt: prompt, limit: limit, options)
    return try search.run()
  }

  private static func greedy(
    _ model: some StepModel, images: Int, prompt: [Int], limit: Int, _ options: SearchOptions
  ) throws(InputError) -> [Generation] {
    try model.begin(
      prompt: prompt, images: images, sequencesPerImage: 1, longest: prompt.count + limit)
    let rows = Array(0..<images)
    var found = [Hypothesis](repeating: Hypothesis(), count: images)
    var isDone = [Bool](repeating: false, count: images)
    while true {
      for row in rows where !isDone[row] {
        let distribution = try distribution(model, row)
        guard let token = distribution.best(1, except: options.bannedIDs).first else {
          throw nothingToChoose
        }
        found[row].append(token, distribution.logProb(token))
        isDone[row] = token == options.endID || found[row].tokens.count == limit
      }
      if isDone.allSatisfy({ $0 }) { break }
      // Rows that are done go along; what they would say is not read.
      model.advance(parents: rows, tokens: found.map { $0.tokens.last ?? options.endID })
    }
    return found.map { $0.generation(prompt, options) }
  }

  /// The distribution after row `row`.
  static func distribution(
    _ model: some StepModel, _ row: Int
  ) throws(InputError) -> Distribution {
    let distribution = Distribution(model.logits(row))
    guard distribution.isUsable else { throw nothingToChoose }
    return distribution
  }

  static var nothingToChoose: InputError {
    InputError(
      .badData, "the model gives no probabilities", expected: "finite logits",
      found: "NaN or infinity, or only banned tokens", in: "the step function",
      advice: "compile the model again from a checkpoint that is not damaged")
  }
}

/// A text that grows.
struct Hypothesis {
  /// What was generated.
  private(set) var tokens: [Int] = []
  private(set) var logProbs: [Float] = []
  private(set) var sum: Double = 0

  mutating func append(_ token: Int, _ logProb: Double) {
    tokens.append(token)
    logProbs.append(Float(logProb))
    sum += logProb
  }

  func score(_ options: SearchOptions) -> Double {
    options.score(logProb: sum, count: tokens.count)
  }

  func generation(_ prompt: [Int], _ options: SearchOptions) -> Generation {
    Generation(
      tokens: prompt + tokens, tokenLogProbs: logProbs, logProb: sum, score: score(options))
  }
}
