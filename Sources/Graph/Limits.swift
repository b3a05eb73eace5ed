/// Bounds that every shape and attribute keeps, whoever wrote it.
///
/// They are far above any model and make sure that no sum or product of shape inference can leave
/// 64 bits, so that a damaged file gives an error and never a trap.
enum Limits {
  /// Axes of a tensor.
  static let rank = 8
  /// Summands of one dimension, and factors of one summand.
  static let terms = 16
  /// Elements of a tensor with every symbol 1.
  static let elements = 1 << 40
  /// Summands of an element count, multiplied out.
  static let products = 256
  /// Bytes of a symbol, which every length that has it is compared by.
  static let symbolBytes = 256
  /// Bytes of the name of an input, parameter or output; a plan's may have as many.
  static let nameBytes = 1024
  /// Integers in attributes.
  static let integers = -elements...elements
  /// Inputs of one node, entries of one list.
  static let inputs = 4096
}

extension Dimension {
  /// The sum of the coefficients' magnitudes, or nil when the dimension is beyond the limits.
  fileprivate var boundedMagnitude: Int? {
    guard terms.count <= Limits.terms else { return nil }
    var sum = 0
    for term in terms {
      guard Limits.integers.contains(term.coefficient), term.symbols.count <= Limits.terms,
        term.symbols.allSatisfy({ $0.utf8.count <= Limits.symbolBytes && $0.isIdentifier })
      else { return nil }
      sum += abs(term.coefficient)
    }
    return sum <= Limits.elements ? sum : nil
  }
}

extension Shape {
  /// Throws when shape inference could overflow on this shape, or a symbol is no identifier.
  package func checkLimits(_ what: String) throws(GraphError) {
    guard count <= Limits.rank else {
      throw GraphError("\(what): expected at most \(Limits.rank) axes, found \(count)")
    }
    var (magnitude, products) = (1, 1)
    for dimension in self {
      guard let length = dimension.boundedMagnitude else {
        throw GraphError(
          "\(what): an axis is too large, or has a symbol that is no identifier of at most"
            + " \(Limits.symbolBytes) bytes")
      }
      products *= Swift.max(1, dimension.terms.count)
      let (product, overflow) = magnitude.multipliedReportingOverflow(by: Swift.max(1, length))
      guard !overflow, product <= Limits.elements, products <= Limits.products else {
        throw GraphError("\(what): \(self) has too many elements")
      }
      magnitude = product
    }
  }
}

extension String {
  /// Whether inputs, parameters and outputs may have this name: of 1 to 1024 bytes, without control
  /// characters, which files could not carry.
  package var isName: Bool {
    (1...Limits.nameBytes).contains(utf8.count)
      && unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F }
  }

  /// ASCII letters, digits and underscores, not beginning with a digit, and no word that the text
  /// form reads as a number.
  var isIdentifier: Bool {
    guard let first = utf8.first, !first.isDigit, self != "inf", self != "nan" else { return false }
    return utf8.allSatisfy(\.isIdentifierByte)
  }
}

extension UInt8 {
  var isDigit: Bool { (0x30...0x39).contains(self) }

  var isIdentifierByte: Bool {
    isDigit || (0x41...0x5A).contains(self) || (0x61...0x7A).contains(self) || self == 0x5F
  }
}
