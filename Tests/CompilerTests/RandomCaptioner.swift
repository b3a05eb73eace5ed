import Graph
import Randomness
import Reference
import Testing

/// A captioner of the family with its choices drawn at random: what the compiler must take apart
/// whatever the sizes, norms, activations and biases are.
struct RandomCaptioner: Sendable, CustomTestStringConvertible {
  let seed: UInt64
  let graph: Graph
  let decoderLayers: Int
  let imageSize: Int
  let vocabulary: Int
  /// 0 for a model without temporal embeddings.
  let frames: Int
  /// Whether the prefix is a text of other tokens, not an image.
  let hasTextPrefix: Bool
  let testDescription: String

  init(seed: UInt64) {
    var builder = Builder(seed: seed)
    let choices = builder.choices
    self.seed = seed
    decoderLayers = choices.decoderLayers
    imageSize = Choices.imageSize
    vocabulary = Choices.vocabulary
    frames = choices.frames
    hasTextPrefix = choices.encoder == .text
    testDescription = "seed \(seed): \(choices)"
    graph = builder.captioner()
  }

  /// What stands in front of the decoder.
  fileprivate enum Encoder: CaseIterable {
    /// A transformer over all patches.
    case plain
    /// Attention within windows of a grid, every other layer on a shifted grid, then 2 x 2 patches
    /// merged, as in Swin.
    case windows
    /// No image: other tokens.
    case text
  }

  /// One decision per property.
  fileprivate struct Choices: CustomStringConvertible {
    static let (vocabulary, positions) = (9, 12)
    /// A grid of 4 x 4 patches, whose windows are 2 x 2.
    static let (imageSize, patch, grid, window) = (8, 2, 4, 2)

    let heads, headWidth, visionWidth, encoderLayers, decoderLayers, frames: Int
    let encoderIsPostNorm, decoderIsPreNorm, hasBias, hasClassToken, isTied, hasPositions: Bool
    let scalesQueries, hasFinalNorm, projects, isParallel, isGated, scalesLayers: Bool
    let gelu: GeluForm
    let encoder: Encoder

    var width: Int { heads * headWidth }

    init(_ random: inout SeededRandom) {
      func flip(_ random: inout SeededRandom) -> Bool { Bool.random(using: &random) }
      heads = [1, 2, 4].randomElement(using: &random) ?? 1
      headWidth = Int.random(in: 1...4, using: &random)
      projects = flip(&random)
      visionWidth = heads * headWidth * (projects ? 2 : 1)
      encoderLayers = Int.random(in: 0...2, using: &random)
      decoderLayers = Int.random(in: 1...3, using: &random)
      frames = flip(&random) ? Int.random(in: 1...4, using: &random) : 0
      encoderIsPostNorm = flip(&random)
      decoderIsPreNorm = flip(&random)
      hasBias = flip(&random)
      hasClassToken = flip(&random)
      isTied = flip(&random)
      hasPositions = flip(&random)
      scalesQueries = flip(&random)
      hasFinalNorm = flip(&random)
      isParallel = flip(&random)
      gelu = GeluForm.allCases.randomElement(using: &random) ?? .erf
      isGated = flip(&random)
      scalesLayers = flip(&random)
      encoder = Encoder.allCases.randomElement(using: &random) ?? .plain
    }

    var description: String {
      """
      \(encoder), width \(width), heads \(heads), vision \(visionWidth), layers \(encoderLayers)+\(decoderLayers), \
      frames \(frames), post-norm encoder \(encoderIsPostNorm), pre-norm decoder \
      \(decoderIsPreNorm), bias \(hasBias), class token \(hasClassToken), tied \(isTied), positions \
      \(hasPositions), scaled queries \(scalesQueries), final norm \(hasFinalNorm), parallel \
      \(isParallel), gated \(isGated), scaled layers \(scalesLayers)
      """
    }
  }

  private struct Builder {
    let choices: Choices
    var graph = Graph()
    private var count = 0

    init(seed: UInt64) {
      var random = SeededRandom(seed: seed)
      choices = Choices(&random)
    }

