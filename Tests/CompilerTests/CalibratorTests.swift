import Checkpoint
import Compiler
import Formats
import Graph
import Kernels
import Reference
import Testing

@Suite struct CalibratorTests {
  private static let configuration = TinyModel.configuration(layers: 2, heads: 4, frames: 2)

  private static func samples() -> [CalibrationSample] {
    (1...2).map { frames in
      let seed = UInt64(frames)
      return CalibrationSample(
        pixels: Tensor.random([frames, 3, 8, 8], seed: seed).values.map { Float($0) },
        frames: frames,
        tokens: Tensor.random(.i32, [5], seed: seed, in: 0...12).integers.map { Int32($0) })
    }
  }

  private static func calibrator(_ checkpoint: Checkpoint) throws -> Calibrator {
    try Calibrator(
      checkpoint, samples: samples(), kernels: KernelSet(), threads: 1, place: "test.ckpt")
  }

  @Test func aBudgetThatHoldsChangesNothing() throws {
    let checkpoint = TinyModel.checkpoint(Self.configuration)
    let result = try Self.calibrator(checkpoint).precisions(budget: .infinity)
    #expect(result.exceptions.isEmpty)
    #expect(result.divergence == result.divergenceOfAll)
    #expect(result.divergence > 0)
    let compiled = try Compiler.compile(checkpoint, precision: .int8, place: "test")
    let quantized = compiled.plan.functions.flatMap(\.steps).filter {
      $0.opcode == .quantizedLinear
    }
    #expect(quantized.allSatisfy { $0.levels == 127 })
    // Every weight of the plan that is int8 was measured.
    let names = compiled.plan.weights.filter { $0.dtype == .s8 }.map { $0.name.dropLast(3) }
    #expect(Set(result.projections.map { $0.weight[...] }) == Set(names))
    for projection in result.projections {
      let (u7, u8) = (projection.errors[.u7] ?? 0, projection.errors[.u8] ?? 0)
      // A hundredth of the amplitude or less in each product, so 1e-4 of the energy.
      #expect(u7 > 0 && u7 < 1e-3, "\(projection)")
      #expect(u8 < u7, "\(projection)")
    }
  }

  @Test func noBudgetAtAllMakesEveryProjectionFloat() throws {
    let result = try Self.calibrator(TinyModel.checkpoint(Self.configuration))
      .precisions(budget: 0)
    #expect(result.projections.allSatisfy { $0.precision == .f32 })
    #expect(result.divergence == 0)
  }

  @Test func theFewestChangesThatKeepTheBudgetAreMade() throws {
    let checkpoint = TinyModel.checkpoint(Self.configuration)
    let calibrator = try Self.calibrator(checkpoint)
    let all = try calibrator.precisions(budget: .infinity)
    let result = try calibrator.precisions(budget: all.divergence / 3)
    #expect(result.divergence <= all.divergence / 3)
    #expect(!result.exceptions.isEmpty)
    #expect(result.exceptions.count < result.projections.count)
    let exact = try calibrator.precisions(budget: result.divergence)
    #expect(exact.exceptions == result.exceptions)

    let compiled = try Compiler.compile(
      checkpoint, precision: .int8, place: "test", exceptions: result.exceptions)
    try compiled.loaded(place: "test").verifyWeights()
    let levels = compiled.plan.functions.flatMap(\.steps)
      .filter { $0.opcode == .quantizedLinear }.map(\.levels)
    #expect(Set(levels).isSubset(of: [127, 255]))
    let floats = result.exceptions.filter { $0.value == .f32 }.keys
    let dense = Set(compiled.plan.weights.filter { $0.layout == .dense }.map(\.name))
    #expect(floats.allSatisfy(dense.contains))
  }

  /// One large channel leaves few levels to the others.
  @Test func theProjectionOfAnOutlierIsTheWorst() throws {
    var checkpoint = TinyModel.checkpoint(Self.configuration)
    let name = "git.encoder.layer.1.attention.output.LayerNorm.weight"
    var gamma = try #require(checkpoint.parameters[name]).floats
    gamma[3] = 400
    checkpoint.parameters[name] = WeightTensor(shape: [16], values: gamma)
    // The next product must not be made of that channel alone, or its error would be small.
    let next = "git.encoder.layer.1.intermediate.dense.weight"
    let weight = try #require(checkpoint.parameters[next])
    var columns = weight.floats
    for row in 0..<weight.shape[0] { columns[row * 16 + 3] = 0 }
    checkpoint.parameters[next] = WeightTensor(shape: weight.shape, values: columns)
    let result = try Self.calibrator(checkpoint).precisions(budget: .infinity)
    #expect(result.projections[0].weight == next)
  }
}
