/// What a training graph has beyond the model itself.
package struct TrainingOptions: Sendable, Hashable {
  /// Share of elements dropped in the decoder's hidden rows, in [0, 1); 0.1 in the released models.
  package var dropout: Float
  /// Share of attention probabilities dropped in the decoder.
  ///
  /// 0, the default, although the original has 0.1: dropped probabilities must be written out, so
  /// attention could not be fused.
  package var attentionDropout: Float
  /// How labels are smoothed; the released models were trained with `.kl` 0.1.
  package var smoothing: Smoothing

  package init(dropout: Float, attentionDropout: Float = 0, smoothing: Smoothing) {
    self.dropout = dropout
    self.attentionDropout = attentionDropout
    self.smoothing = smoothing
  }
}

/// GIT: one image encoder, one text decoder, next-token prediction.
///
/// - Source: Wang et al. 2022, "GIT: A Generative Image-to-text Transformer for Vision and
///   Language", section 3; parameter names are those of the port whose files are public.
package enum GIT {
  /// What images a graph takes.
  package enum ImageSizes: Sendable {
    /// Squares of the configuration's size.
    case one
    /// Of a ViT: any whole number of patches, H rows and W columns of them. The positions, which the
    /// model has for a square, are interpolated to that grid.
    case any
  }

  /// Fewer image tokens than the model was made with: less to compute, at some loss.
  package struct TokenReduction: Sendable, Hashable {
    /// After so many blocks of the encoder, at least one and not all, every two neighbours of a row of
    /// patches become their mean; nil: never.
    ///
    /// What follows, in the encoder and in the decoder, sees half as many tokens. Tokens of late blocks
    /// have mixed with their neighbours, so that a mean loses little of them.
    /// - Source: token merging (Bolya et al. 2023) joins the most similar tokens of each image, in every
    ///   block; joining neighbours once needs no comparison and keeps all shapes known.
    package var mergeAfterBlocks: Int?
    /// After so many layers of the decoder, at least one and not all, the half of the image tokens that
    /// the frames' class tokens attend to least in the last of those layers is dropped; nil: never.
    ///
    /// Of a clip it is the half of all its tokens, which may be more of one frame than of another.
    /// - Source: FastV (Chen et al. 2024), which ranks by the attention of the last text token. Here image
    ///   tokens never see the text, so class tokens say what matters, as in EViT (Liang et al. 2022).
    package var dropAfterLayers: Int?

    package init(mergeAfterBlocks: Int? = nil, dropAfterLayers: Int? = nil) {
      (self.mergeAfterBlocks, self.dropAfterLayers) = (mergeAfterBlocks, dropAfterLayers)
    }

    /// The model as it was made.
    package static let none = TokenReduction()
  }

  /// The model as one graph of primitive ops.
  ///
  /// - Inputs: `pixels` f32[B, F, 3, S, S], normalised, S the image size, or with `.any` sizes
  ///   f32[B, F, 3, p·H, p·W], p the side of a patch; `tokens` i32[B, T], starting with [CLS].
  ///   Symbols: B images or clips, F frames each, T text tokens, H rows and W columns of patches.
  /// - Output: `logits` f32[B, T, V]; row t scores the token after position t.
  /// - With `training` there are two more inputs, `seed` i32[1], new at every step, and `labels`
  ///   i32[B, T], where label t is the token after position t, negative where nothing is to be
  ///   learnt; and an output `loss` f32[]. `seed` is there even when nothing is dropped.
  /// - `reduction` is for a ViT of one size, merging for one with an even number of patches per side.
  /// - Precondition: `configuration` passes `validated(place:)`; only a ViT takes `.any` sizes. When the graph runs, T is at most
  ///   `maximumTextLength` and F at most `frames`, unless that is 0.
  package static func logits(
    _ configuration: GITConfiguration, sizes: ImageSizes = .one,
    reduction: TokenReduction = .none, training: TrainingOptions? = nil
  ) -> Graph {
    let text = TensorType(.i32, [.symbol("B"), .symbol("T")])
    var builder = GITBuilder(configuration: configuration, sizes: sizes, reduction: reduction)
    let pixels = builder.graph.input(
      "pixels",
      .f32([.symbol("B"), .symbol("F"), 3, builder.image.height, builder.image.width]))
    let tokens = builder.graph.input("tokens", text)
    if let training {
      builder.dropout = GITBuilder.DropoutState(
        options: training, seed: builder.graph.input("seed", TensorType(.i32, [1])))
    }

    let imageRows = builder.projectedImage(pixels)
    let textRows = builder.embeddedText(tokens)
    let logits = builder.head(builder.decoder(image: imageRows, text: textRows))

    if let training {
      let labels = builder.graph.input("labels", text)
      let loss = builder.graph.crossEntropy(logits, labels: labels, smoothing: training.smoothing)
      builder.graph.output("loss", loss)
    }
    builder.graph.output("logits", logits)
    return builder.graph
  }
}

