extension GITBuilder {
  /// The CoSwin: `pixels` [images, 3, H, W] to [images, N, width], the last stage's map row by row.
  ///
  /// There is no class token; the last norm is over all tokens, as in Swin before its pooling.
  /// Parameters have the names of the port's modules, but for kernels with their channels last.
  mutating func coswinEncoder(_ pixels: Value, _ coswin: CoSwin) -> Value {
    let name = "git.image_encoder"
    var x = pixels
    for (index, stage) in coswin.stages.enumerated() {
      let name = "\(name).stages.\(index)"
      if index > 0 {
        let before = coswin.stages[index - 1]
        let (side, width) = (Dimension(before.side), Dimension(before.width))
        x = graph.reshape(x, [graph.shape(x)[0], side, side, width])
      }
      x = convolutionalEmbedding(
        x, stage, "\(name).patch_embedding", channelsLast: index > 0)
      let biases = WindowBiases(&graph, stage)
      for block in 0..<stage.depth {
        let shift = block % 2 == 1 ? stage.shift : 0
        x = swinBlock(
          x, "\(name).blocks.\(block)", stage, biases, shift: shift, mlpRatio: coswin.mlpRatio)
      }
    }
    return layerNorm(
      x, "\(name).layernorm", width: configuration.vision.width,
      epsilon: configuration.epsilons.vision)
  }

  /// CvT's: a convolution with bias, then a norm over channels; gives [images, N, width].
  ///
  /// `x` is pixels [images, channels, H, W], whose kernel is [width, channels, k, k]; or, with
  /// `channelsLast`, a map [images, H, W, channels], whose kernel is [width, k, k, channels].
  private mutating func convolutionalEmbedding(
    _ x: Value, _ stage: CoSwin.Stage, _ name: String, channelsLast: Bool
  ) -> Value {
    let (width, size) = (Dimension(stage.width), Dimension(stage.embedding.size))
    let channels = graph.shape(x)[channelsLast ? 3 : 1]
    let kernel = parameter(
      "\(name).projection.weight",
      channelsLast ? [width, size, size, channels] : [width, channels, size, size])
    let bias = parameter("\(name).projection.bias", [width])
    let form = PatchForm(
      size: stage.embedding.size, stride: stage.embedding.stride,
      padding: stage.embedding.padding, channelsLast: channelsLast)
    let rows = graph.matMul(
      graph.patches(x, form), graph.reshape(kernel, [width, size * size * channels]),
      transposeB: true)
    return layerNorm(
      graph.add(rows, bias), "\(name).normalization", width: stage.width,
      epsilon: configuration.epsilons.vision)
  }

  /// Pre-LN over windows: x += attention(norm(x)); x += MLP(norm(x)) with the erf GELU.
  private mutating func swinBlock(
    _ input: Value, _ name: String, _ stage: CoSwin.Stage, _ biases: WindowBiases, shift: Int,
    mlpRatio: Int
  ) -> Value {
    let epsilon = configuration.epsilons.vision
    let names = AttentionNames(
      query: "\(name).attention.q_proj", key: "\(name).attention.k_proj",
      value: "\(name).attention.v_proj", output: "\(name).attention.o_proj")
    let offsets = Dimension((2 * stage.window - 1) * (2 * stage.window - 1))
    let table = parameter(
      "\(name).attention.relative_position_bias.relative_position_bias_table",
      [offsets, Dimension(stage.heads)])
    let bias = biases.bias(&graph, table, isShifted: shift > 0)

    // All rows of a block but its attention's are on their own, so the whole block is over windows.
    let x = windows(input, stage, shift: shift)
    var y = layerNorm(x, "\(name).layernorm_before", width: stage.width, epsilon: epsilon)
    y = selfAttention(y, names, width: stage.width, heads: stage.heads, bias: bias)
    let attended = graph.add(y, x)

    let mlpWidth = mlpRatio * stage.width
    y = layerNorm(attended, "\(name).layernorm_after", width: stage.width, epsilon: epsilon)
    y = graph.gelu(
      linear(y, "\(name).mlp.fc1", from: stage.width, to: mlpWidth), .erf)
    y = linear(y, "\(name).mlp.fc2", from: mlpWidth, to: stage.width)
    return map(graph.add(y, attended), stage, shift: shift)
  }

  /// The windows of a map rolled back by `shift`: from [images, N, width] to [images · W, window²,
  /// width], windows row by row.
  private mutating func windows(_ x: Value, _ stage: CoSwin.Stage, shift: Int) -> Value {
    if stage.windows == 1 { return x }
    let images = graph.shape(x)[0]
    let (side, width) = (Dimension(stage.side), Dimension(stage.width))
    let (count, window) = (Dimension(stage.windows), Dimension(stage.window))
    let rolled = roll(graph.reshape(x, [images, side, side, width]), by: shift)
    let divided = graph.reshape(rolled, [images, count, window, count, window, width])
    return graph.reshape(
      graph.transpose(divided, [0, 1, 3, 2, 4, 5]),
      [images * count * count, window * window, width])
  }

  /// The inverse of `windows`.
  private mutating func map(_ x: Value, _ stage: CoSwin.Stage, shift: Int) -> Value {
    if stage.windows == 1 { return x }
    let images = graph.shape(x)[0].divided(by: stage.windows * stage.windows)
    let (side, width) = (Dimension(stage.side), Dimension(stage.width))
    let (count, window) = (Dimension(stage.windows), Dimension(stage.window))
    let divided = graph.reshape(x, [images, count, count, window, window, width])
    let joined = graph.reshape(
      graph.transpose(divided, [0, 1, 3, 2, 4, 5]), [images, side, side, width])
    let map = roll(joined, by: shift > 0 ? stage.side - shift : 0)
    return graph.reshape(map, [images, side * side, width])
  }

  /// A map [images, H, W, width] whose row and column i are those of i + shift, cyclically.
  private mutating func roll(_ x: Value, by shift: Int) -> Value {
    if shift == 0 { return x }
    var x = x
    for axis in [1, 2] {
      let (start, end) = (Dimension(shift), graph.shape(x)[axis])
      x = graph.concat(
        [
          graph.slice(x, axis: axis, from: start, to: end),
          graph.slice(x, axis: axis, from: 0, to: start),
        ], axis: axis)
    }
    return x
  }
}

/// What the blocks of a stage share of their attention's biases.
private struct WindowBiases {
  /// i32 [window², window²].
  private let index: Value
  /// f32 [W, 1, window², window²]; nil where nothing is shifted.
  private let mask: Value?

  init(_ graph: inout Graph, _ stage: CoSwin.Stage) {
    index = graph.relativeIndex(window: stage.window)
    guard stage.shift > 0, stage.depth > 1 else {
      mask = nil
      return
    }
    let tokens = Dimension(stage.window * stage.window)
    let windows = graph.windowMask(
      height: stage.side, width: stage.side, window: stage.window, shift: stage.shift)
    mask = graph.reshape(windows, [graph.shape(windows)[0], 1, tokens, tokens])
  }

  /// From a block's table [offsets, heads] to [heads, window², window²] or, shifted, [W, heads,
  /// window², window²].
  func bias(_ graph: inout Graph, _ table: Value, isShifted: Bool) -> Value {
    let relative = graph.transpose(graph.embedding(table, ids: index), [2, 0, 1])
    guard isShifted, let mask else { return relative }
    return graph.add(mask, relative)
  }
}
