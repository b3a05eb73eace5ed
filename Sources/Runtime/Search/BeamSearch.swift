import Diagnostics

/// What a beam search keeps and when it stops, for one image.
protocol BeamRule {
  /// Whether the image needs no further steps.
  var isDone: Bool { get }
  /// What was found, best first.
  var generations: [Generation] { get }

  /// Sorts the continuations of one step.
  ///
  /// - Parameters:
  ///   - candidates: up to 2 · beams, likeliest first.
  ///   - isLast: whether they are as long as may be.
  /// - Returns: those that go on, at most as many as there are beams, likeliest first.
  mutating func take(_ candidates: [BeamCandidate], isLast: Bool) -> [BeamCandidate]
}

/// A text that a step could go on with.
struct BeamCandidate {
  let text: Hypothesis
  /// The text without its last token.
  let parent: Hypothesis
  /// The row of the model that has the parent.
  let row: Int

  var token: Int? { text.tokens.last }
}

/// Beam search: the likeliest continuations of the likeliest texts, kept and ended by a rule.
///
/// Each step looks at the 2·beams likeliest continuations: at most one of each beam ends, so `beams`
/// are left that go on. Among equals the lower token id comes first, then the earlier beam.
struct BeamSearch<Model: StepModel, Rule: BeamRule> {
  private let model: Model
  private let task: SearchTask
  private let constraint: Constraint
  private var images: [Image]

  private struct Image {
    var rule: Rule
    /// Unfinished texts, likeliest first; at first one without a token.
    var live = [Hypothesis()]
    /// The row of the model that each of `live` continues.
    var rows: [Int]
    /// A row of this image, for rows of the next step that nobody will read.
    var anyRow: Int
    /// Nothing may follow the unfinished texts.
    var isStuck = false

    var isDone: Bool { rule.isDone || isStuck }
  }

  init(_ model: Model, _ task: SearchTask, _ constraint: Constraint, _ rule: Rule) {
    self.model = model
    self.task = task
    self.constraint = constraint
    images = (0..<task.images).map { Image(rule: rule, rows: [$0], anyRow: $0) }
  }

  mutating func run() throws(InputError) -> [[Generation]] {
    try model.begin(
      prompt: task.prompt, images: images.count, sequencesPerImage: task.options.beams,
      longest: task.prompt.count + task.limit,
      reading: task.options.classes == nil ? .likeliest : .all)
    for length in 1...task.limit {
      for index in images.indices where !images[index].isDone { try step(index, length) }
      if images.allSatisfy(\.isDone) { break }
      advance()
    }
    return images.map(\.rule.generations)
  }

  /// One more token for image `index`, `length` with it.
  private mutating func step(_ index: Int, _ length: Int) throws(InputError) {
    let image = images[index]
    var choices: [(total: Double, token: Int, beam: Int, logProb: Double, logShare: Double)] = []
    for (beam, row) in image.rows.enumerated() {
      let distribution = try Search.distribution(model, row)
      let next = constraint.next(after: image.live[beam].tokens, image: index)
      let sum = distribution.logSum(of: next)
      for token in distribution.best(2 * task.options.beams, of: next) {
        let logProb = distribution.logProb(token)
        choices.append(
          (
            image.live[beam].sum + logProb, token, beam, logProb,
            distribution.logProb(token, among: sum)
          ))
      }
    }
    choices.sort { ($1.total, $0.token, $0.beam) < ($0.total, $1.token, $1.beam) }
    let candidates = choices.prefix(2 * task.options.beams).map { choice in
      var text = image.live[choice.beam]
      text.append(choice.token, choice.logProb, logShare: choice.logShare)
      return BeamCandidate(
        text: text, parent: image.live[choice.beam], row: image.rows[choice.beam])
    }
    let live = images[index].rule.take(candidates, isLast: length == task.limit)
    images[index].live = live.map(\.text)
    images[index].rows = live.map(\.row)
    images[index].isStuck = live.isEmpty
    let found = images[index].rule.generations.first
    if live.isEmpty, found == nil { throw Search.nothingToSay }
    if let watch = task.watch {
      let best = found.map { Array($0.tokens.dropFirst(task.prompt.count)) }
      watch(index, best ?? live.first?.text.tokens ?? [])
    }
  }

  /// Puts the live texts of all images into the model's rows.
  private mutating func advance() {
    let beams = task.options.beams
    var parents: [Int] = []
    var tokens: [Int] = []
    for (index, image) in images.enumerated() {
      for beam in 0..<beams {
        let isRead = beam < image.live.count
        parents.append(isRead ? image.rows[beam] : image.anyRow)
        tokens.append((isRead ? image.live[beam].tokens.last : nil) ?? task.options.endID)
      }
      images[index].rows = image.live.indices.map { index * beams + $0 }
      images[index].anyRow = index * beams
    }
    model.advance(parents: parents, tokens: tokens)
  }
}