    mutating func captioner() -> Graph {
      let side = Dimension(Choices.imageSize)
      let (batch, frames, text) = (
        Dimension.symbol("B"), Dimension.symbol("F"), Dimension.symbol("T")
      )
      let tokens: Value
      let image: Value
      if choices.encoder == .text {
        tokens = graph.input("tokens", TensorType(.i32, [batch, text]))
        let context = graph.input("context", TensorType(.i32, [batch, .symbol("C")]))
        image = self.context(context)
      } else {
        let pixels = graph.input("pixels", .f32([batch, frames, 3, side, side]))
        tokens = graph.input("tokens", TensorType(.i32, [batch, text]))
        image = self.image(graph.reshape(pixels, [batch * frames, 3, side, side]))
      }

      let width = Dimension(choices.width)
      let words = parameter([Dimension(Choices.vocabulary), width])
      var rows = graph.embedding(words, ids: tokens)
      if choices.hasPositions {
        let table = parameter([Dimension(Choices.positions), width])
        rows = graph.add(rows, graph.slice(table, axis: 0, from: 0, to: text))
      }
      if !choices.decoderIsPreNorm { rows = norm(rows) }

      let prefix = graph.shape(image)[1]
      var x = graph.concat([image, rows], axis: 1)
      for _ in 0..<choices.decoderLayers {
        x = block(x, isPostNorm: !choices.decoderIsPreNorm, prefix: prefix)
      }
      if choices.hasFinalNorm { x = norm(x) }
      x = graph.slice(x, axis: 1, from: prefix, to: prefix + text)
      graph.output(
        "logits",
        choices.isTied
          ? graph.matMul(x, words, transposeB: true) : linear(x, to: Choices.vocabulary))
      return graph
    }

    /// Rows of a text that is given, in a table of their own, mixed before the decoder.
    private mutating func context(_ tokens: Value) -> Value {
      let width = Dimension(choices.width)
      let words = parameter([Dimension(Choices.vocabulary), width])
      var x = graph.embedding(words, ids: tokens)
      if choices.hasPositions {
        let table = parameter([Dimension(Choices.positions), width])
        x = graph.add(x, graph.slice(table, axis: 0, from: 0, to: .symbol("C")))
      }
      for _ in 0..<choices.encoderLayers {
        x = block(x, isPostNorm: choices.encoderIsPostNorm, prefix: nil)
      }
      return x
    }

    /// Windows of the grid as sequences, and back: [B*F, 16, D] <-> [B*F*4, 4, D].
    private mutating func windows(_ x: Value, joining: Bool) -> Value {
      let images = Dimension.symbol("B") * Dimension.symbol("F")
      let width = Dimension(choices.visionWidth)
      let (count, side) = (
        Dimension(Choices.grid / Choices.window), Dimension(Choices.window)
      )
      let split: Shape =
        joining
        ? [images, count, count, side, side, width] : [images, count, side, count, side, width]
      let moved = graph.transpose(graph.reshape(x, split), [0, 1, 3, 2, 4, 5])
      let rows: Shape =
        joining
        ? [images, count * side * count * side, width]
        : [images * count * count, side * side, width]
      return graph.reshape(moved, rows)
    }

    /// The grid moved by one row and one column, round the edge, or back.
    private mutating func shifted(_ x: Value, back: Bool) -> Value {
      let images = Dimension.symbol("B") * Dimension.symbol("F")
      let (side, width) = (Dimension(Choices.grid), Dimension(choices.visionWidth))
      let border = back ? side - 1 : 1
      var grid = graph.reshape(x, [images, side, side, width])
      for axis in [1, 2] {
        let (first, second) = (
          graph.slice(grid, axis: axis, from: 0, to: border),
          graph.slice(grid, axis: axis, from: border, to: side)
        )
        grid = graph.concat([second, first], axis: axis)
      }
      return graph.reshape(grid, [images, side * side, width])
    }

    /// Every 2 x 2 patches become one: [B*F, 16, D] -> [B*F, 4, D].
    private mutating func merged(_ x: Value) -> Value {
      let images = Dimension.symbol("B") * Dimension.symbol("F")
      let width = Dimension(choices.visionWidth)
      let four = graph.reshape(windows(x, joining: false), [images, 4, 4 * width])
      return linear(norm(four), to: choices.visionWidth)
    }

    private mutating func windowed(_ patches: Value) -> Value {
      var x = patches
      for layer in 0..<choices.encoderLayers {
        if layer == 1 { x = shifted(x, back: false) }
        x = windows(x, joining: false)
        x = block(x, isPostNorm: choices.encoderIsPostNorm, prefix: nil)
        x = windows(x, joining: true)
        if layer == 1 { x = shifted(x, back: true) }
      }
      return merged(x)
    }

