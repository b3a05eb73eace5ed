import Graph

/// Arithmetic on integers of a file, whatever they are.
extension Dimension {
  private func beyond(_ sign: String, _ other: Dimension) -> KnownError {
    KnownError("\(self) \(sign) \(other), which is too large")
  }

  func adding(_ other: Dimension) throws(KnownError) -> Dimension {
    guard let sum = plus(other) else { throw beyond("+", other) }
    return sum
  }

  func subtracting(_ other: Dimension) throws(KnownError) -> Dimension {
    guard let difference = minus(other) else { throw beyond("-", other) }
    return difference
  }

  func multiplied(by other: Dimension) throws(KnownError) -> Dimension {
    guard let product = times(other) else { throw beyond("*", other) }
    return product
  }

  /// -1, 0 or 1 where the sign is the same for all lengths of 1 or more; else nil.
  var sign: Int? {
    if terms.isEmpty { return 0 }
    var lowest = 0
    for term in terms {
      let (sum, overflow) = lowest.addingReportingOverflow(term.coefficient)
      if overflow { return nil }
      lowest = sum
    }
    let rest = terms.filter { !$0.symbols.isEmpty }.map(\.coefficient)
    if rest.allSatisfy({ $0 > 0 }), lowest > 0 { return 1 }
    if rest.allSatisfy({ $0 < 0 }), lowest < 0 { return -1 }
    return nil
  }

  /// The sign of what is left after subtracting `other`.
  func sign(minus other: Dimension) -> Int? {
    if let a = constant, let b = other.constant { return a == b ? 0 : a < b ? -1 : 1 }
    return minus(other)?.sign
  }

  /// The quotient, where the division leaves no rest for any value of the symbols; else nil.
  func dividedExactly(by divisor: Dimension) -> Dimension? {
    if self == divisor, !terms.isEmpty { return 1 }
    guard divisor.terms.count == 1 else { return nil }
    let (by, symbols) = (divisor.terms[0].coefficient, divisor.terms[0].symbols)
    var quotient: [Term] = []
    for term in terms {
      var left = term.symbols
      for symbol in symbols {
        guard let index = left.firstIndex(of: symbol) else { return nil }
        left.remove(at: index)
      }
      let (part, overflow) = term.coefficient.dividedReportingOverflow(by: by)
      guard !overflow, part * by == term.coefficient else { return nil }
      quotient.append(Term(coefficient: part, symbols: left))
    }
    return Dimension(summing: quotient)
  }
}
