import Compiler
import Graph
import Reference
import Testing

@Suite struct SplitTests {
  /// Both sides are Double: they differ by the order of sums of a few hundred terms near 1 in
  /// size, relative to which 1e-9 is a million roundings.
  private func expectEqual(_ a: Tensor, _ b: Tensor) {
    #expect(a.shape == b.shape)
    for (x, y) in zip(a.values, b.values) { #expect(abs(x - y) <= 1e-9 * max(1, abs(x))) }
  }

  private func expectFunctionsEqualTheWhole(
    _ graph: Graph, seed: UInt64, context: Tensor, vocabulary: Int, rows: [Int],
    symbols: [String: Int] = [:]
  ) throws -> CaptionerGraphs {
    let parameters = TestParameters(graph, seed: seed, magnitude: 0.6)
    let run = CaptionerRun(
      graph: graph, parameters: parameters, context: context,
      tokens: .random(
        .i32, [context.shape[0], rows.reduce(0, +)], seed: seed + 60, in: 0...vocabulary - 1))
    let functions = try CaptionerGraphs(graph, parameters.store, precision: .fp32)
    expectEqual(try run.whole(), try run.incremental(functions, rows: rows, symbols: symbols))
    return functions
  }

  struct Case: Sendable {
    var seed: UInt64
    var images = 2
    var frames = 1
    var temporal = 0
    /// How many text rows each step takes, in order: several for a question.
    var rows: [Int]
    var layers = 2
    var heads = 2
    var isTied = false
  }

  static let cases = [
    Case(seed: 1, rows: [1, 1, 1, 1]),
    Case(seed: 2, images: 1, frames: 3, temporal: 4, rows: [1, 1, 1]),
    Case(seed: 3, frames: 2, temporal: 2, rows: [3, 1, 1]),
    Case(seed: 4, rows: [2, 2], layers: 1, heads: 1),
    Case(seed: 5, images: 3, frames: 2, rows: [1, 3], layers: 3, heads: 4, isTied: true),
  ]

  @Test(arguments: cases)
  func encodePrefixAndStepsEqualTheFullGraph(_ test: Case) throws {
    let configuration = TinyModel.configuration(
      layers: test.layers, heads: test.heads, frames: test.temporal, isTied: test.isTied)
    let side = configuration.vision.imageSize
    let functions = try expectFunctionsEqualTheWhole(
      GIT.logits(configuration), seed: test.seed,
      context: .random([test.images, test.frames, 3, side, side], seed: test.seed + 50),
      vocabulary: configuration.text.vocabularySize, rows: test.rows)
    #expect(functions.prefix.outputs.count == 2 * test.layers)
  }

  /// All of a CoSwin is work on one frame, its windows and biases included.
  @Test(arguments: [(1, 0), (3, 3)])
  func aCoSwinIsTakenApartExactly(frames: Int, temporal: Int) throws {
    let configuration = TinyModel.coswin(frames: temporal)
    let functions = try expectFunctionsEqualTheWhole(
      GIT.logits(configuration), seed: 6, context: .random([2, frames, 3, 8, 8], seed: 56),
      vocabulary: 13, rows: [2, 1])
    let encode = try #require(functions.encode)
    #expect(encode.outputs.map { "\(encode.type($0.value))" } == ["f32[N, 4, 16]"])
    #expect(encode.nodes.count { $0.op.mnemonic == Attention.mnemonic } == 3)
    #expect(!encode.nodes.contains { $0.op.mnemonic == Softmax.mnemonic })
    #expect(functions.prefix.nodes.allSatisfy { $0.op.mnemonic != Patches.mnemonic })
  }

  /// Image encoders with global attention and with shifted windows, and texts after a text.
  @Test(arguments: (1...48).map { RandomCaptioner(seed: $0) })
  func anyDecoderWithAPrefixIsTakenApartExactly(_ model: RandomCaptioner) throws {
    let side = model.imageSize
    let functions = try expectFunctionsEqualTheWhole(
      model.graph, seed: model.seed,
      context: model.hasTextPrefix
        ? .random(.i32, [2, 5], seed: model.seed + 50, in: 0...model.vocabulary - 1)
        : .random([2, max(1, model.frames - 1), 3, side, side], seed: model.seed + 50),
      vocabulary: model.vocabulary, rows: [2, 1, 1])
    #expect((functions.encode == nil) == model.hasTextPrefix)
    // Whatever the encoder does within a frame, none of it is left to the prefix.
    #expect(!functions.prefix.nodes.contains { $0.op.mnemonic == "patches" })
    #expect(!functions.prefix.nodes.contains { $0.op.mnemonic == "transpose" })
    #expect(functions.prefix.outputs.count == 2 * model.decoderLayers)
    let attentions = functions.step.nodes.count { $0.op.mnemonic == CachedAttention.mnemonic }
    #expect(attentions == model.decoderLayers)
  }

  @Test(arguments: [(2, 2), (1, 5), (4, 3)])
  func anImageSizeIsBoundWhenItRuns(rows: Int, columns: Int) throws {
    let configuration = TinyModel.configuration(frames: 3)
    let patch = 4
    let functions = try expectFunctionsEqualTheWhole(
      GIT.logits(configuration, sizes: .any), seed: 6,
      context: .random([2, 2, 3, rows * patch, columns * patch], seed: 56),
      vocabulary: configuration.text.vocabularySize, rows: [2, 1],
      symbols: ["H": rows, "W": columns])
    let encode = try #require(functions.encode)
    #expect("\(encode.type(encode.inputs[0].value))" == "f32[N, 3, 4*H, 4*W]")
    // Positions are the image's: no text row reads them.
    #expect(!functions.step.nodes.contains { $0.op.mnemonic == Interpolate.mnemonic })
  }

  @Test func theLastLayersImageRowsFallAway() throws {
    let graph = GIT.logits(TinyModel.configuration(layers: 2))
    let functions = try CaptionerGraphs(graph, ParameterStore([:]), precision: .fp32)
    func count(_ graph: Graph, _ mnemonic: String) -> Int {
      graph.nodes.count { $0.op.mnemonic == mnemonic }
    }
    // Projection, one whole layer (qkv, output, two of the feed-forward), the last layer's k and v.
    #expect(count(functions.prefix, "linear") == 1 + 4 + 1)
    #expect(count(functions.prefix, "attention") == 1)
    #expect(count(functions.step, "cached_attention") == 2)
    #expect(count(functions.step, "linear") == 2 * 4 + 1)
    #expect(count(try #require(functions.encode), "attention") == 2)
    let last = "git.encoder.layer.1."
    #expect(
      functions.prefix.parameters.map(\.name).filter { $0.hasPrefix(last) } == [
        last + "attention.self.{key,value}.weight", last + "attention.self.{key,value}.bias",
      ])
  }

