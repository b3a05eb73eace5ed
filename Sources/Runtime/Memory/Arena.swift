#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif
package import Diagnostics

/// Memory of fixed length, zeros at first, on a page boundary; given back with the object.
///
/// Taken from the system in one piece, so that a size from a hostile file is refused, not trapped
/// on, and pages nobody touches cost nothing.
package final class Arena {
  /// The bytes; `byteCount` of them, or one page where that is 0.
  package let base: UnsafeMutableRawPointer
  package let byteCount: Int
  private let mappedBytes: Int

  /// Large pages save most of the misses of address translation in long rows of weights and values.
  private static let hugePage = 2 << 20

  /// Takes `byteCount` bytes.
  ///
  /// - Parameters:
  ///   - byteCount: 0 or more.
  ///   - place: what the memory is for, in the error: "model.plan, function 'encode'".
  /// - Throws: `InputError` of kind `.io` when the system has not that much.
  package init(byteCount: Int, place: String) throws(InputError) {
    precondition(byteCount >= 0, "memory of negative length")
    mappedBytes = max(byteCount, 1)
    self.byteCount = byteCount
    let flags = MAP_PRIVATE | MAP_ANONYMOUS
    guard let base = mmap(nil, mappedBytes, PROT_READ | PROT_WRITE, flags, -1, 0),
      base != MAP_FAILED
    else {
      throw InputError(
        .io, "not enough memory", expected: "\(byteCount) bytes",
        found: String(cString: strerror(errno)), in: place,
        advice: "use a smaller batch, shorter texts or fewer frames")
    }
    self.base = base
    #if os(Linux)
      if mappedBytes >= Self.hugePage {
        // A hint: where the system has no large pages, small ones do the same.
        _ = madvise(base, mappedBytes, MADV_HUGEPAGE)
      }
    #endif
  }

  deinit { munmap(base, mappedBytes) }
}

/// Memory that several bound functions use in turn, as large as the largest of them needs.
///
/// Functions that never run at the same time, and whose results are read before another runs, need
/// no more together than the largest alone. Bind the largest first: memory that turns out too small
/// stays with the functions that have it.
package final class SharedArena {
  private var arena: Arena?

  package init() {}

  /// The shared memory where it is large enough, or new memory, shared from now on.
  ///
  /// - Throws: as ``Arena/init(byteCount:place:)``.
  func arena(byteCount: Int, place: String) throws(InputError) -> Arena {
    if let arena, arena.byteCount >= byteCount { return arena }
    let larger = try Arena(byteCount: byteCount, place: place)
    arena = larger
    return larger
  }
}
