#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Finds the layer norms whose channels are to be evened out, by measuring.
struct NormSmoothing {
  /// The weights that read each norm that can be smoothed, by the name of its gamma.
  let readers: [String: [String]]

  init(_ graphs: LoweredGraphs) {
    var readers: [String: [String]] = [:]
    for (_, graph) in graphs.functions {
      for candidate in SmoothNorms.candidates(graph) {
        for (_, weight) in candidate.readers
        where !(readers[candidate.gamma] ?? []).contains(weight) {
          readers[candidate.gamma, default: []].append(weight)
        }
      }
    }
    self.readers = readers
  }

  /// Factors with which channels of rows and columns of weights have the same size, half of the way
  /// from each to the other, to the nearest power of two; none where that is all of one size.
  func factors(_ errors: ProjectionErrors, _ parameters: ParameterStore) -> [String: [Float]] {
    var result: [String: [Float]] = [:]
    for (gamma, weights) in readers {
      guard let rows = errors.magnitude(weights[0]) else { continue }
      var squares = [Double](repeating: 0, count: rows.count)
      var count = 0
      for weight in weights {
        let values = parameters.floats(weight)
        for (index, value) in values.enumerated() {
          squares[index % rows.count] += Double(value) * Double(value)
        }
        count += values.count / rows.count
      }
      let factors = zip(rows, squares).map { row, square -> Float in
        let column = (square / Double(max(1, count))).squareRoot()
        guard row > 0, column > 0 else { return 1 }
        let exponent = (log2(row / column) / 2).rounded(.toNearestOrEven)
        return Float(exp2(max(-16, min(16, exponent))))
      }
      if Set(factors).count > 1 { result[gamma] = factors }
    }
    return result
  }

  /// Those of `factors` that lower the error of the products that read their norm, all together.
  func helpful(
    _ factors: [String: [Float]], before: ProjectionErrors, after: ProjectionErrors
  ) -> [String: [Float]] {
    factors.filter { gamma, _ in
      func total(_ errors: ProjectionErrors, _ suffix: String) -> Double {
        (readers[gamma] ?? []).reduce(0) { $0 + (errors.error($1 + suffix, .u7) ?? .infinity) }
      }
      return total(after, ParameterStore.scaledSuffix) < total(before, "")
    }
  }
}