  /// A value that sums over frames is no frame's own, though it has no axis of frames.
  @Test func whatDependsOnAllFramesIsNotHoisted() throws {
    var graph = Graph()
    let (batch, frames, text) = (
      Dimension.symbol("B"), Dimension.symbol("F"), Dimension.symbol("T")
    )
    let pixels = graph.input("pixels", .f32([batch, frames, 1, 2, 2]))
    let tokens = graph.input("tokens", TensorType(.i32, [batch, text]))
    let merged = graph.reshape(pixels, [batch * frames, 1, 2, 2])
    let patches = graph.patches(merged, PatchForm(size: 2))
    let mixed = graph.add(patches, graph.sum(patches, axes: [0]))
    let image = graph.reshape(mixed, [batch, frames, 4])
    let rows = graph.embedding(graph.parameter("words", .f32([5, 4])), ids: tokens)
    let x = graph.concat([image, rows], axis: 1)
    let y = graph.attention(x, x, x, AttentionForm(heads: 1, scale: 1, prefix: frames))
    graph.output("logits", graph.slice(y, axis: 1, from: frames, to: frames + text))
    let functions = try expectFunctionsEqualTheWhole(
      graph, seed: 3, context: .random([2, 3, 1, 2, 2], seed: 4), vocabulary: 5, rows: [1, 2])
    #expect(functions.prefix.nodes.contains { $0.op.mnemonic == "sum" })
  }

  @Test func functionsHaveTheContractedPorts() throws {
    let graph = GIT.logits(TinyModel.configuration(layers: 1))
    let functions = try CaptionerGraphs(graph, ParameterStore([:]), precision: .int8)
    func ports(_ graph: Graph, _ values: [NamedValue]) -> [String] {
      values.map { "\($0.name): \(graph.type($0.value))" }
    }
    let (encode, prefix, step) = (
      try #require(functions.encode), functions.prefix, functions.step
    )
    #expect(ports(encode, encode.inputs) == ["pixels: f32[N, 3, 8, 8]"])
    #expect(ports(encode, encode.outputs) == ["features: f32[N, 5, 16]"])
    #expect(ports(prefix, prefix.inputs) == ["features: f32[B*F, 5, 16]"])
    #expect(
      ports(prefix, prefix.outputs) == [
        "prefix_k.0: f16[B, 5*F, 8]", "prefix_v.0: f16[B, 5*F, 8]",
      ])
    #expect(
      ports(step, step.inputs) == [
        "tokens: i32[Q, R]", "positions: i32[R]", "source: i32[Q]", "slots: i32[Q, L]",
        "prefix_k.0: f16[B, P, 8]", "prefix_v.0: f16[B, P, 8]", "text_k.0: f32[Q, L, 8]",
        "text_v.0: f32[Q, L, 8]",
      ])
    #expect(ports(step, step.outputs) == ["logits: f32[Q, R, 13]"])
  }
}
