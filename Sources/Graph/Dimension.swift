/// The length of one axis: a polynomial in named symbols with integer coefficients.
///
/// `197*F + T` is the decoder's sequence: F frames of 197 image tokens, then T text tokens. Two
/// dimensions are equal when their polynomials are, whatever values the symbols take; that is all
/// the compiler needs to know, and all it is allowed to assume.
package struct Dimension: Hashable, Sendable, ExpressibleByIntegerLiteral,
  CustomStringConvertible
{
  /// One product: a coefficient times symbols, sorted; a power is a repeated symbol.
  package struct Term: Hashable, Sendable {
    /// Never zero.
    package var coefficient: Int
    /// Sorted by name; empty for a constant.
    package var symbols: [String]
  }

  /// Sorted by symbols, longer products first, without zero coefficients: equality is structural.
  package let terms: [Term]

  /// Collects equal products and sorts them.
  package init(terms: [Term]) {
    var sums: [[String]: Int] = [:]
    for term in terms { sums[term.symbols.sorted(), default: 0] += term.coefficient }
    self.terms = sums.filter { $0.value != 0 }
      .map { Term(coefficient: $0.value, symbols: $0.key) }
      .sorted {
        $0.symbols.count != $1.symbols.count
          ? $0.symbols.count > $1.symbols.count
          : $0.symbols.lexicographicallyPrecedes($1.symbols)
      }
  }

  /// A known length.
  package init(_ value: Int) { self.init(terms: [Term(coefficient: value, symbols: [])]) }

  /// A known length.
  package init(integerLiteral value: Int) { self.init(value) }

  /// A length that is bound when the graph runs: B batch, F frames, T text tokens.
  package static func symbol(_ name: String) -> Dimension {
    Dimension(terms: [Term(coefficient: 1, symbols: [name])])
  }

  /// The value when no symbol occurs, else nil.
  package var constant: Int? {
    if terms.isEmpty { return 0 }
    return terms.count == 1 && terms[0].symbols.isEmpty ? terms[0].coefficient : nil
  }

  /// Every symbol that occurs, sorted.
  package var symbols: [String] { Set(terms.flatMap(\.symbols)).sorted() }

  package static func + (a: Dimension, b: Dimension) -> Dimension {
    Dimension(terms: a.terms + b.terms)
  }

  package static func - (a: Dimension, b: Dimension) -> Dimension {
    a + b * -1
  }

  package static func * (a: Dimension, b: Dimension) -> Dimension {
    Dimension(
      terms: a.terms.flatMap { x in
        b.terms.map {
          Term(coefficient: x.coefficient * $0.coefficient, symbols: x.symbols + $0.symbols)
        }
      })
  }

  /// This over `divisor`, which divides every coefficient.
  package func divided(by divisor: Int) -> Dimension {
    Dimension(
      terms: terms.map { term in
        precondition(term.coefficient % divisor == 0, "\(self) is no multiple of \(divisor)")
        return Term(coefficient: term.coefficient / divisor, symbols: term.symbols)
      })
  }

  /// The value under `bindings`, or nil when a symbol has none or the arithmetic overflows.
  package func value(_ bindings: [String: Int]) -> Int? {
    var sum = 0
    for term in terms {
      var product = term.coefficient
      for symbol in term.symbols {
        guard let factor = bindings[symbol] else { return nil }
        let (next, overflow) = product.multipliedReportingOverflow(by: factor)
        if overflow { return nil }
        product = next
      }
      let (next, overflow) = sum.addingReportingOverflow(product)
      if overflow { return nil }
      sum = next
    }
    return sum
  }

  /// The same polynomial with each symbol in `replacements` replaced.
  package func substituting(_ replacements: [String: Dimension]) -> Dimension {
    terms.reduce(0) { sum, term in
      sum
        + term.symbols.reduce(Dimension(term.coefficient)) {
          $0 * (replacements[$1] ?? .symbol($1))
        }
    }
  }

  /// As in the text form: `197*F + T`, `3`, `B*F`.
  package var description: String {
    if terms.isEmpty { return "0" }
    var text = ""
    for (index, term) in terms.enumerated() {
      let magnitude = abs(term.coefficient)
      let sign = term.coefficient < 0 ? (index == 0 ? "-" : " - ") : (index == 0 ? "" : " + ")
      let factors = (magnitude != 1 || term.symbols.isEmpty ? ["\(magnitude)"] : []) + term.symbols
      text += sign + factors.joined(separator: "*")
    }
    return text
  }
}

/// The axes of a tensor, outermost first; empty for a scalar.
package typealias Shape = [Dimension]

extension Shape {
  /// The number of elements.
  package var elementCount: Dimension { reduce(1, *) }

  /// Each axis under `bindings`, or nil when one has no value.
  package func values(_ bindings: [String: Int]) -> [Int]? {
    var lengths: [Int] = []
    for dimension in self {
      guard let length = dimension.value(bindings) else { return nil }
      lengths.append(length)
    }
    return lengths
  }
}
