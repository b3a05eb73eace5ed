/// Gives buffers their places in one arena, so that those alive together do not overlap.
///
/// Greedy, largest first: each buffer takes the smallest gap that fits among the buffers already
/// placed that are alive at the same time (Pisarchyk, Lee 2020, "greedy by size", with best fit). Two
/// more orders are tried, and the smallest arena wins.
package enum MemoryPlanner {
  /// Where buffers start: a cache line, and the widest vector.
  package static let alignment = 64

  /// A buffer to place.
  package struct Request: Sendable, Equatable {
    /// 0 takes no room.
    package var byteCount: Int
    /// The moments at which its bytes must stay, in any unit that all requests share.
    package var live: ClosedRange<Int>

    package init(byteCount: Int, live: ClosedRange<Int>) {
      self.byteCount = byteCount
      self.live = live
    }
  }

  /// Where the buffers lie.
  package struct Placement: Sendable, Equatable {
    /// Bytes from the start of the arena, a multiple of ``alignment``; by request.
    package var offsets: [Int]
    /// The length of the arena.
    package var arenaBytes: Int
    /// No arena can be shorter: the most bytes alive at one moment, each buffer rounded up to
    /// ``alignment``.
    package var lowerBoundBytes: Int
  }

  /// Places `requests`; nil when the sizes add up to more than 2^63.
  ///
  /// - Complexity: O(n²) for n requests.
  package static func place(_ requests: [Request]) -> Placement? {
    var sizes: [Int] = []
    var total = 0
    for request in requests {
      let (padded, overflow) = request.byteCount.addingReportingOverflow(alignment - 1)
      let size = padded / alignment * alignment
      let (sum, sumOverflow) = total.addingReportingOverflow(size)
      if overflow || sumOverflow { return nil }
      sizes.append(size)
      total = sum
    }
    let indices = requests.indices.filter { sizes[$0] > 0 }
    let bound = lowerBound(indices, requests, sizes)
    var best: Placement?
    for order in orders(indices, requests, sizes) {
      let placement = place(order, requests, sizes, bound)
      if placement.arenaBytes < best?.arenaBytes ?? .max { best = placement }
      if best?.arenaBytes == bound { break }
    }
    return best
  }

  /// The orders in which buffers are placed; each is total, so that a plan is always the same.
  private static func orders(
    _ indices: [Int], _ requests: [Request], _ sizes: [Int]
  ) -> [[Int]] {
    func duration(_ i: Int) -> Int { requests[i].live.upperBound - requests[i].live.lowerBound }
    return [
      indices.sorted { (-sizes[$0], -duration($0), $0) < (-sizes[$1], -duration($1), $1) },
      indices.sorted { (-duration($0), -sizes[$0], $0) < (-duration($1), -sizes[$1], $1) },
      indices.sorted {
        (requests[$0].live.lowerBound, -sizes[$0], $0)
          < (requests[$1].live.lowerBound, -sizes[$1], $1)
      },
    ]
  }

  private static func place(
    _ order: [Int], _ requests: [Request], _ sizes: [Int], _ bound: Int
  ) -> Placement {
    var offsets = [Int](repeating: 0, count: requests.count)
    var placed: [Int] = []  // ascending by offset
    var arenaBytes = 0
    for index in order {
      let (size, live) = (sizes[index], requests[index].live)
      var best: (offset: Int, gap: Int)?
      var end = 0
      for other in placed where requests[other].live.overlaps(live) {
        let gap = offsets[other] - end
        if gap >= size, gap < best?.gap ?? .max { best = (end, gap) }
        end = max(end, offsets[other] + sizes[other])
      }
      let offset = best?.offset ?? end
      offsets[index] = offset
      arenaBytes = max(arenaBytes, offset + size)
      let position = placed.firstIndex { offsets[$0] > offset } ?? placed.count
      placed.insert(index, at: position)
    }
    return Placement(offsets: offsets, arenaBytes: arenaBytes, lowerBoundBytes: bound)
  }

  /// The most bytes alive at one moment.
  private static func lowerBound(
    _ indices: [Int], _ requests: [Request], _ sizes: [Int]
  ) -> Int {
    // At one moment, births come before deaths: a range includes both its ends.
    let events = indices.flatMap { index in
      [
        (moment: requests[index].live.lowerBound, death: 0, change: sizes[index]),
        (moment: requests[index].live.upperBound, death: 1, change: -sizes[index]),
      ]
    }
    var (live, most) = (0, 0)
    for event in events.sorted(by: { ($0.moment, $0.death) < ($1.moment, $1.death) }) {
      live += event.change
      most = max(most, live)
    }
    return most
  }
}
