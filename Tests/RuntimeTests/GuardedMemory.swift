import Glibc

/// Memory that ends where a forbidden page begins, so that reading or writing past it is a crash.
final class GuardedMemory {
  let base: UnsafeMutableRawPointer
  let byteCount: Int
  private let mapping: UnsafeMutableRawPointer
  private let mappedBytes: Int

  /// Zeros; `atStart` guards what is before instead.
  init(byteCount: Int, atStart: Bool) {
    let page = 4096
    let inner = (byteCount + page - 1) / page * page
    mappedBytes = inner + 2 * page
    guard
      let mapping = mmap(
        nil, mappedBytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
      mapping != MAP_FAILED,
      mprotect(mapping + page, inner, PROT_READ | PROT_WRITE) == 0 || inner == 0
    else { preconditionFailure("the test machine has memory") }
    self.mapping = mapping
    self.byteCount = byteCount
    base = atStart ? mapping + page : mapping + page + inner - byteCount
  }

  deinit { munmap(mapping, mappedBytes) }
}