    private mutating func image(_ pixels: Value) -> Value {
      let (batch, frames) = (Dimension.symbol("B"), Dimension.symbol("F"))
      let width = Dimension(choices.visionWidth)
      var x = linear(graph.patches(pixels, PatchForm(size: Choices.patch)), to: choices.visionWidth)
      if choices.encoder == .windows { x = windowed(x) }
      if choices.hasClassToken {
        let token = graph.broadcast(parameter([width]), to: [batch * frames, 1, width])
        x = graph.concat([token, x], axis: 1)
      }
      x = graph.add(x, parameter([graph.shape(x)[1], width]))
      for _ in 0..<(choices.encoder == .windows ? 0 : choices.encoderLayers) {
        x = block(x, isPostNorm: choices.encoderIsPostNorm, prefix: nil)
      }
      let tokens = graph.shape(x)[1]
      if choices.frames > 0 {
        x = graph.reshape(x, [batch, frames, tokens, width])
        let vectors = (0..<choices.frames).map { _ in parameter([1, 1, width]) }
        let table = graph.concat(vectors, axis: 0)
        x = graph.add(x, graph.slice(table, axis: 0, from: 0, to: frames))
      }
      x = graph.reshape(x, [batch, frames * tokens, width])
      return choices.projects ? norm(linear(x, to: choices.width)) : x
    }

    /// A transformer block, or one whose attention and feed-forward read the same rows.
    private mutating func block(_ x: Value, isPostNorm: Bool, prefix: Dimension?) -> Value {
      let read = isPostNorm ? x : norm(x)
      let mixed = attention(read, prefix: prefix)
      if choices.isParallel {
        let both = graph.add(mixed, feedForward(read))
        return residual(x, both, isPostNorm)
      }
      let y = residual(x, mixed, isPostNorm)
      return residual(y, feedForward(isPostNorm ? y : norm(y)), isPostNorm)
    }

    private mutating func residual(_ x: Value, _ y: Value, _ isPostNorm: Bool) -> Value {
      let scaled = choices.scalesLayers ? graph.multiply(y, parameter([graph.shape(y)[2]])) : y
      let sum = graph.add(scaled, x)
      return isPostNorm ? norm(sum) : sum
    }

    private mutating func feedForward(_ x: Value) -> Value {
      let width = graph.shape(x)[2].constant ?? 0
      var hidden = graph.gelu(linear(x, to: width + 3), choices.gelu)
      if choices.isGated { hidden = graph.multiply(hidden, linear(x, to: width + 3)) }
      return linear(hidden, to: width)
    }

    private mutating func attention(_ x: Value, prefix: Dimension?) -> Value {
      let shape = graph.shape(x)
      let width = shape[2].constant ?? 0
      let scale = 1 / Float(width / choices.heads).squareRoot()
      var q = heads(x)
      let (k, v) = (heads(x), heads(x))
      if choices.scalesQueries { q = graph.scale(q, by: scale) }
      var scores = graph.matMul(q, k, transposeB: true)
      if !choices.scalesQueries { scores = graph.scale(scores, by: scale) }
      if let prefix { scores = graph.prefixMask(scores, prefix: prefix) }
      let rows = graph.transpose(graph.matMul(graph.softmax(scores), v), [0, 2, 1, 3])
      return linear(graph.reshape(rows, shape), to: width)
    }

    private mutating func heads(_ x: Value) -> Value {
      let shape = graph.shape(x)
      let width = shape[2].constant ?? 0
      let projected = linear(x, to: width)
      let split: Shape = [
        shape[0], shape[1], Dimension(choices.heads), Dimension(width / choices.heads),
      ]
      return graph.transpose(graph.reshape(projected, split), [0, 2, 1, 3])
    }

    private mutating func linear(_ x: Value, to outputs: Int) -> Value {
      let inputs = graph.shape(x)[2]
      let product = graph.matMul(
        x, parameter([Dimension(outputs), inputs]), transposeB: true)
      return choices.hasBias ? graph.add(product, parameter([Dimension(outputs)])) : product
    }

    private mutating func norm(_ x: Value) -> Value {
      let width = graph.shape(x)[2]
      let (gamma, beta) = (parameter([width]), parameter([width]))
      return graph.layerNorm(x, gamma: gamma, beta: beta, epsilon: 1e-5)
    }

    private mutating func parameter(_ shape: Shape) -> Value {
      count += 1
      return graph.parameter("p.\(count)", .f32(shape))
    }
  }
}
