extension GITBuilder {
  /// From `pixels` [B, F, 3, height, width] to the decoder's image tokens [B, N·F, text width], frame
  /// by frame in time order, N tokens each.
  mutating func projectedImage(_ pixels: Value) -> Value {
    let vision = configuration.vision
    let (batch, frames) = (Dimension.symbol("B"), Dimension.symbol("F"))
    let (tokens, width) = (image.tokens, Dimension(vision.width))

    var x = imageEncoder(
      graph.reshape(pixels, [batch * frames, 3, image.height, image.width]))
    if configuration.frames > 0 {
      x = graph.reshape(x, [batch, frames, tokens, width])
      x = graph.add(x, temporalEmbeddings(frames: frames))
    }
    x = graph.reshape(x, [batch, frames * tokens, width])

    let name = "git.visual_projection.visual_projection"
    x = linear(x, "\(name).0", from: vision.width, to: configuration.text.width)
    return layerNorm(
      x, "\(name).1", width: configuration.text.width, epsilon: configuration.epsilons.projection)
  }

  /// One vector per frame, [F, 1, vision width]: added to every token of its frame.
  private mutating func temporalEmbeddings(frames: Dimension) -> Value {
    let width = Dimension(configuration.vision.width)
    let vectors = (0..<configuration.frames).map {
      parameter("git.img_temporal_embedding.\($0)", [1, 1, width])
    }
    return graph.slice(graph.concat(vectors, axis: 0), axis: 0, from: 0, to: frames)
  }

  /// From `pixels` [images, 3, height, width] to features [images, N, width].
  mutating func imageEncoder(_ pixels: Value) -> Value {
    switch configuration.vision {
    case .vit(let vit): vitEncoder(pixels, vit)
    case .coswin(let coswin): coswinEncoder(pixels, coswin)
    }
  }

  /// The CLIP ViT: `pixels` [images, 3, height, width] to [images, N, width].
  ///
  /// The class token stays and the last norm is over all tokens, unlike in CLIP, which keeps the
  /// class token alone.
  private mutating func vitEncoder(_ pixels: Value, _ vision: GITConfiguration.ViT) -> Value {
    let epsilon = configuration.epsilons.vision
    let width = Dimension(vision.width)
    let patch = Dimension(vision.patchSize)
    let name = "git.image_encoder.vision_model"

    // A convolution whose kernel equals its stride, with the kernel in the files' shape.
    let kernel = parameter(
      "\(name).embeddings.patch_embedding.weight", [width, 3, patch, patch])
    let patches = graph.matMul(
      graph.patches(pixels, PatchForm(size: vision.patchSize)),
      graph.reshape(kernel, [width, 3 * patch * patch]), transposeB: true)
    let classToken = graph.broadcast(
      parameter("\(name).embeddings.class_embedding", [width]),
      to: [graph.shape(pixels)[0], 1, width])
    var x = graph.add(
      graph.concat([classToken, patches], axis: 1),
      positions("\(name).embeddings.position_embedding.weight", vision))
    x = layerNorm(x, "\(name).pre_layrnorm", width: vision.width, epsilon: epsilon)
    for layer in 0..<vision.layers {
      if layer == reduction.mergeAfterBlocks { x = mergedTokens(x) }
      x = encoderBlock(x, "\(name).encoder.layers.\(layer)", vision)
    }
    return layerNorm(x, "\(name).post_layernorm", width: vision.width, epsilon: epsilon)
  }

  /// A vector per token, [N, width]: the class token's, then those of the square grid that the model was
  /// trained with, interpolated to the image's.
  private mutating func positions(_ name: String, _ vision: GITConfiguration.ViT) -> Value {
    let (side, width) = (Dimension(vision.imageSize / vision.patchSize), Dimension(vision.width))
    let table = parameter(name, [side * side + 1, width])
    guard let grid = image.grid else { return table }
    let patches = graph.reshape(
      graph.slice(table, axis: 0, from: 1, to: side * side + 1), [side, side, width])
    let moved = graph.interpolate(patches, rows: grid.rows, columns: grid.columns)
    return graph.concat(
      [
        graph.slice(table, axis: 0, from: 0, to: 1),
        graph.reshape(moved, [grid.rows * grid.columns, width]),
      ], axis: 0)
  }

  /// Pre-LN: x += attention(norm(x)); x += MLP(norm(x)) with the quick GELU.
  private mutating func encoderBlock(
    _ input: Value, _ name: String, _ vision: GITConfiguration.ViT
  ) -> Value {
    let epsilon = configuration.epsilons.vision
    let names = AttentionNames(
      query: "\(name).self_attn.q_proj", key: "\(name).self_attn.k_proj",
      value: "\(name).self_attn.v_proj", output: "\(name).self_attn.out_proj")

    var y = layerNorm(input, "\(name).layer_norm1", width: vision.width, epsilon: epsilon)
    y = selfAttention(y, names, width: vision.width, heads: vision.heads)
    let x = graph.add(y, input)

    y = layerNorm(x, "\(name).layer_norm2", width: vision.width, epsilon: epsilon)
    y = graph.gelu(linear(y, "\(name).mlp.fc1", from: vision.width, to: vision.mlpWidth), .quick)
    y = linear(y, "\(name).mlp.fc2", from: vision.mlpWidth, to: vision.width)
    return graph.add(y, x)
  }
}
