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

  /// Runs a model; the probabilities are those of `text`, prompt included, or of what it says.
  init(
    _ captioner: Captioner, _ pixels: InputPixels, question: String?, text: [Int]?
  ) throws(InputError) {
    let session = captioner.session
    let state = try pixels.values.withUnsafeBufferPointer { (values) throws(InputError) in
      try session.encode(pixels: values, frames: pixels.frames)
    }
    features = Array(state.features)
    let prompt = captioner.prompt(question)
    let endID = captioner.tokenizer.vocabulary.endID
    let found = try session.generate(
      state, prompt: prompt,
      options: SearchOptions(maximumTokens: CaptionOptions().maximumTokens, endID: endID))[0]
    generation = found
    said = found.tokens.dropFirst(prompt.count).filter { $0 != endID }
    let text = text ?? found.tokens
    let width = session.model.settings.vocabulary.count
    logits = Array(
      try session.logits(state, tokens: Array(text.dropLast()))[((prompt.count - 1) * width)...])
    logProbs = try session.score(
      state, prompt: prompt, continuation: Array(text.dropFirst(prompt.count))
    ).map { Double($0) }
  }
}
