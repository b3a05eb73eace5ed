import Diagnostics
import Formats
import Runtime

/// How long the projections of a plan take on this machine.
struct ProjectionTimer {
  /// The tokens of the caption that times are told for.
  static let captionTokens = 16

  private let loaded: LoadedPlan
  private let machine: CalibrationRun.Machine

  init(_ loaded: LoadedPlan, on machine: CalibrationRun.Machine) {
    self.loaded = loaded
    self.machine = machine
  }

  /// Milliseconds of each projection, by the name of its weight, for one image and a caption of
  /// ``captionTokens``: the fastest of a few runs of the step alone.
  ///
  /// - Throws: `.io` when there is not enough memory.
  func milliseconds() throws(InputError) -> [String: Double] {
    var result: [String: Double] = [:]
    guard let sizes = loaded.plan.sizesOfOneImage() else { return result }
    for function in loaded.plan.functions {
      let repeats = function.name == "step" ? Self.captionTokens : 1
      for (step, weight) in function.projections(loaded.plan.weights) {
        let time = try milliseconds(function.isolating(step), sizes)
        result[weight, default: 0] += Double(repeats) * time
      }
    }
    return result
  }

  private func milliseconds(
    _ function: PlanFunction, _ sizes: [String: Int]
  ) throws(InputError) -> Double {
    let bound = try BoundFunction(
      function, weights: WeightMemory(loaded), symbols: sizes, kernels: machine.kernels,
      threads: machine.threads, place: loaded.place)
    let clock = ContinuousClock()
    bound.run()
    let start = clock.now
    var fastest = Duration.seconds(1000)
    // Enough for the fastest run to be undisturbed; long ones need fewer.
    for _ in 0..<20 where clock.now - start < .milliseconds(20) {
      let time = clock.measure { bound.run() }
      fastest = min(fastest, time)
    }
    return fastest / .milliseconds(1)
  }
}

extension PlanFunction {
  /// One step alone: what it reads, but for weights, is given, and what it makes are the outputs.
  fileprivate func isolating(_ index: Int) -> PlanFunction {
    let step = steps[index]
    var given: [Int] = []
    for operand in step.operands.map({ tensors[$0].aliasOf ?? $0 })
    where tensors[operand].weight == nil && !given.contains(operand) {
      given.append(operand)
    }
    return PlanFunction(
      name: name, symbols: symbols, tensors: tensors, steps: [step],
      inputs: given.enumerated().map { PlanPort(name: "x\($0)", tensor: $1) },
      outputs: step.results.enumerated().map { PlanPort(name: "y\($0)", tensor: $1) })
  }
}
