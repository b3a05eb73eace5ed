/// Two towers, an image encoder and a text encoder, whose features of a pair are to agree: what a
/// captioner's encoder learns first.
///
/// The image tower is the captioner's encoder under the same names, so that it can be taken over. The
/// text tower has the decoder's blocks under the causal mask and is read at the last token. Both are
/// projected to one width and have length 1; the logits are their products times a learnt factor.
///
/// - Source: Radford et al. 2021 (CLIP), figure 3; Wang et al. 2022 (GIT), section 3.1.
package enum TwoTowers {
  /// What stands for a whole image.
  package enum Pooling: String, Sendable, CaseIterable {
    /// The class token of a ViT, as in CLIP.
    case classToken = "class"
    /// The mean of all tokens, as in Florence.
    case mean
  }

  /// What there is to choose beyond the captioner's configuration.
  package struct Options: Sendable, Equatable {
    /// Columns of the features.
    package var width: Int
    package var pooling: Pooling

    package init(width: Int, pooling: Pooling) {
      self.width = width
      self.pooling = pooling
    }
  }

  /// The logarithm of the factor, f32[1].
  package static let logitScale = "logit_scale"
  /// ln(1 / 0.07), what it starts from.
  package static let initialLogitScale: Float = 2.6592601
  /// ln 100, above which it is set back after every step.
  package static let maximumLogitScale: Float = 4.6051702

  /// The model as one graph of primitive ops.
  ///
  /// - Inputs: `pixels` f32[B, F, 3, S, S], normalised; `tokens` i32[B, T], each text from [CLS] to [SEP],
  ///   then anything; `ends` i32[B], where each ends: row b·T + last of all tokens in a row.
  /// - Outputs: `image_features` and `text_features` f32[B, D] of length 1; `logits` f32[B, B], row i
  ///   the similarities of image i to every text.
  /// - With `training` there are three more inputs, `seed` i32[1], `labels` i32[B], which is 0, 1, …, and
  ///   `corrections` f32[B, B]; and an output `loss` f32[].
  ///
  ///       loss = ½ (cross entropy of the rows + of the columns) + Σ corrections · logits
  ///
  ///   Without corrections image i goes with text i alone, which is CLIP's loss. UniCL's has targets
  ///   qᵢⱼ = 1 / |P(i)| for every text j in P(i), those that equal text i. The cross entropy with them is
  ///   that with label i plus Σⱼ ([i = j] − qᵢⱼ) · logitᵢⱼ: logarithms of sums stay as they are. As q is
  ///   symmetric, rows and columns are corrected alike, by ([i = j] − qᵢⱼ) / B.
  /// - Precondition: `configuration` passes `validated(place:)`; a CoSwin has no class token.
  /// - Source of UniCL: Yang et al. 2022, eq. 1–3, as in Florence (Yuan et al. 2021), with CLIP's ½.
  package static func logits(
    _ configuration: GITConfiguration, _ options: Options, training: TrainingOptions? = nil
  ) -> Graph {
    let (batch, width) = (Dimension.symbol("B"), Dimension(options.width))
    var builder = GITBuilder(configuration: configuration)
    let pixels = builder.graph.input(
      "pixels", .f32([batch, .symbol("F"), 3, builder.image.height, builder.image.width]))
    let tokens = builder.graph.input("tokens", TensorType(.i32, [batch, .symbol("T")]))
    let ends = builder.graph.input("ends", TensorType(.i32, [batch]))
    if let training {
      builder.dropout = GITBuilder.DropoutState(
        options: training, seed: builder.graph.input("seed", TensorType(.i32, [1])))
    }

    let image = builder.features(
      builder.pooledImage(pixels, options.pooling), "image_projection", width)
    let text = builder.features(builder.lastText(tokens, ends), "text_projection", width)
    let scale = builder.graph.exp(builder.parameter(logitScale, [1]))
    let logits = builder.graph.matMul(
      builder.graph.multiply(image, scale), text, transposeB: true)

    if training != nil {
      let labels = builder.graph.input("labels", TensorType(.i32, [batch]))
      let corrections = builder.graph.input("corrections", .f32([batch, batch]))
      builder.graph.output("loss", builder.contrast(logits, labels, corrections))
    }
    builder.graph.output("image_features", image)
    builder.graph.output("text_features", text)
    builder.graph.output("logits", logits)
    return builder.graph
  }
}

extension GITBuilder {
  /// `pixels` [B, F, 3, S, S] to [B, width], the sum over frames, and over tokens for the mean: lengths
  /// vanish later.
  fileprivate mutating func pooledImage(_ pixels: Value, _ pooling: TwoTowers.Pooling) -> Value {
    let (batch, frames) = (graph.shape(pixels)[0], graph.shape(pixels)[1])
    let (tokens, width) = (image.tokens, Dimension(configuration.vision.width))
    var x = imageEncoder(
      graph.reshape(pixels, [batch * frames, 3, image.height, image.width]))
    if pooling == .classToken { x = graph.slice(x, axis: 1, from: 0, to: 1) }
    let kept = pooling == .classToken ? 1 : tokens
    return graph.sum(graph.reshape(x, [batch, frames * kept, width]), axes: [1])
  }

  /// `tokens` [B, T] to [B, width], the rows `ends`.
  fileprivate mutating func lastText(_ tokens: Value, _ ends: Value) -> Value {
    let x = (0..<configuration.text.layers).reduce(embeddedText(tokens, "text_tower")) { x, layer in
      decoderBlock(x, "text_tower.encoder.layer.\(layer)", prefix: 0).result
    }
    let shape = graph.shape(x)
    return graph.embedding(graph.reshape(x, [shape[0] * shape[1], shape[2]]), ids: ends)
  }

  /// Projected without bias, then of length 1.
  fileprivate mutating func features(_ x: Value, _ name: String, _ width: Dimension) -> Value {
    let weight = parameter("\(name).weight", [width, graph.shape(x)[1]])
    let projected = graph.matMul(x, weight, transposeB: true)
    let squares = graph.sum(graph.multiply(projected, projected), axes: [1])
    // Keeps a row of zeros from becoming 0 · ∞.
    let lengths = graph.rsqrt(graph.add(squares, graph.constant(1e-12)))
    return graph.multiply(projected, graph.reshape(lengths, [graph.shape(x)[0], 1]))
  }

  fileprivate mutating func contrast(
    _ logits: Value, _ labels: Value, _ corrections: Value
  ) -> Value {
    let plain = Smoothing(form: .uniform, amount: 0)
    let rows = graph.crossEntropy(logits, labels: labels, smoothing: plain)
    let columns = graph.crossEntropy(
      graph.transpose(logits, [1, 0]), labels: labels, smoothing: plain)
    let correction = graph.sum(graph.multiply(logits, corrections), axes: [0, 1])
    return graph.add(graph.scale(graph.add(rows, columns), by: 0.5), correction)
  }
}
