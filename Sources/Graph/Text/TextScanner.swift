import Diagnostics

/// A place in a text, and the words, numbers and signs found there.
struct TextScanner {
  private let bytes: [UInt8]
  private let place: String
  private var position = 0

  init(_ text: String, place: String) {
    bytes = Array(text.utf8)
    self.place = place
  }

  /// An error at `start`, or here.
  func error(expected: String, found: String? = nil, at start: Int? = nil) -> InputError {
    let offset = start ?? position
    let before = bytes[..<offset]
    let line = before.count { $0 == UInt8(ascii: "\n") } + 1
    let column = offset - (before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0) + 1
    return InputError(
      .badData, "graph text is not valid", expected: expected, found: found ?? next,
      in: "\(place), line \(line), column \(column)", advice: "correct the line")
  }

  /// What stands here, for messages.
  private var next: String {
    guard position < bytes.count else { return "the end of the text" }
    let rest = bytes[position...].prefix { $0 != UInt8(ascii: "\n") }.prefix(20)
    return rest.isEmpty ? "the end of the line" : "'\(String(decoding: rest, as: UTF8.self))'"
  }

  /// Where the next word or sign begins, for an error about something read later.
  mutating func mark() -> Int {
    skipSpace()
    return position
  }

  private mutating func skipSpace() {
    while position < bytes.count, bytes[position] == 0x20 || bytes[position] == 0x09 {
      position += 1
    }
    if bytes[position...].starts(with: "//".utf8) {
      while position < bytes.count, bytes[position] != UInt8(ascii: "\n") { position += 1 }
    }
  }

  /// Skips blank lines and comments; false at the end of the text.
  mutating func nextLine() -> Bool {
    skipSpace()
    while position < bytes.count, bytes[position] == UInt8(ascii: "\n") {
      position += 1
      skipSpace()
    }
    return position < bytes.count
  }

  /// Goes past the end of the line.
  mutating func endLine() throws(InputError) {
    skipSpace()
    if position == bytes.count { return }
    guard bytes[position] == UInt8(ascii: "\n") else {
      throw error(expected: "the end of the line")
    }
    position += 1
  }

  /// Goes past `sign` when it stands here.
  mutating func take(_ sign: Character) -> Bool {
    skipSpace()
    guard position < bytes.count, bytes[position] == sign.asciiValue else { return false }
    position += 1
    return true
  }

  mutating func expect(_ sign: Character) throws(InputError) {
    guard take(sign) else { throw error(expected: "'\(sign)'") }
  }

  private mutating func run(while accept: (UInt8) -> Bool) -> String {
    let bytes = bytes[position...].prefix(while: accept)
    position += bytes.count
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Letters, digits and underscores.
  mutating func word(_ what: String) throws(InputError) -> String {
    skipSpace()
    let word = run(while: \.isIdentifierByte)
    if word.isEmpty { throw error(expected: what) }
    return word
  }

  /// A name as it is spelt, bare or quoted.
  ///
  /// The number of a result is no name of an input, so
  /// `%0` and `%"0"` are two.
  mutating func spelling(_ what: String) throws(InputError) -> String {
    skipSpace()
    if let quoted = try quoted() { return quoted.spelling }
    let name = run { $0.isIdentifierByte || $0 == UInt8(ascii: ".") }
    if name.isEmpty { throw error(expected: what) }
    return name
  }

  /// The name of an input, parameter or output: begins with a letter, or is quoted.
  mutating func name() throws(InputError) -> String {
    let start = mark()
    if let quoted = try quoted() { return quoted }
    let name = try spelling("a name")
    guard name.spelling == name else {
      throw error(expected: "a name that begins with a letter, or quotes", found: name, at: start)
    }
    return name
  }

  /// The string in quotes that stands here, nil when none begins.
  mutating func quoted() throws(InputError) -> String? {
    let start = mark()
    guard take("\"") else { return nil }
    var content: [UInt8] = []
    while position < bytes.count, bytes[position] != UInt8(ascii: "\n") {
      if bytes[position] == UInt8(ascii: "\"") {
        position += 1
        return String(decoding: content, as: UTF8.self)
      }
      if bytes[position] == UInt8(ascii: "\\") { position += 1 }
      guard position < bytes.count else { break }
      content.append(bytes[position])
      position += 1
    }
    throw error(expected: "a closing quote", at: start)
  }

  /// What a float is written with, when one stands here and nothing else can be meant.
  mutating func float() -> Float? {
    skipSpace()
    let start = position
    let sign = run { $0 == UInt8(ascii: "-") }
    var digits = run { $0.isIdentifierByte || $0 == UInt8(ascii: ".") }
    if digits.last == "e" { digits += run { $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "+") } }
    if digits.last == "-" || digits.last == "+" { digits += run(while: \.isDigit) }
    let isFloat =
      digits == "inf" || digits == "nan"
      || (digits.utf8.first?.isDigit == true && digits.contains { $0 == "." || $0 == "e" })
    if isFloat, let value = Float(sign + digits) { return value }
    position = start
    return nil
  }

  /// Digits, as an integer.
  mutating func integer() throws(InputError) -> Int? {
    let start = mark()
    let digits = run(while: \.isDigit)
    if digits.isEmpty { return nil }
    guard let value = Int(digits), Limits.integers.contains(value) else {
      throw error(expected: "an integer of at most \(Limits.elements)", found: digits, at: start)
    }
    return value
  }
}
