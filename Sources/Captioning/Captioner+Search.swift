import Formats
package import Runtime
import Tokenizer

extension Captioner {
  /// The search that options ask for.
  ///
  /// - Precondition: the options are valid.
  package func searchOptions(_ options: CaptionOptions) -> SearchOptions {
    var search = SearchOptions(
      method(options),
      beams: options.sampling == nil ? options.beams : max(1, options.alternatives),
      maximumTokens: options.maximumTokens, lengthPenalty: lengthPenalty(options),
      endID: tokenizer.vocabulary.endID, classes: options.classes?.trie)
    for word in options.classes == nil ? options.banned : [] {
      let tokens = tokenizer.encode(word)
      // What the vocabulary cannot spell is never said.
      if tokens.contains(tokenizer.vocabulary.unknownID) { continue }
      if tokens.count == 1 { search.bannedIDs.insert(tokens[0]) }
      if tokens.count > 1 { search.bannedWords.append(tokens) }
    }
    return search
  }

  private func method(_ options: CaptionOptions) -> SearchOptions.Method {
    if let sampling = options.sampling {
      return .sampling(
        Sampling(
          temperature: Float(sampling.temperature), topK: sampling.topK, topP: sampling.topP,
          seed: sampling.seed))
    }
    return switch (options.search, options.earlyStopping) {
    case (.original, _): .originalBeamSearch
    case (.huggingFace, .heuristic): .beamSearch(.heuristic)
    case (.huggingFace, .always): .beamSearch(.always)
    case (.huggingFace, .never): .beamSearch(.never)
    }
  }

  private func lengthPenalty(_ options: CaptionOptions) -> Double {
    options.lengthPenalty
      ?? (options.search == .original ? 0.6 : options.classes == nil ? 1 : 0)
  }

  /// [CLS] and the question's tokens, of which the original asks the last 38 of the first 40.
  package func prompt(_ question: String?) -> [Int] {
    let tokens = question.map { tokenizer.encode($0) } ?? []
    let longest = min(Self.maximumTextLength, session.model.settings.maximumTextLength)
    return [tokenizer.vocabulary.startID]
      + tokens.prefix(Self.maximumTextLength).suffix(max(0, longest - 2))
  }

  /// What a search found, as a result.
  func caption(
    _ found: [Generation], prompt: [Int], options: CaptionOptions, name: String, frames: Int,
    timing: Caption.Timing
  ) -> Caption {
    let texts = found.map { text in
      let generated = text.tokens.dropFirst(prompt.count)
      return Caption.Alternative(
        caption: options.classes?.name(of: generated) ?? tokenizer.decode(Array(generated)),
        tokens: text.tokens, tokenLogProbs: text.tokenLogProbs, logProb: text.logProb,
        score: text.score, probability: text.share)
    }
    let best = texts[0]
    return Caption(
      input: name, question: options.question, caption: best.caption, tokens: best.tokens,
      tokenLogProbs: best.tokenLogProbs, logProb: best.logProb, score: best.score,
      probability: best.probability, frames: frames, timing: timing,
      alternatives: options.alternatives > 0 ? Array(texts.prefix(options.alternatives)) : nil)
  }
}
