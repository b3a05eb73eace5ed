/// Bytes that stay where they are while someone holds this: a mapped file or a copy.
enum ByteStorage: Sendable {
  case mapping(FileMapping)
  case copy(AlignedBytes)

  /// A copy of an array.
  init(copying bytes: [UInt8]) { self = .copy(bytes.withUnsafeBytes { AlignedBytes(copying: $0) }) }

  /// The bytes, from a 64-byte boundary on; valid while this value is held.
  var bytes: UnsafeRawBufferPointer {
    switch self {
    case .mapping(let mapping): mapping.bytes
    case .copy(let copy): copy.bytes
    }
  }
}
