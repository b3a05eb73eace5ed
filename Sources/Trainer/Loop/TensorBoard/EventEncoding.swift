/// The bytes of TensorBoard's event files.
///
/// A record is the length of its data (8 bytes), a checksum of that, the data, and a checksum of the
/// data; all little-endian. The data is a protobuf message `tensorflow.Event`.
/// - Source: TensorFlow's `lib/io/record_writer.cc` (format), `util/event.proto` and
///   `framework/summary.proto` (fields).
enum EventEncoding {
  /// What an event says.
  enum Contents {
    /// The first record of a file.
    case version
    /// What earlier files say from this step on no longer holds.
    case start
    /// Numbers by name.
    case scalars([(tag: String, value: Float)])
  }

  /// The record of one event.
  ///
  /// - Parameters:
  ///   - contents: what it says.
  ///   - step: which step it is about.
  ///   - time: seconds since 1970.
  /// - Returns: the bytes to append to a file.
  static func record(_ contents: Contents, step: Int, time: Double) -> [UInt8] {
    let event = event(contents, step: step, time: time)
    let length = littleEndian(UInt64(event.count))
    return length + littleEndian(maskedChecksum(length)) + event
      + littleEndian(maskedChecksum(event))
  }

  private static func event(_ contents: Contents, step: Int, time: Double) -> [UInt8] {
    var event = key(1, .eightBytes) + littleEndian(time.bitPattern)
    if step > 0 { event += key(2, .varint) + varint(UInt64(step)) }
    switch contents {
    case .version: event += bytes(3, Array("brain.Event:2".utf8))
    case .start: event += bytes(7, key(1, .varint) + varint(1))
    case .scalars(let scalars):
      let values = scalars.flatMap { tag, value in
        bytes(1, bytes(1, Array(tag.utf8)) + key(2, .fourBytes) + littleEndian(value.bitPattern))
      }
      event += bytes(5, values)
    }
    return event
  }

  // MARK: Protobuf

  private enum WireType: UInt64 {
    case varint = 0
    case eightBytes = 1
    case length = 2
    case fourBytes = 5
  }

  private static func key(_ field: UInt64, _ type: WireType) -> [UInt8] {
    varint(field << 3 | type.rawValue)
  }

  private static func bytes(_ field: UInt64, _ contents: [UInt8]) -> [UInt8] {
    key(field, .length) + varint(UInt64(contents.count)) + contents
  }

  private static func varint(_ value: UInt64) -> [UInt8] {
    var (value, result): (UInt64, [UInt8]) = (value, [])
    while value > 127 {
      result.append(UInt8(value & 127) | 128)
      value >>= 7
    }
    return result + [UInt8(value)]
  }

  private static func littleEndian(_ value: some FixedWidthInteger) -> [UInt8] {
    withUnsafeBytes(of: value.littleEndian) { Array($0) }
  }

  // MARK: CRC-32C

  /// Castagnoli's CRC, rotated and offset so that a checksum of data with checksums in it is sound.
  static func maskedChecksum(_ bytes: [UInt8]) -> UInt32 {
    let sum = ~bytes.reduce(~0) { sum, byte in
      table[Int(UInt8(truncatingIfNeeded: sum) ^ byte)] ^ sum >> 8
    }
    return (sum >> 15 | sum << 17) &+ 0xA282_EAD8
  }

  private static let table: [UInt32] = (0..<256).map { byte in
    (0..<8).reduce(UInt32(byte)) { value, _ in
      value & 1 == 1 ? 0x82F6_3B78 ^ value >> 1 : value >> 1
    }
  }
}
