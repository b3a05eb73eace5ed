import Formats
import Graph
import Kernels
import Reference
import Testing

@testable import Trainer

@Suite("A compiled training step") struct TrainingProgramTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var frames: Int
    var dropout: Float
    var smoothing: Smoothing
    var isa: ISA
    var isCoSwin = false
    var testDescription: String {
      (isCoSwin ? "CoSwin, " : "")
        + "\(frames) frames, dropout \(dropout), \(smoothing.form) \(smoothing.amount), \(isa.rawValue)"
    }
  }

  static let cases = ISA.allCases.filter(\.isSupported).flatMap { isa in
    [
      Case(frames: 1, dropout: 0, smoothing: .init(form: .kl, amount: 0), isa: isa),
      Case(frames: 2, dropout: 0.3, smoothing: .init(form: .kl, amount: 0.1), isa: isa),
      Case(frames: 1, dropout: 0.1, smoothing: .init(form: .uniform, amount: 0.2), isa: isa),
      Case(
        frames: 2, dropout: 0.1, smoothing: .init(form: .kl, amount: 0.1), isa: isa,
        isCoSwin: true),
    ]
  }

  private static func batch(frames: Int) -> Batch {
    Batch(
      shape: .init(count: 2, frames: frames, tokens: 4),
      pixels: Tensor.random([2, frames, 3, 8, 8], seed: 21, in: -2...2).values.map { Float($0) },
      tokens: [2, 5, 6, 7, 2, 11, 0, 0], goal: .next([-1, 6, 7, 3, 11, 3, -1, -1]),
      keys: ["a", "b"])
  }

  private static func inputs(_ batch: Batch, seed: Int) -> [String: Tensor] {
    let shape = batch.shape
    return [
      "pixels": .f32([shape.count, shape.frames, 3, 8, 8], batch.pixels.map(Double.init)),
      "tokens": .i32([shape.count, shape.tokens], batch.tokens.map(Int.init)),
      "labels": .i32([shape.count, shape.tokens], batch.labels.map(Int.init)),
      "seed": .i32([1], [seed]),
    ]
  }

  /// Fills the parameters at random and gives them as tensors too.
  private static func fill(_ buffers: ParameterBuffers) -> [String: Tensor] {
    var tensors: [String: Tensor] = [:]
    for (index, weight) in buffers.table.enumerated() {
      let tensor = Tensor.random(weight.shape, seed: UInt64(300 + index), in: -0.6...0.6)
      let values = buffers.slice(buffers.values, weight)
      for element in values.indices { values[element] = Float(tensor.values[element]) }
      tensors[weight.name] = tensor
    }
    return tensors
  }

  @Test("gives the loss and every gradient of the graph's definition", arguments: cases)
  func gradients(_ test: Case) throws {
    let configuration = test.isCoSwin ? SmallGIT.coswin : SmallGIT.vit
    let program = try TrainingProgram(
      configuration, dropout: test.dropout, smoothing: test.smoothing,
      kernels: KernelSet(isa: test.isa), threads: 2)
    let parameters = Self.fill(program.buffers)
    let batch = Self.batch(frames: test.frames)
    // The graph as the model defines it: no pass has touched it.
    let graph = try Autodiff.differentiate(
      GIT.logits(
        configuration,
        training: TrainingOptions(dropout: test.dropout, smoothing: test.smoothing)), loss: "loss")
    // The second batch runs the bound step again: nothing of the first may stay in its memory.
    for seed in [9, -4] {
      let expected = try Interpreter.run(
        graph, inputs: Self.inputs(batch, seed: seed), parameters: parameters)
      let loss = try program.step(batch, seed: Int32(seed))
      let expectedLoss = try #require(expected["loss"]).values[0]
      #expect(abs(Double(loss) - expectedLoss) <= 1e-5 * abs(expectedLoss))

      func norm(_ name: String) throws -> Double {
        let gradient = try #require(expected["gradient.\(name)"])
        return gradient.values.reduce(0) { $0 + $1 * $1 }.squareRoot()
      }
      for weight in program.buffers.table {
        let gradient = try #require(expected["gradient.\(weight.name)"]).values
        let found = program.buffers.slice(program.buffers.gradients, weight)
        #expect(found.count == gradient.count)
        let error = zip(found, gradient).reduce(0) { sum, pair in
          let difference = Double(pair.0) - pair.1
          return sum + difference * difference
        }.squareRoot()
        // A gradient passes 40 ops of 2⁻²⁴ each, and cancels to some hundredth of its terms on the
        // way: 40 · 100 · 6e-8 = 2.4e-4 at worst, a tenth of it on average over a tensor's norm.
        //
        // A bias of keys adds the same to all scores of a query, so its gradient is 0, a sum of
        // terms that cancel wholly. They are those of the key matrix's gradient but for the layer's
        // input, which is about 1.
        let isKeyBias = ["key.bias", "k_proj.bias"].contains { weight.name.hasSuffix($0) }
        let scale = try norm(isKeyBias ? weight.name.dropLast(4) + "weight" : weight.name)
        #expect(error <= 1e-4 * scale, "\(weight.name): off by \(error) of \(scale)")
      }
    }
  }

  @Test("drops other elements with another seed, and the same with the same")
  func seeds() throws {
    let program = try TrainingProgram(
      SmallGIT.vit, dropout: 0.3, smoothing: .init(form: .kl, amount: 0),
      kernels: KernelSet(), threads: 1)
    _ = Self.fill(program.buffers)
    let batch = Self.batch(frames: 1)
    let first = try program.step(batch, seed: 1)
    #expect(try program.step(batch, seed: 2) != first)
    #expect(try program.step(batch, seed: 1) == first)
  }

  @Test("validates without smoothing and dropout, on the same parameters")
  func validation() throws {
    let program = try TrainingProgram(
      SmallGIT.vit, dropout: 0.3, smoothing: .init(form: .kl, amount: 0.1),
      kernels: KernelSet(), threads: 2)
    let parameters = Self.fill(program.buffers)
    let batch = Self.batch(frames: 2)
    guard case .prediction(let result) = try program.validate(batch) else {
      Issue.record("not the result of a captioner")
      return
    }
    let graph = GIT.logits(
      SmallGIT.vit,
      training: TrainingOptions(dropout: 0, smoothing: .init(form: .uniform, amount: 0)))
    let expected = try Interpreter.run(
      graph, inputs: Self.inputs(batch, seed: 0), parameters: parameters)
    let loss = try #require(expected["loss"]).values[0]
    #expect(abs(result.loss - loss) <= 1e-5 * loss)
    #expect(result.tokenCount == 5)
    #expect(result.sampleCount == 2)
    let logits = try #require(expected["logits"])
    let right = zip(batch.labels.indices, batch.labels).count { row, label in
      let row = logits.row(row)
      return row.firstIndex(of: row.max() ?? 0).map { $0 - row.startIndex } == Int(label)
    }
    #expect(result.rightTokens == right)
  }
}
