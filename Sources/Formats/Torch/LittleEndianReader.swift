/// Steps through bytes; everything it gives lies within them.
struct LittleEndianReader {
  private let bytes: UnsafeRawBufferPointer
  private(set) var position: Int

  init(_ bytes: UnsafeRawBufferPointer, at position: Int = 0) {
    self.bytes = bytes
    self.position = position
  }

  /// How many bytes are left.
  var remaining: Int { bytes.count - position }

  /// The next number; nil, and no step, where the bytes end before it does.
  mutating func integer<Number: FixedWidthInteger & BitwiseCopyable>(
    _: Number.Type = Number.self
  ) -> Number? {
    guard position >= 0, remaining >= MemoryLayout<Number>.size else { return nil }
    let number = bytes.loadUnaligned(fromByteOffset: position, as: Number.self)
    position += MemoryLayout<Number>.size
    return Number(littleEndian: number)
  }

  /// The next `count` bytes; nil, and no step, where there are fewer.
  mutating func slice(_ count: Int) -> UnsafeRawBufferPointer? {
    guard count >= 0, count <= remaining else { return nil }
    defer { position += count }
    return UnsafeRawBufferPointer(rebasing: bytes[position..<position + count])
  }

  /// The bytes before the next line feed, which is stepped over; nil where there is none.
  mutating func line() -> UnsafeRawBufferPointer? {
    let start = position
    guard let end = bytes[position...].firstIndex(of: UInt8(ascii: "\n")) else { return nil }
    position = end + 1
    return UnsafeRawBufferPointer(rebasing: bytes[start..<end])
  }
}
