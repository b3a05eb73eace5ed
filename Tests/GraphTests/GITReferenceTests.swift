import Graph
import Reference
import TestSupport
import Testing

/// What the model as a whole must be like, whatever its weights are.
@Suite struct GITReferenceTests {
  static let tiny = GITConfiguration(
    vision: GITConfiguration.Vision(
      imageSize: 9, patchSize: 4, width: 8, layers: 2, heads: 2, mlpWidth: 16),
    text: GITConfiguration.Text(
      width: 12, layers: 2, heads: 3, mlpWidth: 20, vocabularySize: 11, maximumTextLength: 6),
    frames: 3)

  static var imageOnly: GITConfiguration {
    var configuration = tiny
    configuration.frames = 0
    return configuration
  }

  static func weights(_ graph: Graph) -> [String: Tensor] {
    var weights: [String: Tensor] = [:]
    for (index, parameter) in graph.parameters.enumerated() {
      let shape = graph.shape(parameter.value).compactMap(\.constant)
      weights[parameter.name] = .random(shape, seed: UInt64(index) + 1, in: -0.5...0.5)
    }
    return weights
  }

  static func pixels(_ clips: Int, _ frames: Int, seed: UInt64 = 77) -> Tensor {
    .random([clips, frames, 3, 9, 9], seed: seed)
  }

  func logits(
    _ pixels: Tensor, _ tokens: Tensor, of configuration: GITConfiguration = tiny
  ) throws -> Tensor {
    let graph = GIT.logits(configuration)
    let outputs = try Interpreter.run(
      graph, inputs: ["pixels": pixels, "tokens": tokens], parameters: Self.weights(graph))
    return try #require(outputs["logits"])
  }

  @Test func laterTokensChangeNothingBefore() throws {
    let pixels = Self.pixels(1, 2)
    let long = try logits(pixels, .i32([1, 5], [1, 7, 3, 9, 2]))
    let short = try logits(pixels, .i32([1, 2], [1, 7]))
    #expect(long.values[..<22] == short.values[...])
    let other = try logits(pixels, .i32([1, 5], [1, 7, 3, 9, 4]))
    #expect(long.values[..<44] == other.values[..<44])
    #expect(long.values[44...] != other.values[44...])
  }

  @Test func clipsOfABatchAreIndependent() throws {
    let (first, second) = (Self.pixels(1, 2, seed: 1), Self.pixels(1, 2, seed: 2))
    let both = Tensor.f32([2, 2, 3, 9, 9], first.values + second.values)
    let y = try logits(both, .i32([2, 2], [1, 7, 1, 4]))
    #expect(y.values[..<22] == (try logits(first, .i32([1, 2], [1, 7]))).values[...])
    #expect(y.values[22...] == (try logits(second, .i32([1, 2], [1, 4]))).values[...])
  }

  /// Frames with their halves exchanged: a set for an image model, a sequence with temporal
  /// embeddings.
  @Test func onlyTemporalEmbeddingsTellFramesApart() throws {
    let pixels = Self.pixels(1, 2)
    let half = pixels.values.count / 2
    let exchanged = Tensor.f32(
      pixels.shape, Array(pixels.values[half...] + pixels.values[..<half]))
    let tokens = Tensor.i32([1, 2], [1, 7])
    let set = largestDifference(
      try logits(pixels, tokens, of: Self.imageOnly),
      try logits(exchanged, tokens, of: Self.imageOnly))
    #expect(set <= 1e-12)
    let sequence = largestDifference(
      try logits(pixels, tokens), try logits(exchanged, tokens))
    #expect(sequence > 1e-6)
  }

  @Test func rowAndColumnBeyondThePatchesAreNotSeen() throws {
    let pixels = Self.pixels(1, 1)
    var changed = pixels
    for index in changed.values.indices where index % 9 == 8 || index / 9 % 9 == 8 {
      changed.values[index] = 5
    }
    let tokens = Tensor.i32([1, 1], [1])
    #expect(try logits(pixels, tokens) == logits(changed, tokens))
    changed.values[0] += 1
    #expect(try logits(pixels, tokens) != logits(changed, tokens))
  }

  @Test func moreFramesThanTemporalEmbeddingsThrow() throws {
    #expect(throws: GraphError.self) {
      try logits(Self.pixels(1, 4), .i32([1, 1], [1]))
    }
  }

  @Test func tiedHeadUsesTheWordTable() throws {
    var tied = Self.imageOnly
    tied.tiedHead = true
    let graph = GIT.logits(Self.imageOnly)
    var weights = Self.weights(graph)
    weights["output.weight"] = weights["git.embeddings.word_embeddings.weight"]
    let inputs = ["pixels": Self.pixels(1, 1), "tokens": Tensor.i32([1, 2], [1, 7])]
    let untied = try Interpreter.run(graph, inputs: inputs, parameters: weights)
    weights["output.weight"] = nil
    let found = try Interpreter.run(GIT.logits(tied), inputs: inputs, parameters: weights)
    #expect(found == untied)
  }

  @Test func lossIsTheCrossEntropyOfTheLogits() throws {
    let smoothing = Smoothing(form: .kl, amount: 0.1)
    let graph = GIT.logits(Self.tiny, training: TrainingOptions(dropout: 0, smoothing: smoothing))
    let labels = Tensor.i32([1, 3], [7, 2, -100])
    let outputs = try Interpreter.run(
      graph,
      inputs: [
        "pixels": Self.pixels(1, 2), "tokens": .i32([1, 3], [1, 7, 2]), "seed": .i32([1], [0]),
        "labels": labels,
      ], parameters: Self.weights(graph))
    let logits = try #require(outputs["logits"])
    #expect(logits == (try self.logits(Self.pixels(1, 2), .i32([1, 3], [1, 7, 2]))))
    let loss = try evaluate(.crossEntropy(CrossEntropy(smoothing)), [logits, labels])[0]
    #expect(outputs["loss"] == loss)
  }

  @Test func dropoutFollowsTheSeed() throws {
    let graph = GIT.logits(
      Self.tiny,
      training: TrainingOptions(
        dropout: 0.2, attentionDropout: 0.2, smoothing: Smoothing(form: .kl, amount: 0)))
    func logits(seed: Int) throws -> Tensor? {
      try Interpreter.run(
        graph,
        inputs: [
          "pixels": Self.pixels(1, 1), "tokens": .i32([1, 2], [1, 7]), "seed": .i32([1], [seed]),
          "labels": .i32([1, 2], [7, 2]),
        ], parameters: Self.weights(graph))["logits"]
    }
    #expect(try logits(seed: 3) == logits(seed: 3))
    #expect(try logits(seed: 3) != logits(seed: 4))
  }
}
