/// Where threads must meet: after a call whose bytes a later call touches, one of the two writing.
struct Barriers {
  /// The bytes a call reads and writes, as ranges of addresses.
  struct Touched {
    var reads: [Range<UInt>]
    var writes: [Range<UInt>]
    /// Whether its writes are known to be apart from those of the call before it.
    var isApartFromPrevious: Bool
  }

  /// Per call, whether all threads meet after it; never after the last: the program ends there.
  let after: [Bool]

  init(_ calls: [Touched]) {
    var after = [Bool](repeating: false, count: calls.count)
    // What was touched since the last meeting.
    var reads: [Range<UInt>] = []
    var writes: [(range: Range<UInt>, group: Int)] = []
    var group = 0
    for (index, call) in calls.enumerated() {
      if !call.isApartFromPrevious { group = index }
      let meets =
        call.reads.contains { read in writes.contains { $0.range.overlaps(read) } }
        || call.writes.contains { write in
          reads.contains { $0.overlaps(write) }
            || writes.contains { $0.range.overlaps(write) && $0.group != group }
        }
      if meets {
        after[index - 1] = true
        reads.removeAll(keepingCapacity: true)
        writes.removeAll(keepingCapacity: true)
      }
      reads += call.reads
      writes += call.writes.map { ($0, group) }
    }
    self.after = after
  }
}
