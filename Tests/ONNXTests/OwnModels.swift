import Graph

/// The models of Tools/goldens/onnx-models.py in our own spelling.
enum OwnModels {
  static func graph(_ name: String) -> Graph {
    switch name {
    case "git": return GIT.logits(git)
    default:
      var builder = Builder()
      let result =
        switch name {
        case "vit": builder.vit()
        case "bert": builder.bert()
        default:
          builder.block(
            builder.graph.input("x", .f32([.symbol("B"), 5, 8])), isPreNorm: true,
            name == "block-quick" ? .quick : name == "block-tanh" ? .tanh : .erf,
            prefix: name == "causal" ? 0 : nil)
        }
      builder.graph.output("y", result)
      return builder.graph
    }
  }

  private static let git = GITConfiguration(
    vision: .init(imageSize: 8, patchSize: 4, width: 8, layers: 2, heads: 2, mlpWidth: 12),
    text: .init(
      width: 8, layers: 2, heads: 2, mlpWidth: 12, vocabularySize: 11, maximumTextLength: 12))

  private struct Builder {
    static let (width, heads, hidden): (Dimension, Int, Dimension) = (8, 2, 12)
    var graph = Graph()

    mutating func parameter(_ shape: Shape) -> Value {
      graph.parameter("p\(graph.parameters.count)", .f32(shape))
    }

    mutating func linear(_ x: Value, to outputs: Dimension) -> Value {
      let inputs = graph.shape(x)[graph.shape(x).count - 1]
      let weight = parameter([outputs, inputs])
      return graph.add(graph.matMul(x, weight, transposeB: true), parameter([outputs]))
    }

    mutating func norm(_ x: Value) -> Value {
      let (gamma, beta) = (parameter([Self.width]), parameter([Self.width]))
      return graph.layerNorm(x, gamma: gamma, beta: beta, epsilon: 1e-6)
    }

    mutating func vit() -> Value {
      let pixels = graph.input("pixels", .f32([.symbol("B"), 3, 8, 8]))
      let token = graph.broadcast(parameter([Self.width]), to: [.symbol("B"), 1, Self.width])
      let patches = linear(graph.patches(pixels, PatchForm(size: 4)), to: Self.width)
      var x = graph.add(graph.concat([token, patches], axis: 1), parameter([5, Self.width]))
      for _ in 0..<2 { x = block(x, isPreNorm: true, .erf, prefix: nil) }
      return norm(x)
    }

    mutating func bert() -> Value {
      let tokens = graph.input("tokens", TensorType(.i32, [.symbol("B"), .symbol("T")]))
      let words = parameter([11, Self.width])
      let positions = graph.slice(
        parameter([12, Self.width]), axis: 0, from: 0, to: .symbol("T"))
      let kind = graph.reshape(
        graph.slice(parameter([2, Self.width]), axis: 0, from: 0, to: 1), [Self.width])
      var x = norm(graph.add(graph.add(graph.embedding(words, ids: tokens), kind), positions))
      for _ in 0..<2 { x = block(x, isPreNorm: false, .erf, prefix: nil) }
      x = norm(graph.gelu(linear(x, to: Self.width), .erf))
      return graph.add(graph.matMul(x, words, transposeB: true), parameter([11]))
    }

    /// A transformer block on [B, S, 8].
    mutating func block(
      _ x: Value, isPreNorm: Bool, _ gelu: GeluForm, prefix: Dimension?
    ) -> Value {
      let y = graph.add(attention(isPreNorm ? norm(x) : x, prefix), x)
      let z = isPreNorm ? y : norm(y)
      let hidden = graph.gelu(linear(isPreNorm ? norm(z) : z, to: Self.hidden), gelu)
      let sum = graph.add(linear(hidden, to: Self.width), z)
      return isPreNorm ? sum : norm(sum)
    }

    mutating func attention(_ x: Value, _ prefix: Dimension?) -> Value {
      let shape = graph.shape(x)
      let (q, k, v) = (heads(x), heads(x), heads(x))
      var scores = graph.scale(graph.matMul(q, k, transposeB: true), by: 0.5)
      if let prefix { scores = graph.prefixMask(scores, prefix: prefix) }
      let rows = graph.transpose(graph.matMul(graph.softmax(scores), v), [0, 2, 1, 3])
      return linear(graph.reshape(rows, shape), to: Self.width)
    }

    mutating func heads(_ x: Value) -> Value {
      let shape = graph.shape(x)
      let split: Shape = [shape[0], shape[1], Dimension(Self.heads), 4]
      return graph.transpose(graph.reshape(linear(x, to: Self.width), split), [0, 2, 1, 3])
    }
  }
}
