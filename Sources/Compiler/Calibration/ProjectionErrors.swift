import Graph
import Runtime

/// Adds up what measuring functions tell about projections.
struct ProjectionErrors {
  private struct Sums {
    var signal = 0.0
    var noise: [ProjectionPrecision: Double] = [:]
    /// Of the rows that are multiplied, by function.
    var rows: [String: Rows] = [:]
  }

  private struct Rows {
    var count = 0
    /// Per channel.
    var sums: [Double] = []
    var squares: [Double] = []
  }

  /// By the names of weights: functions that share one decide about it together.
  private var sums: [String: Sums] = [:]

  /// Adds the outputs of a function that has run with these values of its symbols.
  mutating func add(
    _ measured: [MeasuredProjection], _ function: BoundFunction, _ symbols: [String: Int]
  ) {
    func value(_ output: String) -> Double {
      Double(function.output(output).load(as: Float.self))
    }
    func adding(_ output: String, to sums: [Double]) -> [Double] {
      let values = function.output(output).bindMemory(to: Float.self)
      return sums.isEmpty ? values.map { Double($0) } : zip(sums, values).map { $0 + Double($1) }
    }
    for projection in measured {
      var all = sums[projection.weight] ?? Sums()
      all.signal += value(projection.signal)
      for (precision, output) in projection.noise {
        all.noise[precision, default: 0] += value(output)
      }
      var rows = all.rows[function.name] ?? Rows()
      rows.count += projection.rows.value(symbols) ?? 0
      rows.sums = adding(projection.sums, to: rows.sums)
      rows.squares = adding(projection.squares, to: rows.squares)
      all.rows[function.name] = rows
      sums[projection.weight] = all
    }
  }

  /// Σ error² / Σ value² of a projection's products; nil where it was not measured.
  func error(_ weight: String, _ precision: ProjectionPrecision) -> Double? {
    sums[weight].map { sums in
      sums.signal > 0 ? (sums.noise[precision] ?? 0) / sums.signal : 0
    }
  }

  /// The mean per channel of the rows that projections multiply, by function and weight.
  var means: [String: [String: [Float]]] {
    var means: [String: [String: [Float]]] = [:]
    for (weight, sums) in sums {
      for (function, rows) in sums.rows {
        means[function, default: [:]][weight] = rows.sums.map {
          Float($0 / Double(max(1, rows.count)))
        }
      }
    }
    return means
  }

  /// The root of the mean square per channel of the rows of all functions that a projection multiplies;
  /// nil where it was not measured.
  func magnitude(_ weight: String) -> [Double]? {
    // In one order, so that equal runs give equal sums.
    let all = (sums[weight]?.rows ?? [:]).sorted { $0.key < $1.key }.map(\.value)
    guard let first = all.first else { return nil }
    let count = all.reduce(0) { $0 + $1.count }
    return first.squares.indices.map { channel in
      (all.reduce(0) { $0 + $1.squares[channel] } / Double(max(1, count))).squareRoot()
    }
  }

  /// What was measured.
  var weights: [String] { sums.keys.sorted() }

  /// The relative errors, the largest first, with the times that each precision takes.
  func projections(
    _ milliseconds: [ProjectionPrecision: [String: Double]]
  ) -> [Calibrator.Projection] {
    let all = sums.map { weight, sums in
      Calibrator.Projection(
        weight: weight, errors: sums.noise.mapValues { sums.signal > 0 ? $0 / sums.signal : 0 },
        milliseconds: milliseconds.compactMapValues { $0[ParameterStore.floatName(weight)] },
        precision: .u7)
    }
    return all.sorted { a, b in
      let (x, y) = (a.errors[.u7] ?? 0, b.errors[.u7] ?? 0)
      return x != y ? x > y : a.weight < b.weight
    }
  }
}
