package import Checkpoint
package import Diagnostics
import Formats
import Graph
package import Kernels
import Runtime

/// Chooses what each projection of an int8 plan multiplies, by measuring on samples.
///
/// One run of the float model tells the error that quantizing each projection makes in its products.
/// Norms are smoothed where that lowers it, and biases corrected if that brings the whole int8 model
/// nearer to the floats. If the whole int8 model is still further from the float model than a budget,
/// no weight is made coarser for the sake of long sums (``ProductGroups/chosen``), then attention
/// multiplies floats; if that is not enough, each projection is quantized alone to see what that does to
/// the predictions, and those that move them most get more precision: 8-bit activations first, then floats.
package struct Calibrator {
  /// What quantizing one projection costs and saves.
  package struct Projection: Sendable, Equatable {
    /// The name of its weight.
    package var weight: String
    /// Σ error² / Σ value² of its products, with 7-bit and with 8-bit activations.
    package var errors: [ProjectionPrecision: Double]
    /// Mean KL(float ‖ int8) of the predictions when this projection alone has 7-bit activations and
    /// all others are floats, in nats per token; nil where the budget held without knowing.
    package var effect: Double?
    /// Milliseconds with each for one image and a caption of 16 tokens, without quantizing its rows.
    package var milliseconds: [ProjectionPrecision: Double]
    /// What the plan is to multiply.
    package var precision: ProjectionPrecision
  }

  /// How far an int8 model is from the float model on the samples.
  package struct Distance: Sendable, Equatable {
    /// The mean of −log p per token of the samples' texts, in nats.
    package var loss: Double
    /// By how much of itself the float model's loss changes to become that.
    package var lossChange: Double
    /// How much of that, in either direction, may be chance.
    package var uncertainty: Double
    /// Mean KL(float ‖ int8) of the predictions of all those tokens, in nats.
    package var divergence: Double
    /// What a budget is held against: the larger of |lossChange| beyond its uncertainty and the
    /// divergence as a share of the float model's loss.
    ///
    /// On few samples the loss rises or falls by luck; on texts that the model itself finds likely the
    /// divergence is the rise to expect.
    package var cost: Double
  }

  /// What was measured, and what follows.
  package struct Result: Sendable {
    /// Every projection that can be quantized, the largest error first.
    package var projections: [Projection]
    /// The float model's loss on the samples.
    package var floatLoss: Double
    /// When all projections have 7 bits.
    package var distanceOfAll: Distance
    /// With the precisions chosen.
    package var distance: Distance

    /// Mean KL with 7 bits everywhere, without and with corrected biases; the smaller was chosen.
    package var uncorrectedDivergence: Double
    package var correctedDivergence: Double
    /// What to compile with.
    package var options: QuantizationOptions
  }

  private let checkpoint: Checkpoint
  private let parameters: ParameterStore
  private let samples: [CalibrationSample]
  private let place: String
  private let machine: CalibrationRun.Machine
  /// The float model's scores for each sample.
  private let scores: [[Float]]
  private let projections: [Projection]
  /// What helps.
  private let smoothing: [String: [Float]]
  /// The mean rows of all projections, by function.
  private let means: [String: [String: [Float]]]

  /// Runs the float model on all samples, and every projection by itself.
  ///
  /// - Parameters:
  ///   - checkpoint: what is to be compiled.
  ///   - samples: at least one; pixels of the model's size, tokens of its vocabulary, at most as many
  ///     as its longest text, at least one of them predicted.
  ///   - kernels: what runs the models.
  ///   - threads: 1 to 1024.
  ///   - place: the checkpoint's path, for errors.
  /// - Throws: what compiling throws; `.io` when there is not enough memory.
  package init(
    _ checkpoint: Checkpoint, samples: [CalibrationSample], kernels: KernelSet, threads: Int,
    place: String
  ) throws(InputError) {
    precondition(!samples.isEmpty, "a sample to calibrate on")
    self.checkpoint = checkpoint
    self.samples = samples
    self.place = place
    let parameters = ParameterStore(checkpoint.parameters, threads: threads)
    let machine = CalibrationRun.Machine(kernels: kernels, threads: threads)
    self.parameters = parameters
    self.machine = machine

    let float = try Compiler.compile(checkpoint, parameters, precision: .fp32, place: place)
    var (errors, scores) = try Self.measure(float, samples, machine)
    let norms = NormSmoothing(float.graphs)
    var smoothing = norms.factors(errors, float.graphs.parameters)
    if !smoothing.isEmpty {
      func measure(_ factors: [String: [Float]]) throws(InputError) -> ProjectionErrors {
        let smooth = try Compiler.compile(
          checkpoint, parameters, precision: .fp32, place: place,
          quantization: QuantizationOptions(smoothing: factors))
        return try Self.measure(smooth, samples, machine).errors
      }
      let all = try measure(smoothing)
      let helpful = norms.helpful(smoothing, before: errors, after: all)
      if helpful.count == smoothing.count {
        errors = all
      } else if !helpful.isEmpty {
        errors = try measure(helpful)
      }
      smoothing = helpful
    }
    self.scores = scores
    self.smoothing = smoothing
    means = errors.means

    var times: [ProjectionPrecision: [String: Double]] = [:]
    for precision in ProjectionPrecision.allCases {
      let all = Dictionary(uniqueKeysWithValues: errors.weights.map { ($0, precision) })
      let plan = try Compiler.compile(
        checkpoint, parameters, precision: .int8, place: place,
        quantization: QuantizationOptions(precisions: all, smoothing: smoothing))
      times[precision] = try ProjectionTimer(plan.loaded(place: place), on: machine).milliseconds()
    }
    projections = errors.projections(times)
  }

  /// The float model's scores of all samples, and the errors of its projections.
  private static func measure(
    _ float: CompiledPlan, _ samples: [CalibrationSample], _ machine: CalibrationRun.Machine
  ) throws(InputError) -> (errors: ProjectionErrors, scores: [[Float]]) {
    let (measuring, measured) = float.measuringProjections()
    let run = CalibrationRun(try measuring.loaded(place: "the calibration run"), on: machine)
    let patch = measuring.plan.function("encode")?.patchSize
    var errors = ProjectionErrors()
    var scores: [[Float]] = []
    for sample in samples {
      let length = sample.tokens.count
      let symbols = sample.size.symbols(patch: patch).merging([
        "N": sample.frames, "B": 1, "F": sample.frames, "Q": 1, "R": length, "L": length,
      ]) { $1 }
      scores.append(
        try run.logits(sample) { function in
          errors.add(measured[function.name] ?? [], function, symbols)
        })
    }
    return (errors, scores)
  }

  /// The fewest changes, largest gain first, whose cost is within `budget`, a share of the loss.
  ///
  /// - Throws: what compiling throws; `.io` when there is not enough memory.
  package func precisions(budget: Double) throws(InputError) -> Result {
    let plain = QuantizationOptions(smoothing: smoothing)
    let corrected = QuantizationOptions(smoothing: smoothing, means: means)
    let (without, with) = (try self.distance(plain), try self.distance(corrected))
    let isCorrected = with.divergence < without.divergence
    var distances = [0: isCorrected ? with : without]
    var projections = projections
    var moves: [Move] = []
    // The first changes are for all: weights as fine as short sums allow, then attention in floats, which
    // cost least time.
    func options(_ count: Int) -> QuantizationOptions {
      var options = isCorrected ? corrected : plain
      if count > 0 { options.groups = .exactly(ProductGroups.short) }
      if count > 1 { options.attention = .fp32 }
      for move in moves.prefix(max(0, count - 2)) {
        options.precisions[projections[move.index].weight] = move.precision
      }
      return options
    }
    func distance(_ count: Int) throws(InputError) -> Distance {
      if let known = distances[count] { return known }
      let found = try self.distance(options(count))
      distances[count] = found
      return found
    }

    if try distance(0).cost > budget, try distance(1).cost > budget, try distance(2).cost > budget {
      for index in projections.indices {
        projections[index].effect = try effect(projections[index].weight)
      }
      moves = Self.moves(projections)
    }

    // Double until it is enough, then halve the last step: errors add up, so more is better.
    let most = 2 + moves.count
    var (low, high) = (-1, 0)
    while high < most, try distance(high).cost > budget {
      low = high
      high = min(most, max(1, 2 * high))
    }
    while high - low > 1 {
      let middle = (low + high) / 2
      if try distance(middle).cost > budget { low = middle } else { high = middle }
    }
    let chosen = options(high)
    let decided = projections.map { projection in
      var projection = projection
      projection.precision = chosen.precisions[projection.weight] ?? .u7
      return projection
    }
    return Result(
      projections: decided, floatLoss: floatLoss, distanceOfAll: try distance(0),
      distance: try distance(high), uncorrectedDivergence: without.divergence,
      correctedDivergence: with.divergence, options: chosen)
  }

  /// The float model's loss on the samples, in nats per token.
  private var floatLoss: Double {
    var tally = PredictionTally()
    for (sample, scores) in zip(samples, scores) { tally.add(scores, scores, sample) }
    return tally.rightLoss
  }

  /// One projection, one step up.
  private struct Move {
    var index: Int
    var precision: ProjectionPrecision
    /// By how much its effect falls.
    var gain: Double
  }

  /// All of them, the largest gain first; of one projection, 8 bits before floats.
  ///
  /// The divergence grows with the energy of the error, so with 8 bits it is the share that the error of
  /// the products has of that with 7.
  private static func moves(_ projections: [Projection]) -> [Move] {
    var moves: [Move] = []
    for (index, projection) in projections.enumerated() {
      let (u7, u8) = (projection.errors[.u7] ?? 0, projection.errors[.u8] ?? 0)
      let effect = projection.effect ?? 0
      let rest = u7 > 0 ? effect * u8 / u7 : 0
      moves.append(Move(index: index, precision: .u8, gain: max(effect - rest, rest)))
      moves.append(Move(index: index, precision: .f32, gain: rest))
    }
    return moves.sorted { a, b in
      a.gain != b.gain ? a.gain > b.gain : (a.precision, a.index) < (b.precision, b.index)
    }
  }

  /// The samples that tell the effect of a projection by itself: there are as many runs as projections.
  private static let effectSamples = 32

  /// The divergence when the projection by `weight` alone has 7-bit activations.
  private func effect(_ weight: String) throws(InputError) -> Double {
    var precisions = Dictionary(
      uniqueKeysWithValues: projections.map { ($0.weight, ProjectionPrecision.f32) })
    precisions[weight] = .u7
    let options = QuantizationOptions(
      precisions: precisions, groups: .exactly(ProductGroups.short), smoothing: smoothing,
      attention: .fp32)
    return try tally(options, samples.prefix(Self.effectSamples)).divergence
  }

  private func distance(_ options: QuantizationOptions) throws(InputError) -> Distance {
    let tally = try tally(options, samples[...])
    let change = tally.lossChange
    let share = tally.rightLoss > 0 ? tally.divergence / tally.rightLoss : 0
    return Distance(
      loss: tally.loss, lossChange: change, uncertainty: tally.lossUncertainty,
      divergence: tally.divergence, cost: max(abs(change) - tally.lossUncertainty, share))
  }

  /// The predictions of an int8 model, held against those of the float model.
  private func tally(
    _ options: QuantizationOptions, _ samples: ArraySlice<CalibrationSample>
  ) throws(InputError) -> PredictionTally {
    let compiled = try Compiler.compile(
      checkpoint, parameters, precision: .int8, place: place, quantization: options)
    let run = CalibrationRun(try compiled.loaded(place: place), on: machine)
    var tally = PredictionTally()
    for (sample, right) in zip(samples, scores) { tally.add(right, try run.logits(sample), sample) }
    return tally
  }
}

extension PredictionTally {
  /// Adds the predictions of what is not given of a sample's text: f32[tokens, V] each.
  fileprivate mutating func add(_ right: [Float], _ found: [Float], _ sample: CalibrationSample) {
    let width = right.count / sample.tokens.count
    // Row t scores what follows token t; nothing is known to follow the last.
    let rows = (sample.promptLength - 1) * width..<(sample.tokens.count - 1) * width
    add(
      Array(right[rows]), Array(found[rows]), labels: sample.tokens.dropFirst(sample.promptLength))
  }
}
