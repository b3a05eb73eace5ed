package import Diagnostics
import Formats

extension ImageState {
  /// What the image encoder made: f32[images · frames, n, E]; valid as long as the state.
  package var features: UnsafeBufferPointer<Float> {
    UnsafeBufferPointer(prefix.function.input("features").assumingMemoryBound(to: Float.self))
  }
}

extension CaptionSession {
  /// The scores of every token after each of `tokens` and those before it: by image f32[tokens, V].
  ///
  /// - Precondition: `tokens` are of the vocabulary, at least one.
  /// - Throws: `.usage` for more tokens than the model's text length; otherwise as
  ///   ``generateAll(_:prompt:options:watch:)``.
  package func logits(_ state: ImageState, tokens: [Int]) throws(InputError) -> [[Float]] {
    precondition(!tokens.isEmpty, "a first token")
    let capacity = model.settings.maximumTextLength
    guard tokens.count <= capacity else {
      throw InputError(
        .usage, "the text is too long", expected: "\(capacity) tokens or fewer",
        found: "\(tokens.count)", in: "the text", advice: "use a shorter text")
    }
    let decoder = Decoder(self, state)
    try decoder.read(tokens)
    return (0..<state.images).map { image in
      tokens.indices.flatMap { Array(decoder.logits(image: image, position: $0)) }
    }
  }
}
