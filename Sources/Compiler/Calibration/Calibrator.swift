package import Checkpoint
package import Diagnostics
import Formats
import Graph
package import Kernels
import Runtime

/// Chooses what each projection of an int8 plan multiplies, by measuring on samples.
///
/// One run of the float model tells the error that quantizing each projection makes by itself. As long
/// as the whole int8 model's predictions are further from the float model's than a budget, the
/// projections with the largest errors get more precision: 8-bit activations first, then floats.
package struct Calibrator {
  /// What quantizing one projection costs.
  package struct Projection: Sendable, Equatable {
    /// The name of its weight.
    package var weight: String
    /// Σ error² / Σ value² of its products, with 7-bit and with 8-bit activations.
    package var errors: [ProjectionPrecision: Double]
    /// What the plan is to multiply.
    package var precision: ProjectionPrecision
  }

  /// What was measured, and what follows.
  package struct Result: Sendable {
    /// Every projection that can be quantized, the largest error first.
    package var projections: [Projection]
    /// Mean KL(float ‖ int8) of the predictions of all tokens, in nats, when all have 7 bits.
    package var divergenceOfAll: Double
    /// The same with the precisions chosen.
    package var divergence: Double

    /// What to give to ``Compiler/compile(_:precision:place:exceptions:watch:)``.
    package var exceptions: [String: ProjectionPrecision] {
      let changed = projections.filter { $0.precision != .u7 }
      return Dictionary(uniqueKeysWithValues: changed.map { ($0.weight, $0.precision) })
    }
  }

  private let checkpoint: Checkpoint
  private let samples: [CalibrationSample]
  private let place: String
  private let machine: CalibrationRun.Machine
  /// The float model's scores for each sample.
  private let scores: [[Float]]
  private let projections: [Projection]

  /// Runs the float model on all samples.
  ///
  /// - Parameters:
  ///   - checkpoint: what is to be compiled.
  ///   - samples: at least one; pixels of the model's size, tokens of its vocabulary, at most as many
  ///     as its longest text.
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
    machine = CalibrationRun.Machine(kernels: kernels, threads: threads)

    let float = try Compiler.compile(checkpoint, precision: .fp32, place: place)
    let (measuring, measured) = float.measuringProjections()
    let run = try CalibrationRun(measuring, on: machine, place: place)
    var errors = ProjectionErrors()
    var scores: [[Float]] = []
    for sample in samples {
      scores.append(
        try run.logits(sample) { function in
          errors.add(measured[function.name] ?? [], function)
        })
    }
    self.scores = scores
    projections = errors.projections
  }

  /// The fewest changes, largest gain first, with which the divergence is within `budget` nats.
  ///
  /// - Throws: what compiling throws; `.io` when there is not enough memory.
  package func precisions(budget: Double) throws(InputError) -> Result {
    let moves = self.moves
    var divergences: [Int: Double] = [:]
    func divergence(_ count: Int) throws(InputError) -> Double {
      if let known = divergences[count] { return known }
      let found = try self.divergence(after(moves.prefix(count)).exceptions)
      divergences[count] = found
      return found
    }

    // Double until it is enough, then halve the last step: errors add up, so more is better.
    var (low, high) = (-1, 0)
    while high < moves.count, try divergence(high) > budget {
      low = high
      high = min(moves.count, max(1, 2 * high))
    }
    while high - low > 1 {
      let middle = (low + high) / 2
      if try divergence(middle) > budget { low = middle } else { high = middle }
    }
    var result = after(moves.prefix(high))
    result.divergenceOfAll = try divergence(0)
    result.divergence = try divergence(high)
    return result
  }

  /// One projection, one step up.
  private struct Move {
    var index: Int
    var precision: ProjectionPrecision
    /// By how much its error falls.
    var gain: Double
  }

  /// All of them, the largest gain first; of one projection, 8 bits before floats.
  private var moves: [Move] {
    var moves: [Move] = []
    for (index, projection) in projections.enumerated() {
      let (u7, u8) = (projection.errors[.u7] ?? 0, projection.errors[.u8] ?? 0)
      moves.append(Move(index: index, precision: .u8, gain: max(u7 - u8, u8)))
      moves.append(Move(index: index, precision: .f32, gain: u8))
    }
    return moves.sorted { a, b in
      a.gain != b.gain ? a.gain > b.gain : (a.precision, a.index) < (b.precision, b.index)
    }
  }

  private func after(_ moves: ArraySlice<Move>) -> Result {
    var result = Result(projections: projections, divergenceOfAll: 0, divergence: 0)
    for move in moves { result.projections[move.index].precision = move.precision }
    return result
  }

  private func divergence(
    _ exceptions: [String: ProjectionPrecision]
  ) throws(InputError) -> Double {
    let compiled = try Compiler.compile(
      checkpoint, precision: .int8, place: place, exceptions: exceptions)
    let run = try CalibrationRun(compiled, on: machine, place: place)
    var divergence = Divergence()
    for (sample, right) in zip(samples, scores) {
      divergence.add(
        right, try run.logits(sample), width: checkpoint.configuration.text.vocabularySize)
    }
    return divergence.mean
  }
}
