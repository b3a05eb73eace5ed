import Runtime

/// Adds up what measuring functions tell about projections.
struct ProjectionErrors {
  private struct Sums {
    var signal = 0.0
    var noise: [ProjectionPrecision: Double] = [:]
  }

  /// By the names of weights: functions that share one decide about it together.
  private var sums: [String: Sums] = [:]

  /// Adds the outputs of a function that has run.
  mutating func add(_ measured: [MeasuredProjection], _ function: BoundFunction) {
    func value(_ output: String) -> Double {
      Double(function.output(output).load(as: Float.self))
    }
    for projection in measured {
      sums[projection.weight, default: Sums()].signal += value(projection.signal)
      for (precision, output) in projection.noise {
        sums[projection.weight]?.noise[precision, default: 0] += value(output)
      }
    }
  }

  /// The relative errors, the largest first.
  var projections: [Calibrator.Projection] {
    let all = sums.map { weight, sums in
      Calibrator.Projection(
        weight: weight, errors: sums.noise.mapValues { sums.signal > 0 ? $0 / sums.signal : 0 },
        precision: .u7)
    }
    return all.sorted { a, b in
      let (x, y) = (a.errors[.u7] ?? 0, b.errors[.u7] ?? 0)
      return x != y ? x > y : a.weight < b.weight
    }
  }
}