/// The parts that encoder and decoder share, and the state of building.
struct GITBuilder {
  /// What dropout needs while a training graph grows.
  struct DropoutState {
    let options: TrainingOptions
    let seed: Value
    /// Counts the dropouts, so that each draws its own elements.
    var salt = 0
  }

  /// The size of images.
  struct ImageShape {
    let height: Dimension
    let width: Dimension
    /// What the decoder sees of one.
    let tokens: Dimension
    /// Rows and columns of patches where they are bound when the graph runs; nil for one size.
    var grid: (rows: Dimension, columns: Dimension)?
  }

  let configuration: GITConfiguration
  let image: ImageShape
  let reduction: GIT.TokenReduction
  var graph = Graph()
  /// nil in an inference graph.
  var dropout: DropoutState?

  init(
    configuration: GITConfiguration, sizes: GIT.ImageSizes = .one,
    reduction: GIT.TokenReduction = .none
  ) {
    self.configuration = configuration
    self.reduction = reduction
    let side = Dimension(configuration.vision.imageSize)
    switch (sizes, configuration.vision) {
    case (.one, .vit(let vit)) where reduction.mergeAfterBlocks != nil:
      let patches = vit.imageSize / vit.patchSize
      precondition(patches.isMultiple(of: 2), "an even number of patches per side")
      image = ImageShape(height: side, width: side, tokens: Dimension(1 + patches * patches / 2))
    case (.any, _) where reduction != .none, (_, .coswin) where reduction != .none:
      preconditionFailure("fewer tokens of a ViT of one size")
    case (.one, _):
      image = ImageShape(
        height: side, width: side, tokens: Dimension(configuration.tokensPerFrame))
    case (.any, .vit(let vit)):
      let (rows, columns) = (Dimension.symbol("H"), Dimension.symbol("W"))
      let patch = Dimension(vit.patchSize)
      image = ImageShape(
        height: rows * patch, width: columns * patch, tokens: rows * columns + 1,
        grid: (rows, columns))
    case (.any, .coswin): preconditionFailure("windows divide an image of a known size")
    }
  }

  mutating func parameter(_ name: String, _ shape: Shape) -> Value {
    graph.parameter(name, .f32(shape))
  }

  /// x · Wᵀ + b with the parameters `name.weight` and `name.bias`.
  mutating func linear(_ x: Value, _ name: String, from inputs: Int, to outputs: Int) -> Value {
    let weight = parameter("\(name).weight", [Dimension(outputs), Dimension(inputs)])
    let bias = parameter("\(name).bias", [Dimension(outputs)])
    return graph.add(graph.matMul(x, weight, transposeB: true), bias)
  }

