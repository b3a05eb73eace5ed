/// A copy of bytes that starts on a 64-byte boundary, where the bytes' own place does not.
final class AlignedBytes: Sendable {
  // Filled by init, freed by deinit, only read between.
  nonisolated(unsafe) private let storage: UnsafeMutableRawBufferPointer

  init(copying source: UnsafeRawBufferPointer) {
    storage = .allocate(byteCount: source.count, alignment: 64)
    storage.copyMemory(from: source)
  }

  deinit { storage.deallocate() }

  /// The copy; valid while this object lives.
  var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(storage) }
}
