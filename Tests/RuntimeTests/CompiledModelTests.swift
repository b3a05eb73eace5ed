import Checkpoint
import Compiler
import Formats
import Graph
import Kernels
import Reference
import Runtime
import Testing

/// Whole models through compiler and runtime, against the interpreter on the one graph.
@Suite struct CompiledModelTests {
  struct Case: Sendable {
    var seed: UInt64
    var frames = 1
    var temporal = 0
    var vision = RandomModel.vit
    /// Text rows of the prompt and after it.
    var prompt = 1
    var continuation = 5
  }

  static let cases = [
    Case(seed: 1), Case(seed: 2, frames: 3, temporal: 4), Case(seed: 3, prompt: 4),
    Case(seed: 4, frames: 2, temporal: 2, prompt: 2, continuation: 1),
    Case(seed: 5, vision: RandomModel.coswin),
    Case(seed: 6, frames: 2, temporal: 2, vision: RandomModel.coswin),
  ]

  @Test(arguments: cases)
  func anFP32PlanEqualsTheFullGraph(_ test: Case) throws {
    let model = try RandomModel(seed: test.seed, frames: test.temporal, vision: test.vision)
    let pixels = Tensor.random([1, test.frames, 3, 16, 16], seed: test.seed + 70, in: -2...2)
    let tokens = Tensor.random(
      .i32, [1, test.prompt + test.continuation], seed: test.seed + 80, in: 0...36
    ).integers
    let expected = try model.logProbabilities(pixels, tokens, from: test.prompt)
    let found = try model.plan(.fp32).session(.best, threads: 2).logProbabilities(
      pixels, tokens, prompt: test.prompt)
    // Sums of at most 96 products in f32 through 4 layers; layer norms keep activations near 1, so
    // errors stay near 96 · 2⁻²⁴ · layers = 2e-5 of them, and log-probabilities are of size 1 to 10.
    for (a, b) in zip(expected, found) { #expect(abs(a - Double(b)) <= 1e-4 * max(1, abs(a))) }
    #expect(found.count == test.continuation)
  }

  @Test(arguments: [1, 2, 3])
  func stepsOfFourBitsGiveTheSameBitsOnEveryISAAndStayNear(_ threads: Int) throws {
    let model = try RandomModel(seed: 15, frames: 0)
    let pixels = Tensor.random([1, 1, 3, 16, 16], seed: 16, in: -2...2)
    let tokens = Tensor.random(.i32, [1, 10], seed: 17, in: 0...36).integers
    func found(_ weights: StepWeights, _ isa: ISA, _ threads: Int) throws -> [Float] {
      try model.plan(.int8, quantization: QuantizationOptions(stepWeights: weights))
        .session(isa, threads: threads).logProbabilities(pixels, tokens, prompt: 1)
    }
    let expected = try found(.int4, .scalar, 1)
    for isa in ISA.allCases where isa.isSupported {
      let bits = try found(.int4, isa, threads).map(\.bitPattern)
      #expect(bits == expected.map(\.bitPattern), "\(isa), \(threads) threads")
    }
    // Weights are off by a tenth of their deviation instead of a hundredth: two layers and the head add up as
    // √3 · 10 % of logits whose deviation is about 2.
    let eight = try found(.int8, .best, 1)
    let mean = zip(expected, eight).reduce(0) { $0 + abs($1.0 - $1.1) } / Float(eight.count)
    #expect(mean > 0.001 && mean < 0.6, "\(mean)")
  }

  @Test(arguments: [1, 2, 3, 4], [RandomModel.vit, RandomModel.coswin])
  func anInt8PlanGivesTheSameBitsOnEveryISAAndThreadCount(
    _ threads: Int, vision: GITConfiguration.Vision
  ) throws {
    let model = try RandomModel(seed: 11, frames: 2, vision: vision)
    let plan = try model.plan(.int8)
    let pixels = Tensor.random([1, 2, 3, 16, 16], seed: 12, in: -2...2)
    let tokens = Tensor.random(.i32, [1, 9], seed: 13, in: 0...36).integers
    let expected = try plan.session(.scalar, threads: 1).logProbabilities(
      pixels, tokens, prompt: 2)
    for isa in ISA.allCases where isa.isSupported {
      let found = try plan.session(isa, threads: threads).logProbabilities(
        pixels, tokens, prompt: 2)
      #expect(found.map(\.bitPattern) == expected.map(\.bitPattern), "\(isa), \(threads) threads")
    }
  }

  @Test(arguments: [RandomModel.vit, RandomModel.coswin])
  func anInt8PlanStaysNearTheFullGraph(vision: GITConfiguration.Vision) throws {
    let model = try RandomModel(seed: 21, frames: 0, vision: vision)
    let pixels = Tensor.random([1, 1, 3, 16, 16], seed: 22, in: -2...2)
    let tokens = Tensor.random(.i32, [1, 10], seed: 23, in: 0...36).integers
    let expected = try model.logProbabilities(pixels, tokens, from: 1)
    let found = try model.plan(.int8).session(.best, threads: 2).logProbabilities(
      pixels, tokens, prompt: 1)
    // 7-bit activations are off by range/254, about 1 % of a normalised row's deviation of 1, and
    // 8-bit weights by half of that. Random errors of K products average to 1 % of the result; four
    // layers and the head add up as √5 · 1.2 % = 3 % of logits whose deviation is about 2.
    for (a, b) in zip(expected, found) { #expect(abs(a - Double(b)) <= 0.25) }
    let meanError = zip(expected, found).reduce(0) { $0 + abs($1.0 - Double($1.1)) } / 9
    #expect(meanError <= 0.08)
    #expect(meanError > 1e-5, "an int8 plan that rounds nothing is no int8 plan")
  }

  @Test func greedyDecodingTakesTheBestTokenOfTheFullGraph() throws {
    let model = try RandomModel(seed: 31, frames: 0)
    let pixels = Tensor.random([1, 1, 3, 16, 16], seed: 32, in: -2...2)
    let session = try model.plan(.fp32).session(.best, threads: 1)
    let image = try session.encode(pixels: pixels)
    let generation = try #require(
      session.session.generate(
        image, prompt: [2], options: SearchOptions(beams: 1, maximumTokens: 6, endID: 3)
      ).first)
    var tokens = [2]
    while tokens.count < generation.tokens.count {
      let logits = try model.logits(pixels, tokens)
      let row = logits.row(tokens.count - 1)
      let best = try #require(row.indices.max { row[$0] < row[$1] }) - row.startIndex
      tokens.append(best)
    }
    #expect(generation.tokens == tokens)
    #expect(generation.tokens.count > 1)
  }
}