  mutating func layerNorm(_ x: Value, _ name: String, width: Int, epsilon: Float) -> Value {
    let gamma = parameter("\(name).weight", [Dimension(width)])
    let beta = parameter("\(name).bias", [Dimension(width)])
    return graph.layerNorm(x, gamma: gamma, beta: beta, epsilon: epsilon)
  }

  /// The names of an attention block's projections, under its prefix.
  struct AttentionNames {
    let query: String
    let key: String
    let value: String
    let output: String
  }

  /// What attention multiplies: projections of the same rows [batch, rows, width].
  struct AttentionRows {
    let query: Value
    let key: Value
    let value: Value
  }

  mutating func attentionRows(_ x: Value, _ names: AttentionNames, width: Int) -> AttentionRows {
    AttentionRows(
      query: linear(x, names.query, from: width, to: width),
      key: linear(x, names.key, from: width, to: width),
      value: linear(x, names.value, from: width, to: width))
  }

  /// Multi-head self-attention of `x` [batch, rows, width] with its output projection.
  ///
  /// Every token sees every token and nothing is dropped. `bias` [heads, rows, rows] is added to the
  /// scaled scores; one of [W, heads, rows, rows] has an entry for each of W batch elements in turn.
  mutating func selfAttention(
    _ x: Value, _ names: AttentionNames, width: Int, heads: Int, bias: Value? = nil
  ) -> Value {
    let rows = attentionRows(x, names, width: width)
    return attention(rows, output: names.output, width: width, heads: heads, bias: bias)
  }

  /// Multi-head attention of rows that are projected already, with its output projection.
  ///
  /// `prefix` is the number of image tokens at the front for the decoder's mask and its dropout; nil
  /// for the encoder.
  mutating func attention(
    _ rows: AttentionRows, output: String, width: Int, heads: Int, prefix: Dimension? = nil,
    bias: Value? = nil
  ) -> Value {
    let shape = graph.shape(rows.query)
    let query = divided(rows.query, heads: heads)
    let key = divided(rows.key, heads: heads)
    let value = divided(rows.value, heads: heads)

    var scores = graph.matMul(query, key, transposeB: true)
    scores = graph.scale(scores, by: 1 / Float(width / heads).squareRoot())
    if let bias { scores = adding(bias, to: scores) }
    if let prefix { scores = graph.prefixMask(scores, prefix: prefix) }
    var probabilities = graph.softmax(scores)
    if prefix != nil, let rate = dropout?.options.attentionDropout {
      probabilities = drop(probabilities, rate: rate)
    }
    let mixed = graph.transpose(graph.matMul(probabilities, value), [0, 2, 1, 3])
    return linear(graph.reshape(mixed, shape), output, from: width, to: width)
  }

  private mutating func adding(_ bias: Value, to scores: Value) -> Value {
    let (shape, entries) = (graph.shape(scores), graph.shape(bias)[0])
    guard graph.shape(bias).count == shape.count, let count = entries.constant else {
      return graph.add(scores, bias)
    }
    let divided = [shape[0].divided(by: count), entries] + shape.dropFirst()
    return graph.reshape(graph.add(graph.reshape(scores, divided), bias), shape)
  }

  /// Rows [batch, rows, width] by heads: [batch, heads, rows, width / heads].
  mutating func divided(_ rows: Value, heads: Int) -> Value {
    let shape = graph.shape(rows)
    let width = shape[2].divided(by: heads)
    return graph.transpose(
      graph.reshape(rows, [shape[0], shape[1], Dimension(heads), width]), [0, 2, 1, 3])
  }

  /// `x` with dropout of the decoder's rate, or `x` itself in an inference graph.
  mutating func dropHidden(_ x: Value) -> Value { drop(x, rate: dropout?.options.dropout ?? 0) }

  private mutating func drop(_ x: Value, rate: Float) -> Value {
    guard rate > 0, let state = dropout else { return x }
    dropout?.salt += 1
    return graph.dropout(x, seed: state.seed, rate: rate, salt: state.salt)
  }
}
