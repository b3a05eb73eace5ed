import Diagnostics

/// Where in a serialised `gitc.Plan` its head and weights lie: the top-level tags, without parsing
/// what they hold.
struct PlanScanner {
  private enum Field {
    static let checksum = 6
    static let lastOfHead = 13
    static let padding = 14
    static let weights = 15
  }

  private let bytes: UnsafeRawBufferPointer
  private let error: PlanError
  private var position = 0

  /// The pieces that fields 1 to 13 fill, in order.
  ///
  /// This release writes one; other tools may put the weights elsewhere.
  private(set) var head: [Range<Int>] = []
  /// ``head`` without the field `sha256`: what that is the checksum of.
  private(set) var covered: [Range<Int>] = []
  /// The payload of the field `sha256`; nil where the file has none.
  private(set) var checksum: Range<Int>?
  /// The payload of the field `weights`; empty where the file has none.
  private(set) var weights = 0..<0

  init(_ bytes: UnsafeRawBufferPointer, error: PlanError) throws(InputError) {
    self.bytes = bytes
    self.error = error
    var seen: Set<Int> = []
    while position < bytes.count {
      let start = position
      let tag = try varint("a tag")
      let field = Int(clamping: tag >> 3)
      let payload = try self.payload(wireType: Int(tag & 7), field)
      switch field {
      case 1...Field.lastOfHead:
        head.join(start..<position)
        if field != Field.checksum {
          covered.join(start..<position)
        } else if seen.insert(field).inserted {
          checksum = payload
        } else {
          throw fail("field \(field) once", "it again", at: start)
        }
      case Field.padding, Field.weights:
        guard tag & 7 == 2, seen.insert(field).inserted else {
          throw fail("field \(field) once, as bytes", "it again or as a number", at: start)
        }
        if field == Field.weights { weights = payload }
      default:
        throw fail("fields 1 to \(Field.weights)", "field \(field)", at: start)
      }
    }
    let headBytes = head.reduce(0) { $0 + $1.count }
    guard headBytes <= PlanLimits.headBytes else {
      throw error.unreadable(
        expected: "a head of at most \(PlanLimits.headBytes) bytes", found: "\(headBytes) bytes")
    }
  }

  /// Steps over the value of a field, and gives the range of its contents.
  private mutating func payload(wireType: Int, _ field: Int) throws(InputError) -> Range<Int> {
    let start: Int
    let count: UInt64
    switch wireType {
    case 0:
      start = position
      _ = try varint("a number")
      return start..<position
    case 1, 5:
      start = position
      count = wireType == 1 ? 8 : 4
    case 2:
      count = try varint("a length")
      start = position
    default:
      throw fail("a wire type of 0, 1, 2 or 5", "\(wireType) in field \(field)", at: position)
    }
    guard count <= UInt64(bytes.count - start) else {
      throw fail(
        "\(count) bytes in field \(field)", "\(bytes.count - start), the file is cut short",
        at: start)
    }
    position = start + Int(count)
    return start..<position
  }

  private mutating func varint(_ what: String) throws(InputError) -> UInt64 {
    let start = position
    var value: UInt64 = 0
    for shift in stride(from: UInt64(0), to: 70, by: 7) {
      guard position < bytes.count else { throw fail(what, "the end of the file", at: start) }
      let byte = bytes[position]
      position += 1
      if shift == 63 && byte > 1 { break }
      value |= UInt64(byte & 0x7f) << shift
      if byte & 0x80 == 0 { return value }
    }
    throw fail(what, "a number of more than 64 bits", at: start)
  }

  private func fail(_ expected: String, _ found: String, at offset: Int) -> InputError {
    error.unreadable(expected: "\(expected) at byte \(offset)", found: found)
  }
}

extension [Range<Int>] {
  /// Adds a range that starts at the end of the last one or beyond it.
  fileprivate mutating func join(_ range: Range<Int>) {
    if let last, last.upperBound == range.lowerBound {
      self[count - 1] = last.lowerBound..<range.upperBound
    } else {
      append(range)
    }
  }
}
