extension PlanDimension {
  /// The length when no symbol occurs, nil when one does or the sum overflows.
  package var constant: Int? {
    terms.allSatisfy { $0.symbols.isEmpty } ? value([]) : nil
  }

  /// False where the two are known and differ; lengths that depend on symbols may turn out equal.
  func canEqual(_ other: PlanDimension) -> Bool {
    guard let length = constant, let otherLength = other.constant else { return true }
    return length == otherLength
  }
}

/// A polynomial in a function's symbols in the one form that makes equal ones equal: coefficients
/// by sorted symbols.
struct DimensionPolynomial: Equatable {
  private var coefficients: [[Int]: Int]

  /// nil when a coefficient overflows.
  init?(_ dimension: PlanDimension) {
    coefficients = [:]
    for term in dimension.terms {
      guard add(term.coefficient, term.symbols) else { return nil }
    }
  }

  /// The product of all axes; nil when a coefficient overflows or there are too many terms.
  init?(elementsOf shape: [PlanDimension]) {
    coefficients = [[]: 1]
    for dimension in shape {
      guard let factor = DimensionPolynomial(dimension) else { return nil }
      let terms = coefficients
      coefficients = [:]
      for (symbols, coefficient) in terms {
        for (otherSymbols, otherCoefficient) in factor.coefficients {
          let (product, overflow) = coefficient.multipliedReportingOverflow(by: otherCoefficient)
          guard !overflow, add(product, symbols + otherSymbols),
            coefficients.count <= PlanLimits.elementCountTerms
          else { return nil }
        }
      }
    }
  }

  private mutating func add(_ coefficient: Int, _ symbols: [Int]) -> Bool {
    let key = symbols.sorted()
    let (sum, overflow) = coefficients[key, default: 0].addingReportingOverflow(coefficient)
    coefficients[key] = sum == 0 ? nil : sum
    return !overflow
  }
}
