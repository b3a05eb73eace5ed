/// What leaves out image tokens: see ``GIT/TokenReduction``.
extension GITBuilder {
  /// The class token and the means of every two neighbours of a row of patches: [images, 1 + 2·K, width]
  /// to [images, 1 + K, width].
  mutating func mergedTokens(_ x: Value) -> Value {
    let shape = graph.shape(x)
    let (images, all, width) = (shape[0], shape[1], shape[2])
    // Row by row, and a row is an even number: pairs do not cross its end.
    let pairs = graph.reshape(
      graph.slice(x, axis: 1, from: 1, to: all), [images, image.tokens - 1, 2 * width])
    let sum = graph.add(
      graph.slice(pairs, axis: 2, from: 0, to: width),
      graph.slice(pairs, axis: 2, from: width, to: 2 * width))
    return graph.concat(
      [graph.slice(x, axis: 1, from: 0, to: 1), graph.scale(sum, by: 0.5)], axis: 1)
  }

  /// The sequence without the half of its image tokens, rounded down in each frame, that matters least:
  /// `x` [B, F·N + T, width] to [B, F·⌈N/2⌉ + T, width].
  ///
  /// How much a token matters is the sum of what the F class tokens pay it in all heads.
  /// - Parameters:
  ///   - x: image rows, then text rows.
  ///   - rows: what the attention of the layer before multiplied.
  ///   - prefix: F·N.
  /// - Returns: the rows, and how many of them are image rows.
  mutating func droppingTokens(
    _ x: Value, _ rows: AttentionRows, prefix: Dimension
  ) -> (rows: Value, prefix: Dimension) {
    let text = configuration.text
    guard let tokens = image.tokens.constant else {
      preconditionFailure("tokens are dropped of images of one size")
    }
    let (frames, batch) = (Dimension.symbol("F"), graph.shape(x)[0])
    let width = Dimension(text.width)
    func imageRows(_ rows: Value) -> Value { graph.slice(rows, axis: 1, from: 0, to: prefix) }
    let frameQueries = graph.reshape(
      imageRows(rows.query), [batch, frames, Dimension(tokens), width])
    let classQueries = graph.reshape(
      graph.slice(frameQueries, axis: 2, from: 0, to: 1), [batch, frames, width])
    let scores = graph.scale(
      graph.matMul(
        divided(classQueries, heads: text.heads), divided(imageRows(rows.key), heads: text.heads),
        transposeB: true), by: 1 / Float(text.width / text.heads).squareRoot())
    let kept = Dimension((tokens + 1) / 2) * frames
    let image = graph.keepRows(
      imageRows(x), scores: graph.sum(graph.softmax(scores), axes: [1, 2]), count: kept)
    let words = graph.slice(x, axis: 1, from: prefix, to: prefix + .symbol("T"))
    return (graph.concat([image, words], axis: 1), kept)
  }
}
