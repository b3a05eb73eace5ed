import Compiler
import Formats
import Graph
import Kernels
import Runtime
import Testing

@testable import Trainer

/// How much memory a training step takes beside the parameters and their gradients.
struct TrainingMemoryTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var name: String
    var configuration: GITConfiguration
    var symbols: [String: Int]
    var testDescription: String { "\(name) \(symbols)" }
  }

  static let cases = [
    Case(
      name: "git-micro", configuration: .gitMicro(vocabularySize: 200),
      symbols: ["B": 8, "F": 1, "T": 20]),
    Case(
      name: "git-micro", configuration: .gitMicro(vocabularySize: 200),
      symbols: ["B": 2, "F": 6, "T": 12]),
    Case(name: "git-base", configuration: .gitBase, symbols: ["B": 1, "F": 1, "T": 20]),
  ]

  /// The largest set of buffers in use at once bounds the arena from below.
  @Test(arguments: cases, [false, true])
  func theArenaIsWithinATenthOfItsBound(_ test: Case, recomputing: Bool) throws {
    let facts = try facts(test, recomputing: recomputing)
    let (arena, bound) = (facts.arenaBytes, facts.lowerBoundBytes)
    #expect(bound > 0)
    #expect(10 * arena <= 11 * bound, "\(arena) of \(bound)")
  }

  /// Of one image through git-base some 300 MB of values are kept, of which layers' inputs are 8 MB, and
  /// the inside of one layer some 30.
  @Test(arguments: cases)
  func recomputingLayersTakesLessThanHalf(_ test: Case) throws {
    let kept = try facts(test, recomputing: false).arenaBytes
    let recomputed = try facts(test, recomputing: true).arenaBytes
    #expect(2 * recomputed < kept, "\(recomputed) of \(kept)")
  }

  private func facts(_ test: Case, recomputing: Bool) throws -> BoundFunction.Facts {
    let graph = GIT.logits(
      test.configuration,
      training: TrainingOptions(dropout: 0.1, smoothing: Smoothing(form: .kl, amount: 0.1)))
    let forward = Compiler.prepareForTraining(graph, outputs: ["loss"])
    let step = try Autodiff.differentiate(forward, loss: "loss")
    let compiled = Compiler.compileTraining(
      step, name: "train", recomputing: recomputing ? forward.nodes.count : nil)
    // Nothing is run: parameters and gradients are addresses that nobody reads.
    let nowhere = try #require(UnsafeMutableRawPointer(bitPattern: 1 << 40))
    var external: [String: UnsafeMutableRawPointer] = [:]
    for weight in compiled.weights {
      external["gradient.\(weight.name)"] = nowhere + weight.offset
    }
    let function = try BoundFunction(
      compiled.function,
      weights: WeightMemory(table: compiled.weights, base: UnsafeRawPointer(nowhere)),
      symbols: test.symbols, kernels: KernelSet(), threads: 2, external: external)
    return function.facts
  }
}
