/// Beam search as Hugging Face's `generate` does it.
///
/// A continuation that ends, or that is as long as may be, is kept when it is among the first `beams`;
/// of those that do not end, the first `beams` go on. An image is done when it has `beams` finished texts
/// and `early_stopping` says so.
///
/// - Source: transformers 5, `GenerationMixin._beam_search`; there the length counts generated
///   tokens, the end token included.
struct HuggingFaceBeamRule: BeamRule {
  private let task: SearchTask
  private let earlyStopping: SearchOptions.EarlyStopping
  /// Best first, at most as many as there are beams.
  private var finished: [(text: Hypothesis, score: Double)] = []
  private(set) var isDone = false

  init(_ task: SearchTask, _ earlyStopping: SearchOptions.EarlyStopping) {
    (self.task, self.earlyStopping) = (task, earlyStopping)
  }

  var generations: [Generation] { finished.map { $0.text.generation(task, score: $0.score) } }

  mutating func take(_ candidates: [BeamCandidate], isLast: Bool) -> [BeamCandidate] {
    let beams = task.options.beams
    var live: [BeamCandidate] = []
    for (rank, candidate) in candidates.enumerated() {
      if candidate.token == task.options.endID || isLast {
        if rank < beams { keep(candidate.text) }
      } else if live.count < beams {
        live.append(candidate)
      }
    }
    if let best = live.first?.text, finished.count == beams, let worst = finished.last {
      isDone = hope(of: best) <= worst.score
    }
    return live
  }

  /// The score that an unfinished text is thought to reach.
  private func hope(of text: Hypothesis) -> Double {
    let options = task.options
    return switch earlyStopping {
    case .always: -.infinity
    case .never where options.lengthPenalty > 0:
      options.score(logProb: text.sum, count: task.limit)
    case .never, .heuristic: text.score(options)
    }
  }

  private mutating func keep(_ text: Hypothesis) {
    let score = text.score(task.options)
    let position = finished.firstIndex { $0.score < score } ?? finished.count
    finished.insert((text, score), at: position)
    if finished.count > task.options.beams { finished.removeLast() }
  }
}

/// Beam search as the original repository does it.
///
/// Continuations are walked from the likeliest on, until `beams` of them go on. One that ends, or that
/// is as long as may be, is a finished text: without its last token, but ranked by the sum with it,
/// divided by ((5 + length) / 6) ^ penalty; the length counts the whole prompt and not the end token.
/// Only the best finished text is kept. The image is done when that is no worse than the likeliest
/// continuation would be at one less than the greatest length, which no text can beat.
///
/// The tokens told are those before the end token and, where it came, the end token; a last token that
/// only ran into the greatest length is left out, as in the original, though the score counts it.
///
/// - Source: microsoft/GenerativeImage2Text, `GeneratorWithBeamSearch` and `BeamHypotheses` with
///   `num_keep_best` 1; the length penalty is Wu et al. 2016, equation 14, without its coverage.
struct OriginalBeamRule: BeamRule {
  private let task: SearchTask
  private var best: (text: Hypothesis, score: Double)?
  private(set) var isDone = false

  init(_ task: SearchTask) { self.task = task }

  var generations: [Generation] {
    best.map { [$0.text.generation(task, score: $0.score)] } ?? []
  }

  mutating func take(_ candidates: [BeamCandidate], isLast: Bool) -> [BeamCandidate] {
    let (prompt, beams) = (task.prompt.count, task.options.beams)
    if let best, let likeliest = candidates.first {
      isDone = best.score >= score(likeliest.text.sum, length: prompt + task.limit - 1)
      if isDone { return [] }
    }
    var live: [BeamCandidate] = []
    for candidate in candidates where live.count < beams {
      let ends = candidate.token == task.options.endID
      guard ends || isLast else {
        live.append(candidate)
        continue
      }
      let length = prompt + candidate.text.tokens.count - 1
      let score = score(candidate.text.sum, length: length)
      if let best, score <= best.score { continue }
      best = (ends ? candidate.text : candidate.parent, score)
    }
    return live
  }

  private func score(_ sum: Double, length: Int) -> Double {
    sum / power(Double(5 + length) / 6, task.options.lengthPenalty)
  }
}
