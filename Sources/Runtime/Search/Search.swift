package import Diagnostics

/// Finds likely texts, one image after the other or several at once.
package enum Search {
  /// Is told, as a search goes on, what was generated so far for an image.
  ///
  /// That is the likeliest text, or the first one that is drawn; it can become another one, or shorter.
  package typealias Watch = (_ image: Int, _ generated: [Int]) -> Void

  /// The best texts for every image, best first.
  ///
  /// - Parameters:
  ///   - model: looks at the images.
  ///   - images: how many there are.
  ///   - prompt: the first tokens, [CLS] and perhaps a question; all images get the same.
  ///   - options: method, beams, length, ranking, and what may be said.
  ///   - watch: is told how the texts grow.
  /// - Returns: by image: one text for a greedy or an original search, up to `beams` for Hugging Face's;
  ///   `beams` for sampling, in the order they were drawn.
  /// - Throws: `.usage` when the prompt leaves no room for a token or a class, or when all tokens are
  ///   banned; `.badData` when a row of logits is no distribution; what the model throws when it begins.
  package static func run(
    _ model: some StepModel, images: Int, prompt: [Int], options: SearchOptions,
    watch: Watch? = nil
  ) throws(InputError) -> [[Generation]] {
    precondition(images >= 1 && !prompt.isEmpty, "a search has an image and a first token")
    let room = model.capacity - prompt.count
    guard room >= 1 else {
      throw InputError(
        .usage, "the prompt is too long", expected: "\(model.capacity - 1) tokens or fewer",
        found: "\(prompt.count)", in: "the question", advice: "ask a shorter question")
    }
    let task = SearchTask(
      images: images, prompt: prompt, limit: min(options.maximumTokens, room), options: options,
      watch: watch)
    if let classes = options.classes, classes.shortest > task.limit {
      throw InputError(
        .usage, "no class fits",
        expected: "a class of at most \(task.limit) tokens, its end included",
        found: "\(classes.shortest) or more", in: "the classes",
        advice: "allow more tokens, or ask a shorter question")
    }
    var constraint = Constraint(options, limit: task.limit)
    var found: [[Generation]]
    repeat {
      found = try run(model, task, constraint)
    } while constraint.refuse(found.map { $0.map { $0.tokens[prompt.count...] } })
    return found
  }

  private static func run<Model: StepModel>(
    _ model: Model, _ task: SearchTask, _ constraint: Constraint
  ) throws(InputError) -> [[Generation]] {
    switch task.options.method {
    case .sampling(let sampling):
      var search = SequenceSearch(model, task, constraint, sampling)
      return try search.run()
    case .beamSearch where task.options.beams == 1:
      var search = SequenceSearch(model, task, constraint, nil)
      return try search.run()
    case .beamSearch(let earlyStopping):
      let rule = HuggingFaceBeamRule(task, earlyStopping)
      var search = BeamSearch(model, task, constraint, rule)
      return try search.run()
    case .originalBeamSearch:
      var search = BeamSearch(model, task, constraint, OriginalBeamRule(task))
      return try search.run()
    }
  }

  /// The distribution after row `row`.
  static func distribution(
    _ model: some StepModel, _ row: Int
  ) throws(InputError) -> Distribution {
    let distribution =
      model.candidates(row).map { Distribution($0) { model.logits(row) } }
      ?? Distribution(model.logits(row))
    guard distribution.isUsable else { throw noProbabilities }
    return distribution
  }

  /// Logits that are no distribution.
  static var noProbabilities: InputError {
    InputError(
      .badData, "the model gives no probabilities", expected: "finite logits",
      found: "NaN or infinity", in: "the step function",
      advice: "compile the model again from a checkpoint that is not damaged")
  }

  /// Nothing may come next.
  static var nothingToSay: InputError {
    InputError(
      .usage, "nothing is left to say", expected: "a token that may come",
      found: "only banned ones", in: "the banned words", advice: "ban fewer words")
  }
}

/// What is searched for.
struct SearchTask {
  let images: Int
  let prompt: [Int]
  /// The most tokens that are generated.
  let limit: Int
  let options: SearchOptions
  let watch: Search.Watch?
}

/// A text that grows.
struct Hypothesis {
  /// What was generated.
  private(set) var tokens: [Int] = []
  private(set) var logProbs: [Float] = []
  private(set) var sum: Double = 0
  /// log of ``Generation/share``.
  private(set) var logShare: Double = 0

  /// Adds a token with the logarithms of its probability, and of that among the tokens that may come.
  mutating func append(_ token: Int, _ logProb: Double, logShare: Double) {
    tokens.append(token)
    logProbs.append(Float(logProb))
    sum += logProb
    self.logShare += logShare
  }

  func score(_ options: SearchOptions) -> Double {
    options.score(logProb: sum, count: tokens.count)
  }

  /// As a result that is ranked by `score`.
  func generation(_ task: SearchTask, score: Double) -> Generation {
    Generation(
      tokens: task.prompt + tokens, tokenLogProbs: logProbs, logProb: sum, score: score,
      share: task.options.classes == nil ? nil : exponential(logShare))
  }
}
