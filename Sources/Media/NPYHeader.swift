import Diagnostics

/// The fields of an `.npy` header: a Python dictionary in text form.
struct NPYHeader {
  var type = ""
  var fortranOrder = false
  var shape: [Int] = []

  /// Parses `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2, 2), }`.
  ///
  /// The three keys come in any order, each once, and nothing else. Of Python only what these fields need
  /// is understood.
  init(parsing text: ArraySlice<UInt8>, place: String) throws(InputError) {
    var scanner = LiteralScanner(rest: text)
    let found = scanner.preview
    guard let fields = NPYHeader.fields(&scanner), scanner.isAtEnd else {
      throw InputError(
        .badData, "the array's header is not understood",
        expected: "{'descr': …, 'fortran_order': …, 'shape': …}", found: found,
        in: "\(place), header", advice: "save a plain float32 array with numpy.save")
    }
    self = fields
  }

  private init() {}

  static let signature: [UInt8] = [0x93] + Array("NUMPY".utf8)

  /// The header of a whole file, version 1, 2 or 3 of the format, and where the data begins.
  ///
  /// - Throws: `.badData` that names the part of the header that is wrong.
  static func read(
    _ bytes: [UInt8], place: String
  ) throws(InputError) -> (header: NPYHeader, dataStart: Int) {
    func wrong(_ what: String, _ expected: String, _ found: String, _ field: String) -> InputError {
      InputError(
        .badData, what, expected: expected, found: found, in: "\(place), \(field)",
        advice: "save it with numpy.save")
    }
    func cut(_ expected: String) -> InputError {
      wrong("the array's header is cut short", expected, "\(bytes.count) bytes", "header")
    }
    guard bytes.starts(with: signature), bytes.count >= 10 else {
      throw cut("at least 10 bytes that begin with \\x93NUMPY")
    }
    guard (1...3).contains(bytes[6]) else {
      throw wrong(
        "the array is of an unknown version", "1, 2 or 3", "\(bytes[6])", "header version")
    }
    let lengthBytes = bytes[6] == 1 ? 2 : 4
    let start = 8 + lengthBytes
    guard bytes.count >= start else { throw cut("at least \(start) bytes") }
    let length = bytes[8..<start].reversed().reduce(0) { $0 << 8 | Int($1) }
    guard length <= bytes.count - start else { throw cut("a header of \(length) bytes") }
    let text = bytes[start..<start + length]
    return (try NPYHeader(parsing: text, place: place), start + length)
  }

  /// Bytes that the data takes; `Int.max` when they cannot be addressed.
  ///
  /// An axis of length 0 does not hide an overflow of the others.
  func byteCount(elementBytes: Int) -> Int {
    var size = elementBytes
    for length in shape {
      let (product, overflow) = size.multipliedReportingOverflow(by: max(1, length))
      if overflow { return .max }
      size = product
    }
    return shape.contains(0) ? 0 : size
  }

  private static func fields(_ scanner: inout LiteralScanner) -> NPYHeader? {
    var result = NPYHeader()
    var seen: Set<String> = []
    guard scanner.take("{") else { return nil }
    while !scanner.take("}") {
      guard let key = scanner.string(), seen.insert(key).inserted, scanner.take(":") else {
        return nil
      }
      switch key {
      case "descr":
        guard let type = scanner.string() else { return nil }
        result.type = type
      case "fortran_order":
        guard let flag = scanner.flag() else { return nil }
        result.fortranOrder = flag
      case "shape":
        guard let shape = scanner.tuple() else { return nil }
        result.shape = shape
      default:
        return nil
      }
      if !scanner.take(",") {
        guard scanner.take("}") else { return nil }
        break
      }
    }
    return seen.count == 3 ? result : nil
  }
}

/// Reads Python literals from the front of a text; spaces and newlines before them are passed over.
private struct LiteralScanner {
  var rest: ArraySlice<UInt8>

  /// The beginning of the text, for an error.
  var preview: String {
    let printable = rest.prefix(80).map { (0x20..<0x7F).contains($0) ? $0 : 0x3F }
    return rest.isEmpty ? "nothing" : "'\(String(decoding: printable, as: UTF8.self))'"
  }

  var isAtEnd: Bool {
    mutating get {
      skipSpace()
      return rest.isEmpty
    }
  }

  private mutating func skipSpace() {
    rest = rest.drop { $0 == 0x20 || $0 == 0x0A }
  }

  mutating func take(_ token: String) -> Bool {
    skipSpace()
    guard rest.starts(with: token.utf8) else { return false }
    rest = rest.dropFirst(token.utf8.count)
    return true
  }

  /// A string in single or double quotes, without escapes.
  mutating func string() -> String? {
    skipSpace()
    guard let quote = rest.first, quote == 0x27 || quote == 0x22 else { return nil }
    let body = rest.dropFirst().prefix { $0 != quote && $0 != 0x5C }
    guard body.endIndex < rest.endIndex, rest[body.endIndex] == quote else { return nil }
    rest = rest[(body.endIndex + 1)...]
    return String(decoding: body, as: UTF8.self)
  }

  mutating func flag() -> Bool? {
    if take("True") { return true }
    return take("False") ? false : nil
  }

  /// At most 32 non-negative integers (NumPy's own limit) in parentheses.
  mutating func tuple() -> [Int]? {
    guard take("(") else { return nil }
    var values: [Int] = []
    while !take(")") {
      skipSpace()
      let digits = rest.prefix { (0x30...0x39).contains($0) }
      guard values.count < 32, let value = Int(String(decoding: digits, as: UTF8.self)) else {
        return nil
      }
      rest = rest.dropFirst(digits.count)
      values.append(value)
      if !take(",") {
        guard take(")") else { return nil }
        break
      }
    }
    return values
  }
}
