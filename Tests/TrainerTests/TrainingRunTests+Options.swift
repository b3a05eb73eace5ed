import Checkpoint
import Diagnostics
import Formats
import Kernels
import Testing

@testable import Trainer

/// The loss of every step of a run.
extension TrainingRunTests {
  private func losses(_ recipe: Recipe, to name: String) throws -> [Float] {
    var losses: [Float] = []
    try run(recipe, to: name) { progress throws(InputError) in
      if case .step(let step) = progress { losses.append(step.loss) }
    }
    return losses
  }

  @Test("that accumulates learns from the same samples as one of large batches")
  func accumulation() throws {
    let more = ["data.flip=true", "data.minimum_crop=0.5", "data.context_noise=0.3"]
    let large = try losses(data.recipe(steps: 6, overrides: more + ["batch_size=8"]), to: "a")
    let parts = try losses(
      data.recipe(steps: 6, overrides: more + ["batch_size=2", "accumulate=4"]), to: "b")
    #expect(large.count == 6)
    for (a, b) in zip(large, parts) {
      // Roundings of the first step, grown by those of the steps after it: AdamW's first updates have the
      // size of the rate whatever the gradient's, so that where one is near 0 its sign may turn.
      #expect(abs(a - b) <= 1e-3 * a)
    }
    #expect(abs(large[0] - parts[0]) <= 8 * large[0].ulp)
  }

  @Test("at many sizes is repeated and gone on with bit for bit")
  func manySizes() throws {
    func recipe() throws -> Recipe {
      try data.recipe(
        steps: 7,
        overrides: [
          "data.image_sizes=8,16,24", "batch_size=3", "accumulate=2", "recompute=true",
          "validation.interval=3",
        ])
    }
    try run(recipe(), to: "whole")
    _ = try error(recipe(), to: "parts") { progress throws(InputError) in
      if case .step(let step) = progress, step.step == 5 { throw Self.stop }
    }
    // Keeping what was computed again changes nothing.
    var kept = try recipe()
    kept.recompute = false
    try run(kept, to: "parts", resumes: true)
    #expect(try data.bytes("parts") == data.bytes("whole"))
  }

  @Test("draws the size of each batch from the list by its step")
  func sizesByStep() throws {
    let recipe = try data.recipe(steps: 7)
    let run = try TrainingRun(
      recipe, .init(output: data["x"], kernels: KernelSet(), threads: 1))
    func sides(from first: Int) throws -> [Int?] {
      let loader = BatchLoader(
        sources: run.data[0].sources,
        schedule: BatchSchedule(
          counts: [8], weights: [1], batchSize: 2, seed: 5, shuffle: true, step: first),
        seed: 5, sides: [8, 16, 24])
      return try (first..<40).map { _ in try loader.next().shape.side }
    }
    let all = try sides(from: 1)
    #expect(Set(all) == [8, 16, 24])
    #expect(try sides(from: 20) == Array(all[19...]))
  }
}
