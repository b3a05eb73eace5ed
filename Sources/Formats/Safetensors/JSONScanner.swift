import Diagnostics
import Glibc

/// Reads JSON whose structure the caller knows, strictly as RFC 8259 has it, and builds no tree: the
/// depth of what it accepts is the depth of the caller's code.
struct JSONScanner {
  private let bytes: UnsafeRawBufferPointer
  private(set) var position = 0

  init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  /// What was expected and found, and where in the text.
  struct Failure: Error {
    var expected: String
    var found: String
  }

  private func fail(_ expected: String, at place: Int? = nil) -> Failure {
    let place = place ?? position
    guard place < bytes.count else { return Failure(expected: expected, found: "its end") }
    let byte = bytes[place]
    let text = (33...126).contains(byte) ? "'\(Character(Unicode.Scalar(byte)))'" : "byte \(byte)"
    return Failure(expected: expected, found: "\(text) at byte \(place)")
  }

  private mutating func skipSpace() {
    while position < bytes.count, [0x20, 0x09, 0x0a, 0x0d].contains(bytes[position]) {
      position += 1
    }
  }

  /// Steps over `character` if it comes next.
  mutating func accept(_ character: Unicode.Scalar) -> Bool {
    skipSpace()
    guard position < bytes.count, bytes[position] == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  mutating func expect(_ character: Unicode.Scalar) throws(Failure) {
    guard accept(character) else { throw fail("'\(Character(character))'") }
  }

  /// Nothing but white space may follow.
  mutating func expectEnd() throws(Failure) {
    skipSpace()
    guard position == bytes.count else { throw fail("the end of the header") }
  }

  /// An object: `member` reads the value of each key.
  mutating func object<E: Error>(
    failure: (Failure) -> E, _ member: (inout JSONScanner, String) throws(E) -> Void
  ) throws(E) {
    do { try expect("{") } catch { throw failure(error) }
    if accept("}") { return }
    repeat {
      let key: String
      do {
        key = try string()
        try expect(":")
      } catch { throw failure(error) }
      try member(&self, key)
    } while accept(",")
    do { try expect("}") } catch { throw failure(error) }
  }

  /// A list of at most `limit` whole numbers from 0 on.
  mutating func integers(atMost limit: Int) throws(Failure) -> [Int] {
    try expect("[")
    if accept("]") { return [] }
    var values: [Int] = []
    repeat {
      guard values.count < limit else { throw fail("at most \(limit) numbers") }
      values.append(try integer())
    } while accept(",")
    try expect("]")
    return values
  }

  private mutating func integer() throws(Failure) -> Int {
    skipSpace()
    let start = position
    var value = 0
    while position < bytes.count, (0x30...0x39).contains(bytes[position]) {
      let (tens, overflow) = value.multipliedReportingOverflow(by: 10)
      let (sum, overflows) = tens.addingReportingOverflow(Int(bytes[position] - 0x30))
      guard !overflow, !overflows else { throw fail("a number below 2^63", at: start) }
      value = sum
      position += 1
    }
    let digits = position - start
    guard digits == 1 || (digits > 1 && bytes[start] != 0x30) else {
      throw fail("a whole number without leading zeros", at: start)
    }
    return value
  }

  // MARK: Strings

  /// A string.
  mutating func string() throws(Failure) -> String {
    skipSpace()
    guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") else {
      throw fail("a string")
    }
    position += 1
    var text = ""
    while true {
      let start = position
      // Most strings are one such run; metadata can be megabytes.
      while position < bytes.count, bytes[position] >= 0x20, bytes[position] != UInt8(ascii: "\""),
        bytes[position] != UInt8(ascii: "\\")
      { position += 1 }
      guard let run = String(validating: bytes[start..<position], as: UTF8.self) else {
        throw fail("UTF-8", at: start)
      }
      text += run
      guard position < bytes.count, bytes[position] >= 0x20 else {
        throw fail("the end of a string")
      }
      position += 1
      if bytes[position - 1] == UInt8(ascii: "\"") { return text }
      text.unicodeScalars.append(try escape())
    }
  }

  /// What follows a backslash.
  private mutating func escape() throws(Failure) -> Unicode.Scalar {
    guard position < bytes.count else { throw fail("an escape") }
    position += 1
    switch Unicode.Scalar(bytes[position - 1]) {
    case "\"": return "\""
    case "\\": return "\\"
    case "/": return "/"
    case "b": return "\u{8}"
    case "f": return "\u{c}"
    case "n": return "\n"
    case "r": return "\r"
    case "t": return "\t"
    case "u": break
    default: throw fail("an escape", at: position - 1)
    }
    let start = position
    let unit = try hexadecimal()
    if let scalar = Unicode.Scalar(unit) { return scalar }
    guard (0xd800..<0xdc00).contains(unit), position + 1 < bytes.count,
      bytes[position] == UInt8(ascii: "\\"), bytes[position + 1] == UInt8(ascii: "u")
    else { throw fail("a pair of surrogates", at: start) }
    position += 2
    let low = try hexadecimal()
    guard (0xdc00..<0xe000).contains(low),
      let scalar = Unicode.Scalar(0x10000 + (unit - 0xd800) << 10 + (low - 0xdc00))
    else { throw fail("the second of a pair of surrogates", at: start) }
    return scalar
  }

  private mutating func hexadecimal() throws(Failure) -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<4 {
      guard position < bytes.count,
        let digit = Character(Unicode.Scalar(bytes[position])).hexDigitValue
      else { throw fail("four hexadecimal digits") }
      value = value << 4 | UInt32(digit)
      position += 1
    }
    return value
  }
}
