import Formats
import Graph
import Kernels
import Reference
import Testing

@testable import Trainer

@Suite("A compiled step of two towers") struct ContrastiveProgramTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var form: Recipe.Contrastive.Form
    var pooling: TwoTowers.Pooling
    var frames = 1
    var isCoSwin = false
    var isa: ISA
    var testDescription: String {
      "\(form), \(pooling)\(isCoSwin ? ", CoSwin" : ""), \(frames) frames, \(isa)"
    }
  }

  static let cases = ISA.allCases.filter(\.isSupported).flatMap { isa in
    [
      Case(form: .clip, pooling: .classToken, isa: isa),
      Case(form: .unicl, pooling: .mean, frames: 2, isa: isa),
      Case(form: .unicl, pooling: .mean, isCoSwin: true, isa: isa),
    ]
  }

  /// Three pairs, of which the first and the last have the same text.
  private static func batch(frames: Int) -> Batch {
    Batch(
      shape: .init(count: 3, frames: frames, tokens: 4),
      pixels: Tensor.random([3, frames, 3, 8, 8], seed: 21, in: -2...2).values.map { Float($0) },
      tokens: [2, 5, 3, 0, 2, 6, 7, 3, 2, 5, 3, 0],
      goal: .match(texts: [4, 9, 4], ends: [2, 7, 10]), keys: ["a", "b", "c"])
  }

  private func program(_ test: Case) throws -> TrainingProgram {
    try TrainingProgram(
      test.isCoSwin ? SmallGIT.coswin : SmallGIT.vit,
      .contrastive(.init(form: test.form, towers: .init(width: 10, pooling: test.pooling))),
      dropout: 0.1, smoothing: .init(form: .kl, amount: 0.1), kernels: KernelSet(isa: test.isa),
      threads: 2)
  }

  @Test("gives the loss and every gradient of the graph's definition", arguments: cases)
  func gradients(_ test: Case) throws {
    let program = try program(test)
    var parameters: [String: Tensor] = [:]
    for (index, weight) in program.buffers.table.enumerated() {
      let tensor = Tensor.random(weight.shape, seed: UInt64(300 + index), in: -0.6...0.6)
      _ = program.buffers.slice(program.buffers.values, weight)
        .update(from: tensor.values.map { Float($0) })
      parameters[weight.name] = tensor
    }
    let graph = try Autodiff.differentiate(
      TwoTowers.logits(
        test.isCoSwin ? SmallGIT.coswin : SmallGIT.vit, .init(width: 10, pooling: test.pooling),
        training: TrainingOptions(dropout: 0.1, smoothing: .init(form: .kl, amount: 0.1))),
      loss: "loss")
    let batch = Self.batch(frames: test.frames)
    // UniCL's targets less CLIP's, over three pairs.
    let corrections: [Double] =
      test.form == .clip
      ? [Double](repeating: 0, count: 9)
      : [0.5, 0, -0.5, 0, 0, 0, -0.5, 0, 0.5].map { $0 / 3 }
    let expected = try Interpreter.run(
      graph,
      inputs: [
        "pixels": .f32([3, test.frames, 3, 8, 8], batch.pixels.map(Double.init)),
        "tokens": .i32([3, 4], batch.tokens.map(Int.init)), "ends": .i32([3], [2, 7, 10]),
        "labels": .i32([3], [0, 1, 2]), "corrections": .f32([3, 3], corrections),
        "seed": .i32([1], [9]),
      ], parameters: parameters)
    let loss = try program.step(batch, seed: 9)
    let expectedLoss = try #require(expected["loss"]).values[0]
    #expect(abs(Double(loss) - expectedLoss) <= 1e-5 * abs(expectedLoss))
    for weight in program.buffers.table {
      func norm(_ name: String) throws -> Double {
        try #require(expected["gradient.\(name)"]).values.reduce(0) { $0 + $1 * $1 }.squareRoot()
      }
      let gradient = try #require(expected["gradient.\(weight.name)"]).values
      let error = zip(program.buffers.slice(program.buffers.gradients, weight), gradient)
        .reduce(0) { $0 + (Double($1.0) - $1.1) * (Double($1.0) - $1.1) }.squareRoot()
      // As for captions: 40 ops of 2⁻²⁴, and terms that cancel to a hundredth; those of a key's bias
      // cancel wholly.
      let isKeyBias = ["key.bias", "k_proj.bias"].contains { weight.name.hasSuffix($0) }
      let scale = try norm(isKeyBias ? weight.name.dropLast(4) + "weight" : weight.name)
      #expect(error <= 1e-4 * scale, "\(weight.name): off by \(error) of \(scale)")
    }
  }

  @Test("has no gradients of what is frozen, and the others unchanged")
  func frozen() throws {
    for part in Recipe.Optimizer.Part.allCases {
      let parts = try [false, true].map { isFrozen in
        let program = try TrainingProgram(
          SmallGIT.coswin,
          .contrastive(.init(form: .unicl, towers: .init(width: 10, pooling: .mean))), dropout: 0,
          smoothing: .init(form: .kl, amount: 0),
          isFrozen: { isFrozen && Recipe.Optimizer.Part(of: $0) == part }, kernels: KernelSet(),
          threads: 1)
        for (index, weight) in program.buffers.table.enumerated() {
          let tensor = Tensor.random(weight.shape, seed: UInt64(300 + index), in: -0.6...0.6)
          _ = program.buffers.slice(program.buffers.values, weight)
            .update(from: tensor.values.map { Float($0) })
        }
        let loss = try program.step(Self.batch(frames: 1), seed: 0)
        return (program, loss)
      }
      let ((all, loss), (some, frozenLoss)) = (parts[0], parts[1])
      #expect(loss == frozenLoss)
      #expect(all.buffers.table.map(\.name) == some.buffers.table.map(\.name))
      #expect(all.buffers.learnt.count == all.buffers.table.count)
      #expect(
        some.buffers.learnt.map(\.name)
          == all.buffers.table.map(\.name).filter { Recipe.Optimizer.Part(of: $0) != part })
      #expect(some.buffers.count < all.buffers.count)
      for weight in some.buffers.learnt {
        // A key's bias has a gradient of rounding alone.
        if ["key.bias", "k_proj.bias"].contains(where: weight.name.hasSuffix) { continue }
        let same = try #require(all.buffers.table.first { $0.name == weight.name })
        let expected = all.buffers.slice(all.buffers.gradients, same)
        func norm(_ values: some Sequence<Float>) -> Float {
          values.reduce(0) { $0 + $1 * $1 }.squareRoot()
        }
        let error = norm(zip(some.buffers.slice(some.buffers.gradients, weight), expected).map(-))
        // Sums may be taken in another order: 40 ops of 2⁻²⁴, and terms that cancel to a hundredth.
        #expect(error <= 1e-4 * norm(expected), "\(weight.name)")
      }
    }
  }

  @Test("keeps the temperature within its bounds")
  func temperature() throws {
    let program = try program(Self.cases[0])
    let weight = try #require(program.buffers.table.first { $0.name == TwoTowers.logitScale })
    let value = program.buffers.slice(program.buffers.values, weight)
    for (set, kept) in [(Float(5), TwoTowers.maximumLogitScale), (4.6, 4.6), (-1, -1)] {
      value[0] = set
      program.limitTemperature()
      #expect(value[0] == kept)
    }
  }
}
