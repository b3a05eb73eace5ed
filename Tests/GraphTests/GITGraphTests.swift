import Graph
import Testing

@Suite struct GITGraphTests {
  static func sized(
    _ configuration: GITConfiguration, image: Int = 224, frames: Int = 0
  ) -> GITConfiguration {
    var configuration = configuration
    configuration.vision.imageSize = image
    configuration.frames = frames
    return configuration
  }

  /// The public checkpoints' own counts.
  @Test(arguments: [
    (sized(.gitBase), 176_619_066), (sized(.gitBase, image: 480), 177_159_738),
    (sized(.gitBase, frames: 6), 176_623_674), (sized(.gitLarge), 394_196_026),
    (sized(.gitLarge, image: 420), 394_855_482), (sized(.gitLarge, frames: 6), 394_202_170),
  ])
  func parameterCountIsThatOfTheReleasedModel(configuration: GITConfiguration, count: Int) {
    #expect(GIT.logits(configuration).parameterCount.constant == count)
  }

  @Test func aGraphOfAnySizeHasTheSameParameters() {
    let (one, any) = (GIT.logits(.gitBase), GIT.logits(.gitBase, sizes: .any))
    #expect(one.parameters.map(\.name) == any.parameters.map(\.name))
    #expect(
      one.parameters.map { one.shape($0.value) } == any.parameters.map { any.shape($0.value) })
    #expect(any.shape(any.inputs[0].value).map(\.description) == ["B", "F", "3", "16*H", "16*W"])
  }

  @Test func microModelFitsItsBudget() throws {
    let graph = GIT.logits(.gitMicro(vocabularySize: 200))
    let count = try #require(graph.parameterCount.constant)
    #expect((4_000_000...4_700_000).contains(count), "\(count)")
    #expect(count * DType.f32.byteCount < 18_000_000)
  }

  @Test func aCoSwinFor32PixelsIsSmall() throws {
    let count = try #require(
      GIT.logits(.coswinMicro(vocabularySize: 64)).parameterCount.constant)
    #expect((1_000_000...2_000_000).contains(count), "\(count)")
  }

  /// Swin-T's own count, 27,519,354 without its classifier, with kernels of 7·7 for 4·4 in the stem
  /// and of 3·3·C for merging's 2·2·C, with biases there and norms over twice the channels.
  @Test func tinyCoSwinDiffersFromSwinInItsEmbeddings() {
    let encoder = GIT.logits(.coswinTiny).parameters.filter {
      $0.name.hasPrefix("git.image_encoder.")
    }
    let graph = GIT.logits(.coswinTiny)
    let count = encoder.reduce(0) { $0 + (graph.shape($1.value).elementCount.constant ?? 0) }
    let stem = 96 * 3 * (7 * 7 - 4 * 4)
    let merging = [96, 192, 384].reduce(0) { sum, c in
      sum + (9 * c * 2 * c + 2 * c + 4 * c) - (4 * c * 2 * c + 8 * c)
    }
    #expect(count == 27_519_354 + stem + merging)
  }

  @Test func tensorCountIsThatOfTheReleasedFiles() {
    #expect(GIT.logits(.gitBase).parameters.count == 305)
    #expect(GIT.logits(.gitLarge).parameters.count == 497)
    #expect(GIT.logits(Self.sized(.gitBase, frames: 6)).parameters.count == 311)
  }

  @Test func parametersHaveTheFilesNamesAndShapes() {
    let graph = GIT.logits(Self.sized(.gitBase, frames: 6))
    var shapes: [String: Shape] = [:]
    for parameter in graph.parameters { shapes[parameter.name] = graph.shape(parameter.value) }
    let vision = "git.image_encoder.vision_model"
    let expected: [String: Shape] = [
      "git.embeddings.word_embeddings.weight": [30522, 768],
      "git.embeddings.position_embeddings.weight": [1024, 768],
      "git.embeddings.LayerNorm.bias": [768],
      "\(vision).embeddings.class_embedding": [768],
      "\(vision).embeddings.patch_embedding.weight": [768, 3, 16, 16],
      "\(vision).embeddings.position_embedding.weight": [197, 768],
      "\(vision).pre_layrnorm.weight": [768],
      "\(vision).encoder.layers.11.self_attn.out_proj.weight": [768, 768],
      "\(vision).encoder.layers.0.layer_norm2.bias": [768],
      "\(vision).encoder.layers.3.mlp.fc1.weight": [3072, 768],
      "\(vision).encoder.layers.3.mlp.fc2.weight": [768, 3072],
      "\(vision).post_layernorm.weight": [768],
      "git.visual_projection.visual_projection.0.weight": [768, 768],
      "git.visual_projection.visual_projection.1.bias": [768],
      "git.encoder.layer.5.attention.self.key.bias": [768],
      "git.encoder.layer.5.attention.output.LayerNorm.weight": [768],
      "git.encoder.layer.0.intermediate.dense.weight": [3072, 768],
      "git.encoder.layer.0.output.dense.weight": [768, 3072],
      "git.encoder.layer.0.output.LayerNorm.bias": [768],
      "git.img_temporal_embedding.5": [1, 1, 768],
      "output.weight": [30522, 768],
      "output.bias": [30522],
    ]
    for (name, shape) in expected { #expect(shapes[name] == shape, "\(name)") }
  }

  @Test func tiedHeadHasNoTableOfItsOwn() {
    var tied = GITConfiguration.gitMicro(vocabularySize: 200)
    tied.tiedHead = true
    let names = GIT.logits(tied).parameters.map(\.name)
    #expect(!names.contains("output.weight"))
    #expect(names.contains("output.bias"))
  }

  @Test func inputsAndOutputsHaveTheContractedTypes() {
    let smoothing = Smoothing(form: .kl, amount: 0.1)
    let graph = GIT.logits(
      .gitMicro(vocabularySize: 200),
      training: TrainingOptions(dropout: 0.1, smoothing: smoothing))
    let inputs = graph.inputs.map { "\($0.name): \(graph.type($0.value))" }
    #expect(
      inputs == [
        "pixels: f32[B, F, 3, 96, 96]", "tokens: i32[B, T]", "seed: i32[1]", "labels: i32[B, T]",
      ])
    let outputs = graph.outputs.map { "\($0.name): \(graph.type($0.value))" }
    #expect(outputs == ["loss: f32[]", "logits: f32[B, T, 200]"])
  }

  @Test func decoderRunsOverImageTokensThenText() {
    let graph = GIT.logits(.gitBase)
    let masks = graph.nodes.filter { $0.op.mnemonic == PrefixMask.mnemonic }
    #expect(masks.count == 6)
    for mask in masks {
      #expect(mask.op == .prefixMask(PrefixMask(prefix: Dimension(197) * .symbol("F"))))
      #expect("\(graph.type(mask.inputs[0]))" == "f32[B, 12, 197*F + T, 197*F + T]")
    }
  }

  /// One after the text embedding, two per decoder block; with attention dropout three.
  @Test(arguments: [(Float(0), 7), (0.1, 10)])
  func dropoutStandsWhereTheOriginalHasIt(attentionDropout: Float, count: Int) {
    let options = TrainingOptions(
      dropout: 0.1, attentionDropout: attentionDropout, smoothing: Smoothing(form: .kl, amount: 0))
    let graph = GIT.logits(.gitMicro(vocabularySize: 200), training: options)
    let salts = graph.nodes.compactMap { node in
      if case .dropout(let dropout) = node.op { dropout.salt } else { nil }
    }
    #expect(salts.count == count)
    #expect(Set(salts).count == count)
    let inference = GIT.logits(.gitMicro(vocabularySize: 200))
    #expect(!inference.nodes.contains { $0.op.mnemonic == Dropout.mnemonic })
  }
}
