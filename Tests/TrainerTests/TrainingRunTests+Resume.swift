import Checkpoint
import Data
import Diagnostics
import Formats
import FoundationEssentials
import Glibc
import Graph
import Testing

@testable import Trainer

extension TrainingRunTests {
  /// Everything random is on, and two sources take turns, so that a resumed run that did not go on
  /// exactly would give other numbers.
  private func randomRecipe(steps: Int = 24, seed: Int = 3) throws -> Recipe {
    try data.write(
      "more",
      ColouredImages.colours.suffix(3).map {
        ($0.name, [ColouredImages.image($0, side: 24)], ["a \($0.name) one", $0.name])
      })
    var recipe = try data.recipe(
      steps: steps, "seed=\(seed)", "model.dropout=0.2", "data.minimum_crop=0.5", "data.flip=true",
      "batch_size=3")
    recipe.train.append(.init(.init(path: data["more.img.tsv"]), weight: 0.5))
    return recipe
  }

  @Test("that broke off goes on from its last state to the same model, bit for bit")
  func resumes() throws {
    let recipe = try randomRecipe()
    try run(recipe, to: "whole.ckpt")
    let error = try error(recipe, to: "parts.ckpt") { progress throws(InputError) in
      // State was saved after step 10.
      if case .step(let step) = progress, step.step == 17 { throw Self.stop }
    }
    #expect(error == Self.stop)
    #expect(try data.outputs == ["parts.ckpt.training", "whole.ckpt"])

    var first: Int?
    try run(recipe, to: "parts.ckpt", resumes: true) { progress throws(InputError) in
      if case .step(let step) = progress { first = first ?? step.step }
    }
    #expect(first == 11)
    #expect(try data.bytes("parts.ckpt") == data.bytes("whole.ckpt"))
    #expect(try data.outputs == ["parts.ckpt", "whole.ckpt"])
  }

  /// Sends the signal to this process and waits for it to come: tests run on threads that take none.
  private static func send(_ signal: Int32) {
    kill(getpid(), signal)
    for _ in 0..<5000 where !Interruption.isRequested { usleep(1000) }
  }

  @Test(
    "saves when it is interrupted, and goes on to the same model", arguments: [SIGINT, SIGTERM])
  func interruption(_ signal: Int32) throws {
    defer { for number in [SIGINT, SIGTERM] { Glibc.signal(number, SIG_DFL) } }
    let recipe = try randomRecipe()
    try run(recipe, to: "whole.ckpt")
    let outcome = try run(recipe, to: "parts.ckpt") { progress throws(InputError) in
      if case .step(let step) = progress, step.step == 7 { Self.send(signal) }
    }
    #expect(outcome == .interrupted(step: 7))
    #expect(try run(recipe, to: "parts.ckpt", resumes: true) == .finished)
    #expect(try data.bytes("parts.ckpt") == data.bytes("whole.ckpt"))
  }

  @Test("that is over when it is interrupted is finished")
  func interruptedAtTheEnd() throws {
    defer { for number in [SIGINT, SIGTERM] { Glibc.signal(number, SIG_DFL) } }
    let outcome = try run(data.recipe(steps: 3), to: "model.ckpt") { progress throws(InputError) in
      if case .step(let step) = progress, step.step == 3 { Self.send(SIGINT) }
    }
    #expect(outcome == .finished)
    #expect(try data.outputs == ["model.ckpt"])
  }

  /// Leaves the state of step 10.
  private func breakOff() throws {
    let error = try error(randomRecipe(), to: "model.ckpt") { progress throws(InputError) in
      if case .saved = progress { throw Self.stop }
    }
    try #require(error == Self.stop)
  }

  @Test("does not resume with another seed")
  func otherSeed() throws {
    try breakOff()
    let error = try error(randomRecipe(seed: 4), to: "model.ckpt", resumes: true)
    #expect(error.kind == .usage)
    #expect(error.expected == "seed 3")
    #expect(error.found == "seed 4")
    #expect(error.place == data["model.ckpt.training"])
  }

  @Test("does not resume with fewer steps than are done")
  func fewerSteps() throws {
    try breakOff()
    for steps in [9, 10] {
      let error = try error(randomRecipe(steps: steps), to: "model.ckpt", resumes: true)
      #expect(error.kind == .usage)
      #expect(error.expected == "more than 10 steps")
      #expect(error.found == "\(steps)")
    }
  }

  @Test("does not resume with other words or sizes")
  func otherModel() throws {
    try breakOff()
    let recipe = try randomRecipe()
    try data.write(
      "more", [("x", [ColouredImages.image(ColouredImages.colours[0])], ["a purple one", "lilac"])])
    let words = try error(recipe, to: "model.ckpt", resumes: true)
    #expect(words.kind == .usage)
    #expect(words.what.contains("vocabulary"))

    var wide = try randomRecipe()
    wide.configuration.text.mlpWidth = 40
    let sizes = try error(wide, to: "model.ckpt", resumes: true)
    #expect(sizes.kind == .usage)
    #expect(sizes.found == "configuration.text.mlp_width 40")
    #expect(sizes.place == data["model.ckpt.training"])
  }

  @Test("does not resume without a state")
  func noState() throws {
    let recipe = try randomRecipe(steps: 1)
    let missing = try error(recipe, to: "model.ckpt", resumes: true)
    #expect(missing.kind == .noInput)
    #expect(missing.place.contains(data["model.ckpt.training"]))

    // A finished model holds no state.
    try run(recipe, to: "model.ckpt")
    try FoundationEssentials.Data(data.bytes("model.ckpt"))
      .write(to: URL(filePath: data["model.ckpt.training"]))
    let stateless = try error(recipe, to: "model.ckpt", resumes: true)
    #expect(stateless.kind == .badData)
    #expect(stateless.what == "checkpoint has no training state")
    #expect(stateless.advice.contains("--init"))
  }

  @Test("keeps its state as a checkpoint that can be the start of another run")
  func stateIsACheckpoint() throws {
    try breakOff()
    let state = try Checkpoint.read(path: data["model.ckpt.training"])
    let tensors = try #require(state.trainingState?.tensors)
    #expect(Set(tensors.keys) == Set(state.parameters.keys.flatMap { ["m.\($0)", "v.\($0)"] }))
    #expect(tensors.values.contains { $0.floats.contains { $0 != 0 } })
    #expect(
      try run(randomRecipe(steps: 1), to: "next.ckpt", from: "model.ckpt.training") == .finished)
  }
}
