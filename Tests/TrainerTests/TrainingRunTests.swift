import Checkpoint
import Data
import Diagnostics
import Formats
import FoundationEssentials
import Glibc
import Graph
import Kernels
import Testing

@testable import Trainer

/// Serialized: an interruption reaches every run of the process.
@Suite("A training run", .serialized) struct TrainingRunTests {
  let data: ColouredImages

  init() throws { data = try ColouredImages() }

  /// What a test's `watch` throws to end a run.
  static let stop = InputError(
    .io, "stopped by the test", expected: "-", found: "-", in: "-", advice: "-")

  /// Runs to the end, or until `watch` throws or a signal comes.
  @discardableResult
  func run(
    _ recipe: Recipe, to name: String, from initial: String? = nil, resumes: Bool = false,
    _ watch: (TrainingProgress) throws(InputError) -> Void = { _ in }
  ) throws -> TrainingRun.Outcome {
    let run = try TrainingRun(
      recipe,
      .init(
        output: data[name], initial: initial.map { data[$0] }, resumes: resumes,
        kernels: KernelSet(), threads: 2))
    return try run.run(watch)
  }

  /// The error that a run ends with.
  func error(
    _ recipe: Recipe, to name: String, from initial: String? = nil, resumes: Bool = false,
    _ watch: (TrainingProgress) throws(InputError) -> Void = { _ in }
  ) throws -> InputError {
    try #require(throws: InputError.self) {
      try run(recipe, to: name, from: initial, resumes: resumes, watch)
    }
  }

  @Test("learns a small data set by heart and says so")
  func learns() throws {
    var losses: [Float] = []
    var last: ValidationMetrics?
    var validated: [Int] = []
    let recipe = try data.recipe(steps: 160, "validation.interval=75")
    let outcome = try run(recipe, to: "model.ckpt") { progress throws(InputError) in
      switch progress {
      case .step(let step):
        losses.append(step.loss)
        #expect(step.step == losses.count)
        #expect(step.steps == 160)
        #expect(step.learningRate == recipe.optimizer.rate(step: step.step, of: 160))
        #expect(step.gradientNorm > 0)
        #expect(step.samplesPerSecond > 0)
      case .validation(let step, let results):
        validated.append(step)
        #expect(results.map(\.source) == [data["train.img.tsv"]])
        last = results.first?.metrics
      case .stage, .saved, .skipped: break
      }
    }
    #expect(outcome == .finished)
    #expect(losses.count == 160)
    #expect(validated == [75, 150, 160])
    // Untrained, a token is any of the vocabulary's, more than 16; guessed colours alone leave
    // ln 8 / 5 tokens = 0.42. A tenth of that means that they are read from the image.
    #expect(try #require(losses.first) > log(16))
    #expect(try #require(losses.last) < 0.042)
    let metrics = try #require(last)
    #expect(metrics.samples == 8)
    #expect(metrics.shares == [.init("exact", 1), .init("token_accuracy", 1)])
    #expect(metrics.loss < 0.042)

    let checkpoint = try Checkpoint.read(path: data["model.ckpt"])
    #expect(checkpoint.trainingState == nil)
    #expect(checkpoint.vocabulary.contains("yellow"))
    #expect(checkpoint.configuration.text.vocabularySize == checkpoint.vocabulary.count)
    #expect(checkpoint.preprocessing.imageSize == 16)
  }

  @Test("of one seed gives one file, of another another")
  func deterministic() throws {
    for (name, seed) in [("a", 3), ("b", 3), ("c", 4)] {
      try run(
        data.recipe(steps: 5, "seed=\(seed)", "model.dropout=0.2", "data.flip=true"), to: name)
    }
    let first = try data.bytes("a")
    #expect(try data.bytes("b") == first)
    #expect(try data.bytes("c") != first)
  }

  @Test("begins with the weights and the words it is given")
  func initial() throws {
    try run(data.recipe(steps: 3), to: "first.ckpt")
    let first = try Checkpoint.read(path: data["first.ckpt"])
    // The second data set has other words; the first vocabulary stays.
    let (colour, image) = (
      ColouredImages.colours[0], ColouredImages.image(ColouredImages.colours[0])
    )
    try data.write("other", [(colour.name, [image], ["something else"])])
    var recipe = try data.recipe(steps: 1, "optimizer.learning_rate=0", "batch_size=1")
    recipe.train = [.init(.init(path: data["other.img.tsv"]))]
    try run(recipe, to: "second.ckpt", from: "first.ckpt")
    let second = try Checkpoint.read(path: data["second.ckpt"])
    #expect(second.vocabulary == first.vocabulary)
    #expect(second.parameters.count == first.parameters.count)
    for (name, tensor) in first.parameters {
      #expect(second.parameters[name]?.floats == tensor.floats, "\(name)")
    }
  }

  @Test("matches images and texts, and then starts a captioner with the encoder")
  func contrastive() throws {
    var metrics: ValidationMetrics?
    let matching = try data.recipe(
      steps: 100, "objective=contrastive", "validation.interval=100")
    try run(matching, to: "towers.ckpt") { progress throws(InputError) in
      if case .validation(_, let results) = progress { metrics = results.first?.metrics }
    }
    #expect(metrics?.shares == [.init("text_of_image", 1), .init("image_of_text", 1)])
    let towers = try Checkpoint.read(path: data["towers.ckpt"])
    #expect(towers.graph.outputs.map(\.name) == ["image_features", "text_features", "logits"])

    let captions = try data.recipe(steps: 1, "optimizer.learning_rate=0")
    let run = try TrainingRun(
      captions,
      .init(
        output: data["model.ckpt"], initial: data["towers.ckpt"], kernels: KernelSet(),
        threads: 1))
    let start = try #require(run.start)
    #expect(start.taken.allSatisfy { $0.hasPrefix("git.image_encoder.") })
    #expect(!start.fresh.isEmpty && !start.fresh.contains { $0.hasPrefix("git.image_encoder.") })
    #expect(start.unused.contains("logit_scale"))
    #expect(
      start.summary.hasSuffix(
        "\(start.unused.count) (image_projection, text_tower, text_projection, logit_scale) "
          + "of the file not needed"), "\(start.summary)")
    _ = try run.run { _ throws(InputError) in }
    let model = try Checkpoint.read(path: data["model.ckpt"])
    #expect(model.vocabulary == towers.vocabulary)
    for name in start.taken {
      #expect(model.parameters[name]?.floats == towers.parameters[name]?.floats, "\(name)")
    }
  }

  @Test("leaves frozen parts as they are, bit for bit, also when it goes on")
  func frozen() throws {
    try run(data.recipe(steps: 3), to: "first.ckpt")
    let first = try Checkpoint.read(path: data["first.ckpt"])
    var recipe = try data.recipe(steps: 14, "optimizer.weight_decay=0.5")
    recipe.optimizer.groups = [.init(.encoder, isFrozen: true), .init(.projection, rate: 0.5)]
    _ = try error(recipe, to: "model.ckpt", from: "first.ckpt") { progress throws(InputError) in
      if case .step(let step) = progress, step.step == 12 { throw Self.stop }
    }
    let state = try Checkpoint.read(path: data["model.ckpt.training"])
    let moments = try #require(state.trainingState?.tensors.keys)
    #expect(!moments.isEmpty && !moments.contains { $0.contains("image_encoder") })
    try run(recipe, to: "model.ckpt", from: "first.ckpt", resumes: true)
    try run(recipe, to: "whole.ckpt", from: "first.ckpt")
    #expect(try data.bytes("model.ckpt") == data.bytes("whole.ckpt"))
    let model = try Checkpoint.read(path: data["model.ckpt"])
    for (name, tensor) in first.parameters {
      let isSame = model.parameters[name]?.floats == tensor.floats
      #expect(isSame == name.hasPrefix("git.image_encoder."), "\(name)")
    }
  }

  @Test("refuses to start from a model that has nothing in common")
  func initialOfNothing() throws {
    try run(data.recipe(steps: 1, "objective=contrastive"), to: "towers.ckpt")
    var other = try data.recipe(steps: 1)
    other.configuration.vision = .coswin(
      CoSwin(imageSize: 16, width: 8, depths: [1], heads: [1], window: 2))
    let error = try error(other, to: "model.ckpt", from: "towers.ckpt")
    #expect(error.what == "checkpoint has no parameter of the recipe's model")
    #expect(error.place == data["towers.ckpt"])
  }

  @Test("refuses weights of a model with other sizes, naming the tensor")
  func initialMisfit() throws {
    try run(data.recipe(steps: 1), to: "first.ckpt")
    let wide = try data.recipe(steps: 1, "model.text_width=48")
    let error = try error(wide, to: "second.ckpt", from: "first.ckpt")
    #expect(error.kind == .badData)
    #expect(error.place == data["first.ckpt"])
    #expect(error.expected.contains("git."), "\(error.expected)")
    #expect(error.found.contains("shape"))
    #expect(try data.outputs == ["first.ckpt"])
  }

  @Test("that diverges names the step and the images, and leaves the old model")
  func divergence() throws {
    try run(data.recipe(steps: 1), to: "model.ckpt")
    let old = try data.bytes("model.ckpt")
    var recipe = try data.recipe(steps: 50, "optimizer.warmup_steps=0")
    recipe.optimizer.learningRate = 1e30
    var steps = 0
    let error = try error(recipe, to: "model.ckpt") { progress throws(InputError) in
      if case .step(let step) = progress { steps = step.step }
    }
    #expect(error.kind == .badData)
    #expect(steps < 10)
    #expect(error.what == "training diverged at step \(steps + 1)")
    for colour in ColouredImages.colours { #expect(error.place.contains(colour.name)) }
    #expect(error.advice.contains("learning_rate"))
    #expect(try data.bytes("model.ckpt") == old)
  }

  @Test("replaces its output at the very end and leaves nothing else")
  func atomicOutput() throws {
    let path = data["model.ckpt"]
    try FoundationEssentials.Data("old".utf8).write(to: URL(filePath: path))
    try run(data.recipe(steps: 12), to: "model.ckpt") { progress throws(InputError) in
      switch progress {
      case .saved(12, let saved): #expect(saved == path)
      case .saved(let step, let saved):
        #expect(step == 10)
        #expect(saved == path + ".training")
        #expect((try? data.outputs) == ["model.ckpt", "model.ckpt.training"])
      case .stage, .step, .validation: #expect((try? data.bytes("model.ckpt")) == Array("old".utf8))
      case .skipped(_, let problem): Issue.record("\(problem)")
      }
    }
    #expect(try data.outputs == ["model.ckpt"])
    _ = try Checkpoint.read(path: path)
  }

  @Test("logs a JSON object per step and validation")
  func logLines() throws {
    struct Line: Decodable {
      struct Metrics: Decodable {
        var loss: Double
        var token_accuracy: Double
        var exact: Double
        var samples: Int
      }

      var step: Int
      var loss: Double?
      var learning_rate: Double?
      var gradient_norm: Double?
      var samples_per_second: Double?
      var validation: [String: Metrics]?
    }
    let recipe = try data.recipe(steps: 5, "validation.interval=3", "validation.limit=6")
    var expected: [TrainingStep] = []
    for firstStep in [1, 4] {
      let log = try TrainingLog(path: data["log.jsonl"], firstStep: firstStep)
      try run(recipe, to: "model.ckpt") { progress throws(InputError) in
        try log.write(progress)
        if case .step(let step) = progress { expected.append(step) }
      }
    }
    let text = String(decoding: try data.bytes("log.jsonl"), as: UTF8.self)
    #expect(text.hasSuffix("\n"))
    let lines = try text.split(separator: "\n").map {
      try JSONDecoder().decode(Line.self, from: FoundationEssentials.Data($0.utf8))
    }
    // Two runs, the second as if it went on after step 3.
    #expect(lines.map(\.step) == [1, 2, 3, 3, 1, 2, 3, 3, 4, 5, 5])
    let steps = lines.filter { $0.validation == nil }
    expected.removeSubrange(3..<5)
    #expect(steps.map(\.step) == expected.map(\.step))
    for (line, step) in zip(steps, expected) {
      #expect(line.loss.map { Float($0) } == step.loss)
      #expect(line.learning_rate.map { Float($0) } == step.learningRate)
      #expect(line.gradient_norm.map { Float($0) } == step.gradientNorm)
      #expect(line.samples_per_second == step.samplesPerSecond)
    }
    for line in lines where line.validation != nil {
      #expect(line.loss == nil)
      #expect(line.validation?[data["train.img.tsv"]]?.samples == 6)
    }
  }

  @Test("cannot log where there is no folder")
  func noLog() throws {
    let error = try #require(throws: InputError.self) {
      _ = try TrainingLog(path: data["no/folder/log.jsonl"], firstStep: 1)
    }
    #expect(error.kind == .io)
    #expect(error.place == data["no/folder/log.jsonl"])
  }
}
