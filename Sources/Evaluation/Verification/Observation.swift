import Captioning
import Diagnostics
import Formats
import Runtime
import Tokenizer

/// What a model says about one input, and what it thinks on the way.
struct Observation {
  let generation: Generation
  /// The tokens said: neither the prompt nor the end.
  let said: [Int]
  let features: [Float]
  /// After each token of a text from the last of the prompt on: f32[tokens, V].
  let logits: [Float]
  /// The natural logarithm of the probability of each token of that text after the prompt.
  let logProbs: [Double]
  /// The same as ``logits`` for each of the texts that the data gives.
  let referenceLogits: [[Float]]
  /// The likeliest of the classes; nil without any.
  let bestClass: Int?

  /// What a model is asked about one input; tokens, without the prompt.
  struct Questions {
    /// What the probabilities are of, the end included; nil for what the model says.
    var text: [Int]?
    /// Texts that are right, the end included.
    var references: [[Int]]
    /// Texts to choose from, the end included.
    var classes: [[Int]]
  }

  /// Runs a model.
  init(
    _ captioner: Captioner, _ pixels: InputPixels, prompt: [Int], _ questions: Questions
  ) throws(InputError) {
    let session = captioner.session
    let state = try session.encode(pixels.values, size: pixels.size, frames: pixels.frames)
    features = Array(state.features)
    let options = captioner.searchOptions(CaptionOptions())
    let found = try session.generate(state, prompt: prompt, options: options)[0]
    generation = found
    said = found.tokens.dropFirst(prompt.count).filter { $0 != options.endID }
    let text = questions.text ?? Array(found.tokens.dropFirst(prompt.count))
    let width = session.model.settings.vocabulary.count
    func logits(_ text: [Int]) throws(InputError) -> [Float] {
      if text.isEmpty { return [] }
      let all = try session.logits(state, tokens: prompt + text.dropLast())[0]
      return Array(all[((prompt.count - 1) * width)...])
    }
    self.logits = try logits(text)
    logProbs = try session.score(state, prompt: prompt, continuation: text).map { Double($0) }
    var referenceLogits: [[Float]] = []
    for reference in questions.references { referenceLogits.append(try logits(reference)) }
    self.referenceLogits = referenceLogits
    var best: (index: Int, logProb: Double)?
    for (index, text) in questions.classes.enumerated() {
      let scores = try session.score(state, prompt: prompt, continuation: text)
      let logProb = scores.reduce(0) { $0 + Double($1) }
      if logProb > best?.logProb ?? -.infinity { best = (index, logProb) }
    }
    bestClass = best?.index
  }
}
