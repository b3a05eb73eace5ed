import Data
import Diagnostics
import FoundationEssentials
import Graph
import Testing

@testable import Trainer

@Suite("A recipe") struct RecipeTests {
  private static let smallest = """
    batch_size: 4
    steps: 10
    data: {train: [a.img.tsv]}
    optimizer: {learning_rate: 1e-3}
    """

  private func error(
    _ yaml: String = smallest, _ overrides: String...
  ) throws -> InputError {
    try #require(throws: InputError.self) {
      _ = try Recipe(yaml: yaml, overrides: overrides, place: "r.yaml")
    }
  }

  @Test("gives every key its value")
  func full() throws {
    let recipe = try Recipe(
      yaml: """
        seed: 7
        batch_size: 3
        steps: 900
        model:
          preset: git-base
          image_size: 96
          patch_size: 8
          vision_width: 64
          vision_layers: 2
          vision_heads: 4
          vision_mlp_width: 100
          text_width: 48
          text_layers: 1
          text_heads: 3
          text_mlp_width: 90
          maximum_text_length: 20
          frames: 5
          dropout: 0.25
        text: {vocabulary: words.txt, vocabulary_size: 77}
        data:
          train:
            - {path: a.img.tsv, weight: 0.75}
            - b.caption.tsv
          validation: [c.img.tsv]
          shuffle: false
          minimum_crop: 0.5
          flip: true
          context_noise: 0.25
        loss: {smoothing_form: uniform, smoothing: 0.2}
        optimizer:
          learning_rate: 2e-3
          groups: [{part: encoder, rate: 0.5}, {part: text, frozen: true}]
          weight_decay: 0.1
          beta1: 0.8
          beta2: 0.95
          epsilon: 1e-6
          warmup_steps: 30
          final_ratio: 0.01
          clip_norm: 0
        validation: {interval: 50, limit: 6}
        """, place: "r.yaml")
    #expect(recipe.seed == 7)
    #expect(recipe.batchSize == 3)
    #expect(recipe.steps == 900)
    #expect(
      recipe.configuration
        == GITConfiguration(
          vision: .init(
            imageSize: 96, patchSize: 8, width: 64, layers: 2, heads: 4, mlpWidth: 100),
          text: .init(
            width: 48, layers: 1, heads: 3, mlpWidth: 90, vocabularySize: 77,
            maximumTextLength: 20),
          frames: 5))
    #expect(recipe.dropout == 0.25)
    #expect(recipe.vocabularyPath == "words.txt")
    #expect(recipe.vocabularySize == 77)
    #expect(
      recipe.train == [
        .init(.init(path: "a.img.tsv"), weight: 0.75), .init(.init(path: "b.caption.tsv")),
      ])
    #expect(recipe.validation == [.init(.init(path: "c.img.tsv"))])
    #expect(!recipe.shuffle)
    #expect(recipe.augmentation == .init(minimumCrop: 0.5, flip: true, contextNoise: 0.25))
    #expect(recipe.smoothing == Smoothing(form: .uniform, amount: 0.2))
    #expect(
      recipe.optimizer
        == .init(
          learningRate: 2e-3,
          groups: [.init(.encoder, rate: 0.5), .init(.text, isFrozen: true)], weightDecay: 0.1,
          beta1: 0.8, beta2: 0.95,
          epsilon: 1e-6, warmupSteps: 30, finalRatio: 0.01, clipNorm: 0))
    #expect(recipe.validationInterval == 50)
    #expect(recipe.validationLimit == 6)
  }

  @Test("needs four keys; the others have defaults")
  func defaults() throws {
    let recipe = try Recipe(yaml: Self.smallest, place: "r.yaml")
    #expect(recipe.seed == 1)
    #expect(recipe.configuration == .gitMicro(vocabularySize: 1000))
    #expect(recipe.dropout == 0.1)
    #expect(recipe.vocabularyPath == nil)
    #expect(recipe.validation == [])
    #expect(recipe.shuffle)
    #expect(recipe.augmentation == .none)
    #expect(recipe.smoothing == Smoothing(form: .kl, amount: 0.1))
    #expect(
      recipe.optimizer
        == .init(
          learningRate: 1e-3, weightDecay: 0.01, beta1: 0.9, beta2: 0.999,
          epsilon: 1e-8, warmupSteps: 500, finalRatio: 0, clipNorm: 1))
    #expect(recipe.validationInterval == 1000)
    #expect(recipe.validationLimit == 1000)
  }

  @Test("matches texts where it says so, by the encoder's usual image feature")
  func objective() throws {
    func objective(_ overrides: String...) throws -> Recipe.Objective {
      try Recipe(yaml: Self.smallest, overrides: overrides, place: "r.yaml").objective
    }
    #expect(try objective() == .captions)
    #expect(
      try objective("objective=contrastive")
        == .contrastive(.init(form: .unicl, towers: .init(width: 192, pooling: .classToken))))
    #expect(
      try objective(
        "objective=contrastive", "contrastive.form=clip", "contrastive.width=64",
        "model.preset=coswin-micro")
        == .contrastive(.init(form: .clip, towers: .init(width: 64, pooling: .mean))))
    let error = try error(
      Self.smallest, "model.encoder=coswin", "contrastive.pooling=class",
      "objective=contrastive")
    #expect(error.what == "the encoder has no class token")
    #expect(try self.error(Self.smallest, "objective=both").expected.contains("contrastive"))
  }

  @Test("has one group per part, and one that learns")
  func groups() throws {
    func groups(_ list: String) throws -> InputError {
      try error(
        """
        batch_size: 4
        steps: 10
        data: {train: [a.img.tsv]}
        optimizer: {learning_rate: 1e-3, groups: [\(list)]}
        """)
    }
    let twice = try groups("{part: text, rate: 2}, {part: text, frozen: true}")
    #expect(twice.what == "recipe has two groups for one part")
    #expect(twice.place == "r.yaml, optimizer, groups[1]")
    let frozen = try groups(
      "{part: text, frozen: true}, {part: encoder, frozen: true}, {part: projection, frozen: true}")
    #expect(frozen.what == "recipe leaves nothing to learn")
    #expect(try groups("{part: head}").expected == "one of encoder, projection, text")
    #expect(try groups("{rate: 1}").found == "nothing")
  }

  @Test("gives a CoSwin its sizes, whatever the preset's encoder")
  func coswin() throws {
    let keys = [
      "image_size=64", "stem_size=5", "stem_stride=4", "stem_padding=2", "embed_width=16",
      "depths=1,3", "heads=2, 4", "window=8", "mlp_ratio=3",
    ].map { "model.\($0)" }
    for preset in ["git-micro", "coswin-tiny"] {
      let recipe = try Recipe(
        yaml: Self.smallest,
        overrides: keys + ["model.preset=\(preset)", "model.encoder=coswin"], place: "r.yaml")
      #expect(
        recipe.configuration.vision
          == .coswin(
            CoSwin(
              imageSize: 64, stem: .init(size: 5, stride: 4, padding: 2), width: 16,
              depths: [1, 3],
              heads: [2, 4], window: 8, mlpRatio: 3)))
    }
    let listed = try Recipe(
      yaml: Self.smallest + "\nmodel: {preset: coswin-micro, depths: [2, 6, 2]}", place: "r.yaml")
    var expected = GITConfiguration.coswinMicro(vocabularySize: 1000)
    expected.vision = .coswin(
      CoSwin(
        imageSize: 32, stem: .init(size: 3, stride: 2, padding: 1), width: 48, depths: [2, 6, 2],
        heads: [3, 6, 12], window: 4))
    #expect(listed.configuration == expected)
    let vit = try Recipe(
      yaml: Self.smallest, overrides: ["model.preset=coswin-tiny", "model.encoder=vit"],
      place: "r.yaml")
    var micro = GITConfiguration.gitMicro(vocabularySize: 1000).vision
    micro.imageSize = 224
    #expect(vit.configuration.vision == micro)
  }

  @Test("has the sizes of the preset it names, four times the width between layers")
  func presets() throws {
    for (name, preset) in [
      ("git-base", GITConfiguration.gitBase), ("git-large", .gitLarge),
      ("coswin-tiny", .coswinTiny),
    ] {
      var expected = preset
      expected.text.vocabularySize = 1000
      let recipe = try Recipe(
        yaml: Self.smallest, overrides: ["model.preset=\(name)"], place: "r.yaml")
      #expect(recipe.configuration == expected)
    }
    let wide = try Recipe(
      yaml: Self.smallest, overrides: ["model.text_width=96"], place: "r.yaml")
    #expect(wide.configuration.text.mlpWidth == 384)
  }

  @Test("divides steps, saves memory and takes several sizes where it says so")
  func stepOptions() throws {
    let plain = try Recipe(yaml: Self.smallest, place: "r.yaml")
    #expect(plain.accumulate == 1 && !plain.recompute && plain.imageSizes.isEmpty)
    #expect(plain.samplesPerStep == 4)
    let recipe = try Recipe(
      yaml: Self.smallest,
      overrides: ["accumulate=3", "recompute=true", "data.image_sizes=64, 96,128"], place: "r.yaml")
    #expect(recipe.samplesPerStep == 12)
    #expect(recipe.recompute)
    #expect(recipe.imageSizes == [64, 96, 128])
    let odd = try error(Self.smallest, "data.image_sizes=96,100")
    #expect(odd.expected == "multiples of the patch size 16" && odd.found == "100")
    #expect(odd.place == "r.yaml, data, image_sizes")
    let windows = try error(
      Self.smallest, "model.preset=coswin-micro", "data.image_sizes=32,64")
    #expect(windows.found.contains("CoSwin"))
    #expect(windows.place == "r.yaml, data, image_sizes")
    let matched = try error(Self.smallest, "objective=contrastive", "accumulate=2")
    #expect(matched.found == "accumulate 2")
  }

  @Test("takes --set over its own values, into sections, and for keys it does not have")
  func overrides() throws {
    let recipe = try Recipe(
      yaml: Self.smallest,
      overrides: [
        "steps=20", "steps=30", "optimizer.learning_rate=5e-4", "optimizer.beta1=0.5",
        "loss.smoothing=0",
        "data.shuffle=false", "text.vocabulary=a=b.txt", "model.preset=git-micro",
      ], place: "r.yaml")
    #expect(recipe.steps == 30, "the last of two wins")
    #expect(recipe.optimizer.learningRate == 5e-4)
    #expect(recipe.optimizer.beta1 == 0.5)
    #expect(recipe.smoothing.amount == 0)
    #expect(!recipe.shuffle)
    #expect(recipe.vocabularyPath == "a=b.txt", "only the first '=' divides")
    #expect(recipe.batchSize == 4)
    #expect(recipe.train.map(\.location.path) == ["a.img.tsv"])
  }

  struct Refusal: Sendable, CustomTestStringConvertible {
    /// As `--set` gives it.
    var override: String
    var place: String
    /// A part of what the message says was expected.
    var expected: String
    var testDescription: String { override }
  }

  static let refusals: [Refusal] = [
    .init(
      override: "model.encoder=resnet", place: "r.yaml, model, encoder", expected: "vit, coswin"),
    .init(
      override: "model.window=4", place: "r.yaml, model", expected: "one of preset, encoder"),
    .init(override: "seed=-1", place: "r.yaml, seed", expected: "whole number in 0..."),
    .init(override: "steps=0", place: "r.yaml, steps", expected: "whole number in 1..."),
    .init(override: "steps=1.5", place: "r.yaml, steps", expected: "whole number"),
    .init(override: "batch_size=many", place: "r.yaml, batch_size", expected: "whole number"),
    .init(override: "seed=", place: "r.yaml, seed", expected: "whole number"),
    .init(override: "model.dropout=1", place: "r.yaml, model, dropout", expected: "0.0...0.9"),
    .init(override: "model.dropout=nan", place: "r.yaml, model, dropout", expected: "number"),
    .init(override: "model.preset=gpt", place: "r.yaml, model, preset", expected: "git-micro, git"),
    .init(override: "data.flip=1", place: "r.yaml, data, flip", expected: "true or false"),
    .init(override: "data.train=a.img.tsv", place: "r.yaml, data, train", expected: "a list"),
    .init(
      override: "loss.smoothing_form=x", place: "r.yaml, loss, smoothing_form",
      expected: "one of kl, uniform"),
    .init(
      override: "optimizer.learning_rate=fast", place: "r.yaml, optimizer, learning_rate",
      expected: "number in 0.0...10.0"),
    .init(override: "model=x", place: "r.yaml, model", expected: "key: value lines"),
    .init(override: "sede=1", place: "r.yaml", expected: "one of seed, steps"),
    .init(
      override: "optimizer.lr=1", place: "r.yaml, optimizer", expected: "one of learning_rate"),
    .init(
      override: "model.text_heads=5", place: "r.yaml, model, field text.heads",
      expected: "a divisor of the width 192"),
  ]

  @Test(
    "refuses unknown keys, wrong types and values out of range, naming the key", arguments: refusals
  )
  func refuses(_ refusal: Refusal) throws {
    let error = try error(Self.smallest, refusal.override)
    #expect(error.kind == .badData)
    #expect(error.place == refusal.place)
    #expect(error.expected.contains(refusal.expected), "\(error.expected)")
    #expect(!error.advice.isEmpty)
  }

  @Test("refuses --set that it cannot apply as a usage error")
  func badOverrides() throws {
    for override in ["steps", "=5", "steps.more=1"] {
      let error = try error(Self.smallest, override)
      #expect(error.kind == .usage)
      #expect(error.place == "--set")
      #expect(error.found == override)
    }
  }

  @Test(
    "names the key that is missing",
    arguments: ["steps", "batch_size", "optimizer, learning_rate", "data.train"])
  func missing(_ key: String) throws {
    let lines = Self.smallest.split(separator: "\n").filter {
      !$0.contains(key.split(separator: ",")[0].split(separator: ".")[0])
    }
    let error = try error(lines.joined(separator: "\n"))
    #expect(error.kind == .badData)
    #expect(error.place == "r.yaml, \(key)")
    #expect(error.found == "nothing")
    #expect(!error.advice.isEmpty)
  }

  @Test("names the entry of a list that is wrong")
  func lists() throws {
    let nameless = Self.smallest.replacing("[a.img.tsv]", with: "[a.img.tsv, {weight: 2}]")
    #expect(try error(nameless).place == "r.yaml, data, train[1], path")
    let misspelt = Self.smallest.replacing("[a.img.tsv]", with: "[{path: a.img.tsv, wieght: 2}]")
    #expect(try error(misspelt).place == "r.yaml, data, train[0]")
  }

  @Test("refuses text that is not YAML or no mapping")
  func notYAML() throws {
    let broken = try error("steps: [1, 2\nbatch_size: }")
    #expect(broken.kind == .badData)
    #expect(broken.what == "recipe is not YAML")
    #expect(broken.place == "r.yaml")
    let list = try error("- a\n- b")
    #expect(list.kind == .badData)
    #expect(list.place == "r.yaml")
    #expect(try error("").place == "r.yaml, steps")
  }

  @Test("that is not there is no input")
  func missingFile() throws {
    let error = try #require(throws: InputError.self) {
      _ = try StagedRecipe.read(path: "/no/such/recipe.yaml")
    }
    #expect(error.kind == .noInput)
    #expect(error.place == "/no/such/recipe.yaml")
    #expect(!error.advice.isEmpty)
  }

  @Test("of the repository can be read")
  func repository() throws {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: "recipes")
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
      .filter { $0.hasSuffix(".yaml") }
    #expect(!names.isEmpty)
    for name in names { _ = try StagedRecipe.read(path: folder.appending(path: name).path) }
  }
}
