import Randomness
import Runtime
import Testing

/// Where buffers lie.
struct MemoryPlannerTests {
  private static func random(_ count: Int, seed: UInt64) -> [MemoryPlanner.Request] {
    var random = SeededRandom(seed)
    return (0..<count).map { _ in
      let start = random.index(100)
      let length = random.index(5) == 0 ? random.index(100) : random.index(6)
      return MemoryPlanner.Request(
        byteCount: random.index(8) == 0 ? 0 : random.index(10_000), live: start...start + length)
    }
  }

  @Test(arguments: UInt64(0)..<40)
  func buffersAliveTogetherDoNotOverlap(seed: UInt64) throws {
    let requests = Self.random(10 + Int(seed) * 5, seed: seed)
    let placement = try #require(MemoryPlanner.place(requests))
    for i in requests.indices {
      #expect(placement.offsets[i] % MemoryPlanner.alignment == 0)
      #expect(placement.offsets[i] + requests[i].byteCount <= placement.arenaBytes)
      for j in requests.indices
      where i < j && requests[i].live.overlaps(requests[j].live) && requests[i].byteCount > 0
        && requests[j].byteCount > 0
      {
        let (a, b) = (placement.offsets[i], placement.offsets[j])
        #expect(a + requests[i].byteCount <= b || b + requests[j].byteCount <= a)
      }
    }
  }

  @Test(arguments: UInt64(0)..<40)
  func theLowerBoundIsWhatIsAliveAtOnce(seed: UInt64) throws {
    let requests = Self.random(60, seed: seed)
    let placement = try #require(MemoryPlanner.place(requests))
    let alive = (0..<200).map { moment in
      requests.filter { $0.live.contains(moment) }
        .reduce(0) { $0 + ($1.byteCount + 63) / 64 * 64 }
    }
    #expect(placement.lowerBoundBytes == alive.max())
    #expect(placement.arenaBytes >= placement.lowerBoundBytes)
    #expect(placement.arenaBytes <= requests.reduce(0) { $0 + ($1.byteCount + 63) / 64 * 64 })
  }

  @Test func aChainNeedsTwoBuffers() throws {
    // Each result dies when the next is made.
    let requests = (0..<20).map { MemoryPlanner.Request(byteCount: 640, live: $0...$0 + 1) }
    let placement = try #require(MemoryPlanner.place(requests))
    #expect(placement.arenaBytes == 1280)
    #expect(placement.lowerBoundBytes == 1280)
  }

  @Test func sizesBeyond64BitsHaveNoPlacement() {
    let huge = MemoryPlanner.Request(byteCount: .max / 2 + 1, live: 0...0)
    #expect(MemoryPlanner.place([huge, huge]) == nil)
    #expect(MemoryPlanner.place([MemoryPlanner.Request(byteCount: .max, live: 0...0)]) == nil)
  }

  @Test func nothingNeedsNothing() throws {
    let placement = try #require(MemoryPlanner.place([]))
    #expect(placement.arenaBytes == 0)
    #expect(placement.lowerBoundBytes == 0)
  }
}
