import Formats
import Graph
import Kernels
import Testing

@testable import Trainer

/// Twenty steps of a tiny model held against PyTorch's, from the same parameters on the same batches.
///
/// The golden (Tools/goldens/training.py) is computed in float64, so what differs is our rounding.
@Suite("Training, beside PyTorch") struct PyTorchGoldenTests {
  private static let configuration = GITConfiguration(
    vision: .init(imageSize: 8, patchSize: 4, width: 8, layers: 2, heads: 2, mlpWidth: 12),
    text: .init(
      width: 16, layers: 2, heads: 2, mlpWidth: 24, vocabularySize: 23, maximumTextLength: 8),
    frames: 2)

  /// The settings of the script.
  static let optimizer = Recipe.Optimizer(
    learningRate: 3e-3, groups: [.init(.encoder, rate: 0.2)], weightDecay: 0.5, beta1: 0.9,
    beta2: 0.98,
    epsilon: 1e-8, warmupSteps: 5, finalRatio: 0.1, clipNorm: 0.5)

  private let file: SafetensorsFile

  init() throws {
    let root = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(2)
    file = try SafetensorsFile(
      path: root.joined(separator: "/") + "/Goldens/training/clips.safetensors")
  }

  /// Batch `index` of the golden's four.
  private func batch(_ index: Int) throws -> Batch {
    func part(_ name: String) throws -> [Float] {
      let all = try file.floats(name).floats
      let count = all.count / 4
      return Array(all[index * count..<(index + 1) * count])
    }
    return Batch(
      shape: .init(count: 3, frames: 2, tokens: 6), pixels: try part("pixels"),
      tokens: try part("tokens").map { Int32($0) },
      goal: .next(try part("labels").map { Int32($0) }),
      keys: ["a", "b", "c"])
  }

  private func program(_ form: SmoothingForm) throws -> TrainingProgram {
    let program = try TrainingProgram(
      Self.configuration, dropout: 0, smoothing: .init(form: form, amount: 0.1),
      kernels: KernelSet(), threads: 2)
    for weight in program.buffers.table {
      let golden = try file.floats(weight.name)
      try #require(golden.shape == weight.shape)
      _ = program.buffers.slice(program.buffers.values, weight).update(from: golden.floats)
    }
    return program
  }

  @Test("gives every gradient of the first step", arguments: SmoothingForm.allCases)
  func gradients(_ form: SmoothingForm) throws {
    let program = try program(form)
    _ = try program.step(try batch(0), seed: 0)
    try expectGradients(program, file, "gradient.\(form.rawValue)")
  }

  @Test("follows its losses for 20 steps of AdamW", arguments: SmoothingForm.allCases)
  func losses(_ form: SmoothingForm) throws {
    let program = try program(form)
    let losses = try file.floats("losses.\(form.rawValue)").floats
    let norms = try file.floats("norms.\(form.rawValue)").floats
    let found = try train(program)
    try #require(found.count == losses.count && losses.count == 20)
    // Losses differ by a rounding of some 40 ops each, and by what the steps before made of theirs.
    for (step, found) in found.enumerated() {
      #expect(abs(found.loss / losses[step] - 1) <= 1e-5, "step \(step + 1)")
      #expect(abs(found.norm / norms[step] - 1) <= 1e-4, "step \(step + 1)")
    }
  }

  @Test("arrives at its parameters after 20 steps")
  func parameters() throws {
    let program = try program(.kl)
    _ = try train(program)
    for weight in program.buffers.table {
      // A key's bias has a gradient of pure rounding, which AdamW makes steps of.
      if ["key.bias", "k_proj.bias"].contains(where: { weight.name.hasSuffix($0) }) { continue }
      let start = try file.floats(weight.name).floats
      let end = try file.floats("final.\(weight.name)").floats
      let found = program.buffers.slice(program.buffers.values, weight)
      func distance(_ a: some Sequence<Float>) -> Double {
        zip(a, end).reduce(0.0) { $0 + Double($1.0 - $1.1) * Double($1.0 - $1.1) }.squareRoot()
      }
      // Elements whose gradient nearly cancels take steps of uncertain size; a hundredth of the way
      // leaves room for those, and shows a decay, rate or correction that is off by as much.
      #expect(distance(found) <= 0.01 * distance(start), "\(weight.name)")
    }
  }

  /// Trains over the four batches in turn, and gives losses and gradient norms.
  private func train(_ program: TrainingProgram) throws -> [(loss: Float, norm: Float)] {
    let optimizer = try AdamW(program.buffers, Self.optimizer, kernels: KernelSet(), threads: 2)
    return try (1...20).map { step in
      let loss = try program.step(try batch((step - 1) % 4), seed: 0)
      let norm = optimizer.gradientNorm()
      optimizer.update(step: step, rate: Self.optimizer.rate(step: step, of: 20), norm: norm)
      return (loss, norm)
    }
  }
}
