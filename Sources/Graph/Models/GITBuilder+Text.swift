extension GITBuilder {
  private static let wordTable = "git.embeddings.word_embeddings.weight"

  /// Rows for `tokens` [B, T]: word + position, normed; `name` is the parameters' prefix.
  ///
  /// Positions count text alone, from 0.
  mutating func embeddedText(_ tokens: Value, _ name: String = "git") -> Value {
    let text = configuration.text
    let width = Dimension(text.width)
    let words = parameter(
      "\(name).embeddings.word_embeddings.weight", [Dimension(text.vocabularySize), width])
    let positions = parameter(
      "\(name).embeddings.position_embeddings.weight", [Dimension(text.maximumTextLength), width])
    let x = graph.add(
      graph.embedding(words, ids: tokens),
      graph.slice(positions, axis: 0, from: 0, to: .symbol("T")))
    return dropHidden(
      layerNorm(
        x, "\(name).embeddings.LayerNorm", width: text.width,
        epsilon: configuration.epsilons.textEmbedding))
  }

  /// One stack over image rows, then text rows, under the prefix mask; gives the text rows.
  mutating func decoder(image: Value, text: Value) -> Value {
    let prefix = graph.shape(image)[1]
    let x = decoderBlocks(graph.concat([image, text], axis: 1), "git", prefix: prefix)
    return graph.slice(x, axis: 1, from: prefix, to: prefix + .symbol("T"))
  }

  /// The stack over rows of which the first `prefix` are an image's; 0 for text alone, causal.
  mutating func decoderBlocks(_ input: Value, _ name: String, prefix: Dimension) -> Value {
    (0..<configuration.text.layers).reduce(input) { x, layer in
      decoderBlock(x, "\(name).encoder.layer.\(layer)", prefix: prefix)
    }
  }

  /// Post-LN, as in BERT: h = norm(x + attention(x)); y = norm(h + MLP(h)) with the exact GELU.
  private mutating func decoderBlock(
    _ input: Value, _ name: String, prefix: Dimension
  ) -> Value {
    let text = configuration.text
    let epsilon = configuration.epsilons.decoder
    let names = AttentionNames(
      query: "\(name).attention.self.query", key: "\(name).attention.self.key",
      value: "\(name).attention.self.value", output: "\(name).attention.output.dense")

    var y = selfAttention(input, names, width: text.width, heads: text.heads, prefix: prefix)
    let x = layerNorm(
      graph.add(dropHidden(y), input), "\(name).attention.output.LayerNorm", width: text.width,
      epsilon: epsilon)

    y = linear(x, "\(name).intermediate.dense", from: text.width, to: text.mlpWidth)
    y = linear(graph.gelu(y, .erf), "\(name).output.dense", from: text.mlpWidth, to: text.width)
    return layerNorm(
      graph.add(dropHidden(y), x), "\(name).output.LayerNorm", width: text.width,
      epsilon: epsilon)
  }

  /// Scores over the vocabulary, with a bias even where the weights are the word table's.
  mutating func head(_ x: Value) -> Value {
    let text = configuration.text
    guard configuration.tiedHead,
      let words = graph.parameters.first(where: { $0.name == Self.wordTable })?.value
    else { return linear(x, "output", from: text.width, to: text.vocabularySize) }
    let bias = parameter("output.bias", [Dimension(text.vocabularySize)])
    return graph.add(graph.matMul(x, words, transposeB: true), bias)
  }
}
