import Dispatch
import Synchronization

/// Divides 0..<`count` into ranges and calls `work` with each, at the same time on up to `threads`
/// threads.
///
/// Equal counts may be divided in other ways on other machines: what `work` does for an index must not
/// depend on the range that holds it.
func inParallel(_ count: Int, threads: Int, _ work: @Sendable (Range<Int>) -> Void) {
  // Several ranges for each thread, since some threads may be held up.
  let parts = threads == 1 ? 1 : min(count, 4 * threads)
  guard parts > 1 else { return work(0..<count) }
  let next = Atomic(0)
  DispatchQueue.concurrentPerform(iterations: min(threads, parts)) { _ in
    while true {
      let part = next.wrappingAdd(1, ordering: .relaxed).oldValue
      if part >= parts { return }
      work(count * part / parts..<count * (part + 1) / parts)
    }
  }
}
