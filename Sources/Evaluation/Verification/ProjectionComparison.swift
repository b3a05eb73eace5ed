import Compiler
import Diagnostics
import Formats
import Runtime

/// Runs two plans of one model side by side and compares what each projection gives: the noise of its
/// own quantization and of everything before it.
struct ProjectionComparison {
  /// A plan whose projections are outputs.
  private struct Side {
    let run: CalibrationRun
    let projections: [ExposedProjection]

    init(_ loaded: LoadedPlan, _ machine: CalibrationRun.Machine) {
      var functions: [PlanFunction] = []
      var projections: [ExposedProjection] = []
      for function in loaded.plan.functions {
        let (exposed, found) = function.exposingProjections(loaded.plan.weights)
        functions.append(exposed)
        projections += found
      }
      run = CalibrationRun(loaded, functions: functions, on: machine)
      self.projections = projections
    }

    /// The results of all projections, in their order.
    func values(_ sample: CalibrationSample) throws(InputError) -> [[Float]] {
      var values: [[Float]] = []
      _ = try run.logits(sample) { bound in
        for projection in projections where projection.function == bound.name {
          values.append(
            projection.outputs.flatMap { bound.output($0).bindMemory(to: Float.self) })
        }
      }
      return values
    }
  }

  private let reference: Side
  private let candidate: Side
  private var noise: [SignalNoise]

  init(reference: LoadedPlan, candidate: LoadedPlan, on machine: CalibrationRun.Machine) {
    self.reference = Side(reference, machine)
    self.candidate = Side(candidate, machine)
    let names = self.reference.projections.map(\.name)
    // Plans that were not compiled alike have nothing to compare.
    noise = names == self.candidate.projections.map(\.name) ? names.map { _ in SignalNoise() } : []
  }

  /// Compares on one more sample.
  mutating func add(_ sample: CalibrationSample) throws(InputError) {
    if noise.isEmpty { return }
    let (right, found) = (try reference.values(sample), try candidate.values(sample))
    if right.map(\.count) != found.map(\.count) { return noise.removeAll() }
    for index in noise.indices { noise[index].add(right[index], found[index]) }
  }

  /// In running order.
  var report: [VerifyReport.Projection] {
    zip(noise, candidate.projections).map { noise, projection in
      VerifyReport.Projection(
        function: projection.function, weight: projection.weight,
        precision: projection.precision, sqnrDb: noise.decibels)
    }
  }
}

/// A projection of a function that has its results as outputs.
private struct ExposedProjection {
  var function: String
  /// The name of its matrix in the float model.
  var weight: String
  /// "f32", or "u7" or "u8" by the activations it multiplies.
  var precision: String
  var outputs: [String]

  var name: String { "\(function) \(weight)" }
}

extension PlanFunction {
  /// The function with what every projection gives as further outputs.
  fileprivate func exposingProjections(
    _ weights: [PlanWeight]
  ) -> (function: PlanFunction, projections: [ExposedProjection]) {
    var function = self
    var found: [ExposedProjection] = []
    for (index, weight) in projections(weights) {
      let step = steps[index]
      let names = step.results.indices.map { "projection \(index).\($0)" }
      function.outputs += zip(names, step.results).map { PlanPort(name: $0, tensor: $1) }
      found.append(
        ExposedProjection(
          function: name, weight: weight, precision: step.projectionPrecision.rawValue,
          outputs: names))
    }
    return (function, found)
  }
}
