/// A copy of bytes that starts on a 64-byte boundary, where the bytes' own place does not.
final class AlignedBytes: Sendable {
  // Filled by init, freed by deinit, only read between.
  nonisolated(unsafe) private let storage: UnsafeMutableRawBufferPointer

  convenience init(copying source: UnsafeRawBufferPointer) { self.init(joining: [source[...]]) }

  /// Copies pieces, one after the other.
  init(joining pieces: [Slice<UnsafeRawBufferPointer>]) {
    storage = .allocate(byteCount: pieces.reduce(0) { $0 + $1.count }, alignment: 64)
    var position = 0
    for piece in pieces {
      UnsafeMutableRawBufferPointer(rebasing: storage[position...])
        .copyMemory(from: UnsafeRawBufferPointer(rebasing: piece))
      position += piece.count
    }
  }

  deinit { storage.deallocate() }

  /// The copy; valid while this object lives.
  var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(storage) }
}
