import Diagnostics
import Randomness

/// Texts that grow by a token each, none looking at another: the likeliest token, or one at random.
struct SequenceSearch<Model: StepModel> {
  private let model: Model
  private let task: SearchTask
  private let constraint: Constraint
  /// nil: the likeliest token.
  private let sampling: Sampling?
  private var texts: [Hypothesis]
  private var isDone: [Bool]
  private var randoms: [SeededRandom]

  init(_ model: Model, _ task: SearchTask, _ constraint: Constraint, _ sampling: Sampling?) {
    (self.model, self.task, self.constraint, self.sampling) = (model, task, constraint, sampling)
    let (beams, count) = (task.options.beams, task.images * task.options.beams)
    texts = [Hypothesis](repeating: Hypothesis(), count: count)
    isDone = [Bool](repeating: false, count: count)
    // The same for every image, so that a text depends on its image and the seed alone.
    randoms = (0..<count).map { SeededRandom(sampling?.seed ?? 0, UInt64($0 % beams)) }
  }

  mutating func run() throws(InputError) -> [[Generation]] {
    let (beams, options) = (task.options.beams, task.options)
    try model.begin(
      prompt: task.prompt, images: task.images, sequencesPerImage: beams,
      longest: task.prompt.count + task.limit,
      reading: sampling == nil && options.classes == nil ? .likeliest : .all)
    let rows = Array(texts.indices)
    // At first the sequences of an image are all at its prompt.
    var parents = rows.map { $0 / beams }
    while true {
      for row in rows where !isDone[row] { try grow(row, after: parents[row]) }
      if let watch = task.watch {
        for image in 0..<task.images { watch(image, texts[image * beams].tokens) }
      }
      if isDone.allSatisfy({ $0 }) { break }
      // Rows that are done go along; what they would say is not read.
      model.advance(parents: parents, tokens: texts.map { $0.tokens.last ?? options.endID })
      parents = rows
    }
    return (0..<task.images).map { image in
      texts[image * beams..<(image + 1) * beams].map {
        $0.generation(task, score: $0.score(options))
      }
    }
  }

  /// Adds a token to text `row`, which the model has in row `parent`.
  private mutating func grow(_ row: Int, after parent: Int) throws(InputError) {
    let distribution = try Search.distribution(model, parent)
    let next = constraint.next(after: texts[row].tokens, image: row / task.options.beams)
    let token =
      sampling?.draw(distribution, of: next, &randoms[row])
      ?? (sampling == nil ? distribution.best(1, of: next).first : nil)
    guard let token else { throw Search.nothingToSay }
    texts[row].append(
      token, distribution.logProb(token),
      logShare: distribution.logProb(token, among: distribution.logSum(of: next)))
    isDone[row] = token == task.options.endID || texts[row].tokens.count == task.limit
  }
}
