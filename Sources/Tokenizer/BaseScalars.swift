/// What is left of a scalar after canonical decomposition (NFD) without its nonspacing marks.
///
/// The data is generated (`BaseScalars+Table.swift`). The standard library offers no supported
/// decomposition, and Foundation's would add ICU, 4 ms, to every start of the program.
///
/// Marks that remain are not sorted by combining class, as full NFD would: no scalar of
/// bert-base-uncased that remains has one, so no id depends on it.
enum BaseScalars {
  /// Calls `body` with each scalar that replaces `scalar`, or with `scalar` itself.
  ///
  /// - Precondition: `scalar` is not a nonspacing mark (those vanish).
  @inline(__always)
  static func forEach(of scalar: Unicode.Scalar, _ body: (Unicode.Scalar) -> Void) {
    let value = scalar.value
    if value < 0xC0 { return body(scalar) }
    if (0xAC00...0xD7A3).contains(value) { return forEachJamo(of: value, body) }
    if let row = row(of: value, in: single, width: 2) { return emit(single[row + 1], body) }
    if let row = row(of: value, in: several, width: 4) {
      for part in several[(row + 1)...(row + 3)] where part != 0 { emit(part, body) }
      return
    }
    body(scalar)
  }

  /// Unicode 15.0, section 3.12: a Hangul syllable is leading, vowel and perhaps trailing Jamo.
  private static func forEachJamo(of syllable: UInt32, _ body: (Unicode.Scalar) -> Void) {
    let index = syllable - 0xAC00
    emit(0x1100 + index / 588, body)
    emit(0x1161 + index % 588 / 28, body)
    if index % 28 != 0 { emit(0x11A7 + index % 28, body) }
  }

  /// Passes on a value from the tables, all of which are scalars.
  private static func emit(_ value: UInt32, _ body: (Unicode.Scalar) -> Void) {
    guard let scalar = Unicode.Scalar(value) else {
      preconditionFailure("the table holds \(value), which is not a scalar")
    }
    body(scalar)
  }

  /// The index of the row that starts with `value`, by bisection.
  private static func row(of value: UInt32, in table: [UInt32], width: Int) -> Int? {
    var low = 0
    var high = table.count / width
    while low < high {
      let middle = (low + high) / 2
      if table[middle * width] < value { low = middle + 1 } else { high = middle }
    }
    let index = low * width
    return index < table.count && table[index] == value ? index : nil
  }
}
