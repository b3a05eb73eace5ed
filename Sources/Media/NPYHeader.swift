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
