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

    package init(coefficient: Int, symbols: [String]) {
      self.coefficient = coefficient
      self.symbols = symbols
    }
  }

  /// Sorted by symbols, longer products first, without zero coefficients: equality is structural.
  package let terms: [Term]

  /// Collects equal products and sorts them.
  ///
  /// - Precondition: no sum of coefficients leaves 64 bits.
  package init(terms: [Term]) {
    guard let sum = Dimension(summing: terms) else { preconditionFailure("\(terms) overflow") }
    self = sum
  }

  /// Collects equal products and sorts them; nil where a sum of coefficients leaves 64 bits.
  package init?(summing terms: [Term]) {
    guard let sums = Self.sums(terms) else { return nil }
    self.terms = sums
  }

  private static func sums(_ terms: [Term]) -> [Term]? {
    if terms.count == 1 {
      return terms[0].coefficient == 0 ? [] : [sorted(terms[0])]
    }
    var sums: [[String]: Int] = [:]
    for term in terms {
      let symbols = sorted(term).symbols
      let (sum, overflow) = sums[symbols, default: 0].addingReportingOverflow(term.coefficient)
      if overflow { return nil }
      sums[symbols] = sum
    }
    return sums.filter { $0.value != 0 }
      .map { Term(coefficient: $0.value, symbols: $0.key) }
      .sorted {
        $0.symbols.count != $1.symbols.count
          ? $0.symbols.count > $1.symbols.count
          : $0.symbols.lexicographicallyPrecedes($1.symbols)
      }
  }

  private static func sorted(_ term: Term) -> Term {
    term.symbols.count < 2
      ? term : Term(coefficient: term.coefficient, symbols: term.symbols.sorted())
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

  // Lengths within `Limits` add up and multiply within 64 bits, and what does not traps. Numbers that a
  // file gives and that are no lengths may not: `plus`, `minus` and `times` are for them.

  package static func + (a: Dimension, b: Dimension) -> Dimension {
    Dimension(terms: a.terms + b.terms)
  }

  package static func - (a: Dimension, b: Dimension) -> Dimension {
    a + b * -1
  }

  package static func * (a: Dimension, b: Dimension) -> Dimension {
    guard let product = product(a, b) else { preconditionFailure("\(a) times \(b) overflows") }
    return product
  }

  /// The sum of all.
  package static func sum(_ summands: some Sequence<Dimension>) -> Dimension {
    Dimension(terms: summands.flatMap(\.terms))
  }

  private static func product(_ a: Dimension, _ b: Dimension) -> Dimension? {
    var products: [Term] = []
    products.reserveCapacity(a.terms.count * b.terms.count)
    for x in a.terms {
      for y in b.terms {
        let (product, overflow) = x.coefficient.multipliedReportingOverflow(by: y.coefficient)
        if overflow { return nil }
        products.append(Term(coefficient: product, symbols: x.symbols + y.symbols))
      }
    }
    return Dimension(summing: products)
  }

  /// The sum; nil where it leaves 64 bits, or has more terms than a length may have.
  package func plus(_ other: Dimension) -> Dimension? {
    Dimension(summing: terms + other.terms)?.ifShort
  }

  /// The difference; nil as for `plus`.
  package func minus(_ other: Dimension) -> Dimension? {
    Self.product(other, -1).flatMap(plus)
  }

  /// The product; nil as for `plus`.
  package func times(_ other: Dimension) -> Dimension? { Self.product(self, other)?.ifShort }

  /// So that what is made of few symbols again and again stays small.
  private var ifShort: Dimension? {
    terms.count <= Limits.terms && terms.allSatisfy { $0.symbols.count <= Limits.terms }
      ? self : nil
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
      let magnitude = term.coefficient.magnitude
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
