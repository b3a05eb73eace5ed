import Diagnostics

/// Beam search as Hugging Face's `generate` does it, `early_stopping` false.
///
/// Each step looks at the 2·beams likeliest continuations. One that ends, or that is as long as may
/// be, is kept when it is among the first `beams`; of those that do not end, the first `beams` go on.
/// An image is done when it has `beams` finished texts and its likeliest unfinished one, scored at
/// its present length, is no better than the worst of them.
///
/// Among equals the lower token id comes first, then the earlier beam.
///
/// - Source: transformers 5, `GenerationMixin._beam_search`; there the length counts generated
///   tokens, the end token included.
struct BeamSearch<Model: StepModel> {
  private let model: Model
  private let prompt: [Int]
  private let limit: Int
  private let options: SearchOptions
  private var images: [Image]

  private struct Image {
    /// Unfinished texts, likeliest first; at first one without a token.
    var live = [Hypothesis()]
    /// The row of the model that each of `live` continues.
    var rows: [Int]
    /// A row of this image, for rows of the next step that nobody will read.
    var anyRow: Int
    /// Best first, at most as many as there are beams.
    var finished: [Hypothesis] = []
    var isDone = false
  }

  private struct Candidate {
    let total: Double
    let beam: Int
    let token: Int
    let logProb: Double
  }

  init(_ model: Model, images: Int, prompt: [Int], limit: Int, _ options: SearchOptions) {
    self.model = model
    self.prompt = prompt
    self.limit = limit
    self.options = options
    self.images = (0..<images).map { Image(rows: [$0], anyRow: $0) }
  }

  mutating func run() throws(InputError) -> [[Generation]] {
    let beams = options.beams
    try model.begin(
      prompt: prompt, images: images.count, sequencesPerImage: beams,
      longest: prompt.count + limit)
    for length in 1...limit {
      for index in images.indices where !images[index].isDone { try step(index, length) }
      if images.allSatisfy(\.isDone) { break }
      advance()
    }
    return images.map { image in image.finished.map { $0.generation(prompt, options) } }
  }

  /// One more token for image `index`, `length` with it.
  private mutating func step(_ index: Int, _ length: Int) throws(InputError) {
    let beams = options.beams
    let (old, oldRows) = (images[index].live, images[index].rows)
    var candidates: [Candidate] = []
    for (beam, row) in oldRows.enumerated() {
      let distribution = try Search.distribution(model, row)
      for token in distribution.best(2 * beams, except: options.bannedIDs) {
        let logProb = distribution.logProb(token)
        // A token that cannot come is no continuation.
        if logProb == -.infinity { continue }
        candidates.append(
          Candidate(total: old[beam].sum + logProb, beam: beam, token: token, logProb: logProb))
      }
    }
    guard !candidates.isEmpty else { throw Search.nothingToChoose }
    candidates.sort { ($1.total, $0.token, $0.beam) < ($0.total, $1.token, $1.beam) }

    images[index].live = []
    images[index].rows = []
    for (rank, candidate) in candidates.prefix(2 * beams).enumerated() {
      var hypothesis = old[candidate.beam]
      hypothesis.append(candidate.token, candidate.logProb)
      if candidate.token == options.endID || length == limit {
        if rank < beams { finish(hypothesis, index) }
      } else if images[index].live.count < beams {
        images[index].live.append(hypothesis)
        images[index].rows.append(oldRows[candidate.beam])
      }
    }
    let image = images[index]
    guard let best = image.live.first else {
      images[index].isDone = true
      return
    }
    if image.finished.count == beams, let worst = image.finished.last {
      images[index].isDone = best.score(options) <= worst.score(options)
    }
  }

  private mutating func finish(_ hypothesis: Hypothesis, _ index: Int) {
    let score = hypothesis.score(options)
    let position =
      images[index].finished.firstIndex { $0.score(options) < score }
      ?? images[index].finished.count
    images[index].finished.insert(hypothesis, at: position)
    if images[index].finished.count > options.beams { images[index].finished.removeLast() }
  }

  /// Puts the live texts of all images into the model's rows.
  private mutating func advance() {
    let beams = options.beams
    var parents: [Int] = []
    var tokens: [Int] = []
    for (index, image) in images.enumerated() {
      for beam in 0..<beams {
        let isRead = beam < image.live.count
        parents.append(isRead ? image.rows[beam] : image.anyRow)
        tokens.append((isRead ? image.live[beam].tokens.last : nil) ?? options.endID)
      }
      images[index].rows = image.live.indices.map { index * beams + $0 }
      images[index].anyRow = index * beams
    }
    model.advance(parents: parents, tokens: tokens)
  }
}
