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
    var prefix = graph.shape(image)[1]
    var x = graph.concat([image, text], axis: 1)
    for layer in 0..<configuration.text.layers {
      let block = decoderBlock(x, "git.encoder.layer.\(layer)", prefix: prefix)
      x = block.result
      if layer + 1 == reduction.dropAfterLayers {
        (x, prefix) = droppingTokens(x, block.attended, prefix: prefix)
      }
    }
    return graph.slice(x, axis: 1, from: prefix, to: prefix + .symbol("T"))
  }

  /// One layer of the stack, and what its attention multiplied; the first `prefix` rows are an image's,
  /// 0 for text alone, causal.
  ///
  /// Post-LN, as in BERT: h = norm(x + attention(x)); y = norm(h + MLP(h)) with the exact GELU.
  mutating func decoderBlock(
    _ input: Value, _ name: String, prefix: Dimension
  ) -> (result: Value, attended: AttentionRows) {
    let text = configuration.text
    let epsilon = configuration.epsilons.decoder
    let names = AttentionNames(
      query: "\(name).attention.self.query", key: "\(name).attention.self.key",
      value: "\(name).attention.self.value", output: "\(name).attention.output.dense")

    let rows = attentionRows(input, names, width: text.width)
    var y = attention(
      rows, output: names.output, width: text.width, heads: text.heads, prefix: prefix)
    let x = layerNorm(
      graph.add(dropHidden(y), input), "\(name).attention.output.LayerNorm", width: text.width,
      epsilon: epsilon)

    y = linear(x, "\(name).intermediate.dense", from: text.width, to: text.mlpWidth)
    y = linear(graph.gelu(y, .erf), "\(name).output.dense", from: text.mlpWidth, to: text.width)
    let result = layerNorm(
      graph.add(dropHidden(y), x), "\(name).output.LayerNorm", width: text.width,
      epsilon: epsilon)
    return (result, rows)
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
