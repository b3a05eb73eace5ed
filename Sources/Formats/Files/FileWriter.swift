package import Diagnostics
import Glibc

/// Appends bytes to a file that ``AtomicFile`` opened; small writes are collected.
package struct FileWriter: ~Copyable {
  private static let capacity = 1 << 20

  private let descriptor: Int32
  /// The path users know: the target, not the temporary file.
  private let path: String
  private var buffer: [UInt8] = []

  /// Bytes written so far.
  package private(set) var position = 0

  init(descriptor: Int32, path: String) {
    self.descriptor = descriptor
    self.path = path
    buffer.reserveCapacity(Self.capacity)
  }

  /// Appends `bytes`.
  /// - Throws: `.io`, for a full disk for example.
  package mutating func write(_ bytes: UnsafeRawBufferPointer) throws(InputError) {
    position += bytes.count
    if buffer.count + bytes.count > Self.capacity { try flush() }
    if bytes.count > Self.capacity {
      try send(bytes)
    } else {
      buffer.append(contentsOf: bytes)
    }
  }

  /// Appends the elements' bytes in this machine's order, which is little-endian.
  /// - Throws: `.io`, for a full disk for example.
  package mutating func write<Element: BitwiseCopyable>(_ values: [Element]) throws(InputError) {
    // The pointer is used once, before the array can move.
    let result: Result<Void, InputError> = values.withUnsafeBytes { bytes in
      do throws(InputError) { return .success(try write(bytes)) } catch { return .failure(error) }
    }
    try result.get()
  }

  /// Appends `count` zeros; none when it is 0.
  /// - Throws: `.io`, for a full disk for example.
  package mutating func writeZeros(_ count: Int) throws(InputError) {
    precondition(count >= 0, "cannot write \(count) zeros")
    let block = [UInt8](repeating: 0, count: min(count, 1 << 16))
    var left = count
    while left > 0 {
      let step = min(left, block.count)
      try write(step == block.count ? block : Array(block.prefix(step)))
      left -= step
    }
  }

  /// Appends zeros until ``position`` is a multiple of `alignment`.
  /// - Throws: `.io`, for a full disk for example.
  package mutating func pad(toMultipleOf alignment: Int) throws(InputError) {
    try writeZeros((alignment - position % alignment) % alignment)
  }

  /// Hands everything collected to the system.
  mutating func flush() throws(InputError) {
    let pending = buffer
    buffer.removeAll(keepingCapacity: true)
    let result: Result<Void, InputError> = pending.withUnsafeBytes { bytes in
      do throws(InputError) { return .success(try send(bytes)) } catch { return .failure(error) }
    }
    try result.get()
  }

  private func send(_ bytes: UnsafeRawBufferPointer) throws(InputError) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let next = UnsafeRawBufferPointer(rebasing: rest)
      let sent = Glibc.write(descriptor, next.baseAddress, next.count)
      if sent < 0 && errno == EINTR { continue }
      guard sent > 0 else {
        throw .system(
          "cannot write the file", code: sent == 0 ? ENOSPC : errno,
          expected: "room for \(position) bytes", path: path,
          advice: "free space on the disk or write elsewhere")
      }
      rest = rest.dropFirst(sent)
    }
  }
}
