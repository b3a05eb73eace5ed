import Checkpoint
import Compiler
import Formats
import Graph
import Kernels
import Reference
import Runtime
import Testing

@Suite struct CalibratorTests {
  private static let configuration = TinyModel.configuration(layers: 2, heads: 4, frames: 2)

  private static func samples() -> [CalibrationSample] {
    (1...2).map { frames in
      let seed = UInt64(frames)
      return CalibrationSample(
        pixels: Tensor.random([frames, 3, 8, 8], seed: seed).values.map { Float($0) },
        size: PixelSize(height: 8, width: 8), frames: frames,
        tokens: Tensor.random(.i32, [5], seed: seed, in: 0...12).integers.map { Int32($0) },
        promptLength: frames)
    }
  }

  private static func calibrator(_ checkpoint: Checkpoint) throws -> Calibrator {
    try Calibrator(
      checkpoint, samples: samples(), kernels: KernelSet(), threads: 1, place: "test.ckpt")
  }

  @Test func aBudgetThatHoldsChangesNothing() throws {
    let checkpoint = TinyModel.checkpoint(Self.configuration)
    let result = try Self.calibrator(checkpoint).precisions(budget: .infinity)
    #expect(result.options.precisions.isEmpty)
    // Biases are corrected exactly where that helped.
    let isBetter = result.correctedDivergence < result.uncorrectedDivergence
    #expect(result.options.means.isEmpty == !isBetter)
    #expect(
      result.distance.divergence == min(result.correctedDivergence, result.uncorrectedDivergence))
    #expect(result.distance == result.distanceOfAll)
    #expect(result.distance.divergence > 0)
    let (distance, share) = (result.distance, result.distance.divergence / result.floatLoss)
    #expect(distance.uncertainty > 0)
    #expect(distance.cost == max(abs(distance.lossChange) - distance.uncertainty, share))
    // Nobody had to ask what each projection does.
    #expect(result.projections.allSatisfy { $0.effect == nil })
    // Every projection takes time, in every precision.
    for projection in result.projections {
      #expect(projection.milliseconds.count == 3, "\(projection)")
      #expect(projection.milliseconds.values.allSatisfy { $0 > 0 }, "\(projection)")
    }
    let compiled = try Compiler.compile(
      checkpoint, precision: .int8, place: "test", quantization: result.options)
    let quantized = compiled.plan.functions.flatMap(\.steps).filter {
      $0.opcode == .quantizedLinear
    }
    #expect(quantized.allSatisfy { $0.levels == 127 })
    // Every weight of the plan that is int8 was measured.
    let names = compiled.plan.weights.filter { $0.dtype == .s8 }.map { $0.name.dropLast(3) }
    let kept = result.projections.map { $0.weight[...] }
    #expect(Set(kept) == Set(names))
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
    #expect(result.distance.cost == 0)
    #expect(result.distance.loss == result.floatLoss)
  }

  @Test func theFewestChangesThatKeepTheBudgetAreMade() throws {
    let checkpoint = TinyModel.checkpoint(Self.configuration)
    let calibrator = try Self.calibrator(checkpoint)
    let all = try calibrator.precisions(budget: .infinity)
    // First the sums of all, then attention, then what projections multiply.
    let short = try calibrator.precisions(budget: all.distance.cost * 0.99)
    #expect(short.options.groups == .exactly(ProductGroups.short))
    #expect(short.options.attention == .int8)
    let budget = short.distance.cost / 3
    let result = try calibrator.precisions(budget: budget)
    #expect(result.options.attention == .fp32)
    #expect(result.distance.cost <= budget)
    let precisions = result.options.precisions
    #expect(!precisions.isEmpty)
    #expect(precisions.count < result.projections.count)
    // Those that move the predictions most, whatever the errors of their products.
    let effects = try result.projections.map { try #require($0.effect) }
    #expect(effects.allSatisfy { $0 > 0 })
    let gains = zip(result.projections, effects).map { projection, effect in
      effect * (1 - (projection.errors[.u8] ?? 0) / (projection.errors[.u7] ?? 1))
    }
    let first = try #require(gains.indices.max { gains[$0] < gains[$1] })
    #expect(result.projections[first].precision != .u7)
    let exact = try calibrator.precisions(budget: result.distance.cost)
    #expect(exact.distance.cost <= result.distance.cost)

    let compiled = try Compiler.compile(
      checkpoint, precision: .int8, place: "test", quantization: result.options)
    try compiled.loaded(place: "test").verifyWeights()
    let levels = compiled.plan.functions.flatMap(\.steps)
      .filter { $0.opcode == .quantizedLinear }.map(\.levels)
    #expect(Set(levels).isSubset(of: [127, 255]))
    let floats = precisions.filter { $0.value == .f32 }.keys
    let dense = Set(compiled.plan.weights.filter { $0.layout == .dense }.map(\.name))
    #expect(floats.allSatisfy(dense.contains))
  }

  @Test func lossIsThatOfTheTokensAfterThePrompt() {
    var tally = PredictionTally()
    // Two rows: all probability on the first of two tokens but for e^-20, and one half each.
    tally.add([20, 0, 0, 0], [20, 0, 0, 0], labels: [0, 1])
    #expect(abs(tally.rightLoss - 0.5 * 0.6931471805599453) < 1e-8)
    #expect(tally.lossChange == 0)
    #expect(tally.divergence == 0)
    tally.add([0, 0], [0, 1], labels: [0])
    // ln 2 for the half, ln(1 + e) for what is left of it, and the mean of both tokens' differences.
    #expect(abs(tally.loss - (0.6931471805599453 + 1.3132616875182228) / 3) < 1e-8)
    let divergence = 0.5 * (1.3132616875182228 + 0.31326168751822286) - 0.6931471805599453
    #expect(abs(tally.divergence - divergence / 3) < 1e-8)
    #expect(abs(tally.maximumDivergence - divergence) < 1e-8)
    #expect(tally.tokens == 3)
    // One of three tokens got worse by g: the mean g/3, its standard error g/3, of a loss of ⅔ ln 2.
    let growth = 1.3132616875182228 - 0.6931471805599453
    #expect(abs(tally.lossUncertainty - growth / 0.6931471805599453) < 1e-7)
  }

  /// A channel of a norm that is far larger than the others, and little used: moved into the weights it
  /// no longer takes the levels of the others.
  @Test func aNormWithALargeChannelIsSmoothed() throws {
    var checkpoint = TinyModel.checkpoint(Self.configuration)
    let layer = "git.image_encoder.vision_model.encoder.layers.0."
    var gamma = try #require(checkpoint.parameters[layer + "layer_norm2.weight"]).floats
    gamma[3] = 200
    checkpoint.parameters[layer + "layer_norm2.weight"] = WeightTensor(
      shape: [gamma.count], values: gamma)
    let name = layer + "mlp.fc1.weight"
    let weight = try #require(checkpoint.parameters[name])
    var columns = weight.floats
    for row in 0..<weight.shape[0] { columns[row * gamma.count + 3] /= 200 }
    checkpoint.parameters[name] = WeightTensor(shape: weight.shape, values: columns)

    let result = try Self.calibrator(checkpoint).precisions(budget: .infinity)
    let factors = try #require(result.options.smoothing[layer + "layer_norm2.weight"])
    #expect(factors[3] >= 16)
    #expect(factors.allSatisfy { $0.significand == 1 })
    let smooth = try #require(result.projections.first { $0.weight == name + ".smoothed" })
    // Without it the other channels have about a hundredth of the levels; with it all of them.
    #expect(try #require(smooth.errors[.u7]) < 1e-3)
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
