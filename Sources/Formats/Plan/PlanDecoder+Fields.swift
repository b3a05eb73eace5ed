import CFormats
import Diagnostics

/// From protobuf-c's pointers and presence flags to values.
extension PlanDecoder {
  func missing(_ field: FieldPath) -> InputError {
    error(field, "is missing", expected: "a value", found: "none")
  }

  /// A field of a newer format could change the meaning of those beside it.
  func known(_ message: ProtobufCMessage, _ field: FieldPath) throws(InputError) {
    guard message.n_unknown_fields > 0, let first = message.unknown_fields else { return }
    throw error(
      field, "has a field this release does not know", expected: "the fields of plan.proto",
      found: "field number \(first.pointee.tag)")
  }

  func required(
    _ has: protobuf_c_boolean, _ value: UInt32, _ field: FieldPath
  ) throws(InputError) -> Int {
    guard has != 0 else { throw missing(field) }
    return Int(value)
  }

  func size(_ value: UInt64, _ field: FieldPath) throws(InputError) -> Int {
    guard let size = Int(exactly: value) else {
      throw error(field, "is too large", expected: "less than 2^63", found: "\(value)")
    }
    return size
  }

  func choice<Choice: RawRepresentable<Int> & CaseIterable>(
    _ has: protobuf_c_boolean, _ raw: UInt32, _ field: FieldPath
  ) throws(InputError) -> Choice {
    guard has != 0 else { throw missing(field) }
    guard let choice = Choice(rawValue: Int(Int32(bitPattern: raw))) else {
      let values = Choice.allCases.map(\.rawValue)
      throw error(
        field, "is not known", expected: "\(values.min() ?? 0) to \(values.max() ?? 0)",
        found: "\(Int32(bitPattern: raw))")
    }
    return choice
  }

  func choice<Choice: RawRepresentable<String> & CaseIterable>(
    _ pointer: UnsafePointer<CChar>?, _ field: FieldPath
  ) throws(InputError) -> Choice {
    let text = try string(pointer, field)
    guard let choice = Choice(rawValue: text) else {
      throw error(
        field, "is not known", expected: Choice.allCases.map(\.rawValue).joined(separator: " or "),
        found: "'\(text)'")
    }
    return choice
  }

  /// A checksum is there exactly where the version has them.
  func checksum(
    _ has: protobuf_c_boolean, _ data: ProtobufCBinaryData, _ field: FieldPath, _ version: Int
  ) throws(InputError) -> SHA256Digest? {
    guard version >= PlanLimits.firstVersionWithChecksums else {
      if has == 0 { return nil }
      throw error(
        field, "belongs to a later version", expected: "none in version \(version)",
        found: "a value")
    }
    guard has != 0 else { throw missing(field) }
    let bytes = UnsafeRawBufferPointer(start: data.data, count: data.len)
    guard let digest = SHA256Digest(stored: bytes) else {
      throw error(
        field, "is no SHA-256", expected: "\(SHA256Digest.byteCount) bytes",
        found: "\(bytes.count)")
    }
    return digest
  }

  func string(_ pointer: UnsafePointer<CChar>?, _ field: FieldPath) throws(InputError) -> String {
    guard let pointer else { throw missing(field) }
    guard let string = String(validatingCString: pointer) else {
      throw error(field, "is no text", expected: "UTF-8", found: "other bytes")
    }
    return string
  }

  func strings(
    _ pointers: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?, _ count: Int,
    _ field: FieldPath
  ) throws(InputError) -> [String] {
    var strings: [String] = []
    strings.reserveCapacity(count)
    for index in 0..<count {
      strings.append(try string(pointers?[index], field[index]))
    }
    return strings
  }

  func array<Element>(_ pointer: UnsafeMutablePointer<Element>?, _ count: Int) -> [Element] {
    [Element](UnsafeBufferPointer(start: pointer, count: count))
  }

  func indices(_ pointer: UnsafeMutablePointer<UInt32>?, _ count: Int) -> [Int] {
    UnsafeBufferPointer(start: pointer, count: count).map(Int.init)
  }

  func list<Message, Element>(
    _ pointers: UnsafeMutablePointer<UnsafeMutablePointer<Message>?>?, _ count: Int,
    _ field: FieldPath, _ convert: (Message, FieldPath) throws(InputError) -> Element
  ) throws(InputError) -> [Element] {
    var elements: [Element] = []
    elements.reserveCapacity(count)
    for index in 0..<count {
      guard let message = pointers?[index] else { throw missing(field[index]) }
      elements.append(try convert(message.pointee, field[index]))
    }
    return elements
  }
}
