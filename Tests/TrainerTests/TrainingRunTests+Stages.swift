import Checkpoint
import Diagnostics
import Formats
import FoundationEssentials
import Kernels
import Testing

@testable import Trainer

extension TrainingRunTests {
  /// Two stages, everything random on; states are saved every 10 steps and between the stages.
  private func staged(_ overrides: String...) throws -> StagedRecipe {
    try StagedRecipe(
      yaml: """
        seed: 3
        batch_size: 4
        model: {image_size: 16, patch_size: 8, vision_width: 32, vision_layers: 1, vision_heads: 2,
                text_width: 32, text_layers: 1, text_heads: 2, maximum_text_length: 8, frames: 0,
                dropout: 0.2}
        text: {vocabulary_size: 80}
        data: {train: ["\(data["train.img.tsv"])"], validation: ["\(data["train.img.tsv"])"],
               minimum_crop: 0.5, flip: true}
        optimizer: {learning_rate: 4e-3, warmup_steps: 3}
        validation: {interval: 10}
        stages:
          - {name: match, keep: true, objective: contrastive, steps: 14, batch_size: 8}
          - name: say
            steps: 15
            optimizer: {groups: [{part: encoder, rate: 0.2}, {part: projection, frozen: true}]}
        """, overrides: overrides, place: "test recipe")
  }

  @discardableResult
  private func run(
    _ recipe: StagedRecipe, to name: String, resumes: Bool = false,
    _ watch: (TrainingProgress) throws(InputError) -> Void = { _ in }
  ) throws -> TrainingRun {
    let run = try TrainingRun(
      recipe, .init(output: data[name], resumes: resumes, kernels: KernelSet(), threads: 2))
    _ = try run.run(watch)
    return run
  }

  @Test("of two stages is what its stages are one by one, and keeps the model it should")
  func stages() throws {
    let recipe = try staged()
    var told: [String] = []
    var steps: [Int] = []
    let log = try TrainingLog(path: data["log.jsonl"], firstStep: 1)
    try run(recipe, to: "whole.ckpt") { progress throws(InputError) in
      try log.write(progress)
      switch progress {
      case .stage(let name, let first, let last, let start):
        told.append("\(name) \(first) \(last) \(start != nil)")
      case .step(let step):
        steps.append(step.step)
        #expect(step.steps == 29)
      case .saved(let step, let path): told.append("\(step) \(path.dropFirst(data.folder.count))")
      case .validation, .skipped: break
      }
    }
    #expect(steps == Array(1...29))
    #expect(
      told == [
        "match 1 14 false", "10 /whole.ckpt.training", "14 /whole.match.ckpt",
        "14 /whole.ckpt.training", "say 15 29 true", "24 /whole.ckpt.training", "29 /whole.ckpt",
      ])
    #expect(try data.outputs == ["log.jsonl", "whole.ckpt", "whole.match.ckpt"])

    try run(recipe.stages[0].recipe, to: "first.ckpt")
    #expect(try data.bytes("first.ckpt") == data.bytes("whole.match.ckpt"))
    try run(recipe.stages[1].recipe, to: "second.ckpt", from: "first.ckpt")
    #expect(try data.bytes("second.ckpt") == data.bytes("whole.ckpt"))

    // Weights of 16 bits are for what is finished: the stages are the same.
    try run(staged("half_precision=true"), to: "half.ckpt")
    #expect(try data.bytes("half.match.ckpt") == data.bytes("whole.match.ckpt"))
    let (whole, half) = (
      try SafetensorsFile(path: data["whole.ckpt"]), try SafetensorsFile(path: data["half.ckpt"])
    )
    #expect(half.tensors.values.allSatisfy { $0.dtype == .f16 })
    for name in whole.names {
      for (a, b) in zip(try whole.floats(name).floats, try half.floats(name).floats) {
        #expect(abs(a - b) <= max(abs(a), 0x1p-14) / 2048)
      }
    }

    let lines = String(decoding: try data.bytes("log.jsonl"), as: UTF8.self).split(separator: "\n")
    #expect(lines.count { $0.contains("\"stage\":\"match\"") } == 14 + 2)
    #expect(lines.count { $0.contains("\"stage\":\"say\"") } == 15 + 2)
    #expect(lines[10].contains("\"text_of_image\":"))
    #expect(lines.last?.contains("\"exact\":") == true)
  }

  @Test(
    "that broke off goes on in the right stage to the same model, bit for bit",
    arguments: [(7, 1), (12, 11), (14, 11), (15, 15), (20, 15), (28, 25)])
  func resumesStages(stop: Int, first: Int) throws {
    let recipe = try staged()
    try run(recipe, to: "whole.ckpt")
    let error = try #require(throws: InputError.self) {
      try run(recipe, to: "parts.ckpt") { progress throws(InputError) in
        if case .step(let step) = progress, step.step == stop { throw Self.stop }
      }
    }
    #expect(error == Self.stop)
    let resumes = first > 1
    #expect(try data.outputs.contains("parts.ckpt.training") == resumes)
    var steps: [Int] = []
    let resumed = try run(recipe, to: "parts.ckpt", resumes: resumes) {
      progress throws(InputError) in
      if case .step(let step) = progress { steps.append(step.step) }
    }
    #expect(resumed.firstStep == first)
    #expect(steps == Array(first...29))
    #expect(try data.bytes("parts.ckpt") == data.bytes("whole.ckpt"))
    #expect(try data.bytes("parts.match.ckpt") == data.bytes("whole.match.ckpt"))
    #expect(try !data.outputs.contains("parts.ckpt.training"))
  }

  @Test("goes on with more steps in the stage that it is in, but not in one that is over")
  func longerStages() throws {
    let error = try #require(throws: InputError.self) {
      try run(staged(), to: "model.ckpt") { progress throws(InputError) in
        if case .step(let step) = progress, step.step == 16 { throw Self.stop }
      }
    }
    #expect(error == Self.stop)
    let other = try #require(throws: InputError.self) {
      try run(staged("stages.match.steps=13"), to: "model.ckpt", resumes: true)
    }
    #expect(other.expected == "stages.match.steps 14")
    #expect(other.found == "stages.match.steps 13")
    try run(staged("stages.say.steps=3"), to: "model.ckpt", resumes: true)
    #expect(try data.outputs == ["model.ckpt", "model.match.ckpt"])
  }

  @Test("looks at the data of every stage before the first step")
  func laterData() throws {
    let error = try #require(throws: InputError.self) {
      try run(staged("stages.say.data.train=3"), to: "model.ckpt")
    }
    #expect(error.place == "test recipe, stages[1], data, train")
    var recipe = try staged()
    recipe = try StagedRecipe(
      yaml: """
        batch_size: 8
        optimizer: {learning_rate: 1e-3}
        stages:
          - {name: a, steps: 1, data: {train: ["\(data["train.img.tsv"])"]}}
          - {name: b, steps: 1, data: {train: ["\(data["missing.img.tsv"])"]}}
        """, place: "test recipe")
    let missing = try #require(throws: InputError.self) {
      try run(recipe, to: "model.ckpt") { _ throws(InputError) in throw Self.stop }
    }
    #expect(missing.kind == .noInput)
    #expect(missing.place.contains("missing"))
  }
}
