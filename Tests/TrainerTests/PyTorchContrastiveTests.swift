import Formats
import Graph
import Kernels
import Testing

@testable import Trainer

/// Twenty steps of two tiny towers held against PyTorch's, from the same parameters on the same batches.
///
/// The golden (Tools/goldens/contrastive.py) is computed in float64, so what differs is our rounding.
@Suite("Contrastive training, beside PyTorch") struct PyTorchContrastiveTests {
  private static let configuration = GITConfiguration(
    vision: .init(imageSize: 8, patchSize: 4, width: 8, layers: 2, heads: 2, mlpWidth: 12),
    text: .init(
      width: 16, layers: 2, heads: 2, mlpWidth: 24, vocabularySize: 23, maximumTextLength: 8),
    frames: 2)

  private let file: SafetensorsFile

  init() throws {
    let root = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(2)
    file = try SafetensorsFile(
      path: root.joined(separator: "/") + "/Goldens/training/pairs.safetensors")
  }

  /// Batch `index` of the golden's four.
  private func batch(_ index: Int) throws -> Batch {
    func part(_ name: String) throws -> [Float] {
      let all = try file.floats(name).floats
      let count = all.count / 4
      return Array(all[index * count..<(index + 1) * count])
    }
    let ends = try part("ends").enumerated().map { Int32($0.offset * 6) + Int32($0.element) }
    return Batch(
      shape: .init(count: 5, frames: 2, tokens: 6), pixels: try part("pixels"),
      tokens: try part("tokens").map { Int32($0) },
      goal: .match(texts: try part("texts").map { Int32($0) }, ends: ends),
      keys: ["a", "b", "c", "d", "e"])
  }

  private func program(_ form: Recipe.Contrastive.Form) throws -> TrainingProgram {
    let pooling: TwoTowers.Pooling = form == .clip ? .classToken : .mean
    let program = try TrainingProgram(
      Self.configuration,
      .contrastive(.init(form: form, towers: .init(width: 12, pooling: pooling))), dropout: 0,
      smoothing: .init(form: .kl, amount: 0), kernels: KernelSet(), threads: 2)
    for weight in program.buffers.table {
      let golden = try file.floats(weight.name)
      try #require(golden.shape == weight.shape)
      _ = program.buffers.slice(program.buffers.values, weight).update(from: golden.floats)
    }
    return program
  }

  @Test("gives every gradient of the first step", arguments: Recipe.Contrastive.Form.allCases)
  func gradients(_ form: Recipe.Contrastive.Form) throws {
    let program = try program(form)
    _ = try program.step(try batch(0), seed: 0)
    try expectGradients(program, file, "gradient.\(form.rawValue)")
  }

  @Test("follows its losses for 20 steps of AdamW", arguments: Recipe.Contrastive.Form.allCases)
  func losses(_ form: Recipe.Contrastive.Form) throws {
    let program = try program(form)
    let losses = try file.floats("losses.\(form.rawValue)").floats
    let norms = try file.floats("norms.\(form.rawValue)").floats
    let optimizer = try AdamW(
      program.buffers, PyTorchGoldenTests.optimizer, kernels: KernelSet(), threads: 2)
    try #require(losses.count == 20)
    for step in 1...20 {
      let loss = try program.step(try batch((step - 1) % 4), seed: 0)
      let norm = optimizer.gradientNorm()
      let rate = PyTorchGoldenTests.optimizer.rate(step: step, of: 20)
      optimizer.update(step: step, rate: rate, norm: norm)
      program.limitTemperature()
      // A rounding of some 40 ops each, and what the steps before made of theirs.
      #expect(abs(loss / losses[step - 1] - 1) <= 1e-4, "step \(step)")
      #expect(abs(norm / norms[step - 1] - 1) <= 1e-3, "step \(step)")
    }
  }
}
