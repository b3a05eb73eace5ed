import Testing

@testable import Media

@Suite struct SamplingTests {
  @Test("all frames are taken where there are not more than asked for")
  func few() {
    #expect(FrameSampling.indexes(count: 0, maximum: 6) == [])
    #expect(FrameSampling.indexes(count: 1, maximum: 6) == [0])
    #expect(FrameSampling.indexes(count: 6, maximum: 6) == [0, 1, 2, 3, 4, 5])
  }

  @Test("frames nearest to the middles of equal parts are taken, of two equally near the earlier")
  func many() {
    // Middles 1, 3, 5, …; 1.5, 4.5, …: halfway between two frames; 7/12, 21/12, …
    #expect(FrameSampling.indexes(count: 12, maximum: 6) == [1, 3, 5, 7, 9, 11])
    #expect(FrameSampling.indexes(count: 18, maximum: 6) == [1, 4, 7, 10, 13, 16])
    #expect(FrameSampling.indexes(count: 7, maximum: 6) == [1, 2, 3, 4, 5, 6])
    #expect(FrameSampling.indexes(count: 101, maximum: 1) == [50])
    #expect(FrameSampling.indexes(count: 100, maximum: 1) == [50])
  }

  @Test("samples are distinct, in order and in range for every count")
  func ranges() {
    for count in 1...70 {
      for maximum in 1...9 {
        let indexes = FrameSampling.indexes(count: count, maximum: maximum)
        #expect(indexes.count == min(count, maximum))
        #expect(indexes.allSatisfy { (0..<count).contains($0) })
        #expect(zip(indexes, indexes.dropFirst()).allSatisfy { $0 < $1 })
        for (i, index) in indexes.enumerated() where count > maximum {
          // |index - (i + 1/2) count / n| <= 1/2, times 2n.
          #expect(abs(2 * maximum * index - (2 * i + 1) * count) <= maximum)
        }
      }
    }
  }

  @Test("parts of a stream follow each other; each has the frame nearest to its middle")
  func parts() {
    #expect(FrameSampling.parts(count: 0, every: 1000) == [])
    #expect(
      FrameSampling.parts(count: 5, every: 2000) == [
        .init(frame: 1, start: 0, end: 2000), .init(frame: 3, start: 2000, end: 4000),
        .init(frame: 4, start: 4000, end: 5000),
      ])
    for count in 1...23 {
      for interval in [1, 250, 333, 500, 999, 1000, 1001, 1500, 2000, 2500, 7000, 100_000] {
        let parts = FrameSampling.parts(count: count, every: interval)
        #expect(parts.first?.start == 0 && parts.last?.end == count * 1000)
        for (part, next) in zip(parts, parts.dropFirst()) {
          #expect(part.end == next.start && part.end - part.start == interval)
        }
        if let last = parts.last, parts.count > 1 {
          let length = 2 * (last.end - last.start)
          #expect((interval..<3 * interval).contains(length))
        }
        for (index, part) in parts.enumerated() {
          // In half milliseconds from the middle.
          func distance(_ frame: Int) -> Int { abs(2000 * frame - (2 * index + 1) * interval) }
          let nearest = (0..<count).min { (distance($0), $0) < (distance($1), $1) }
          #expect(part.frame == nearest, "part \(index) of \(count) frames every \(interval)")
        }
      }
    }
    // Equal parts of a whole number of intervals are what a clip is sampled by.
    for (count, interval) in [(12, 2), (18, 3), (30, 5), (6, 1)] {
      #expect(
        FrameSampling.parts(count: count, every: interval * 1000).map(\.frame)
          == FrameSampling.indexes(count: count, maximum: 6))
    }
  }

  @Test("digits in names count as numbers")
  func naturalOrder() {
    let sorted = [
      "a", "frame2.png", "frame10.png", "frame10b.png", "frame99999999999999999998.png",
      "frame99999999999999999999.png", "frame100000000000000000000.png", "frames",
    ]
    #expect(sorted.reversed().sorted(by: FrameSampling.naturallyPrecedes) == sorted)
    let padded = ["01", "1", "002", "2", "03"]
    #expect(
      padded.shuffled().sorted(by: FrameSampling.naturallyPrecedes) == [
        "01", "1", "002", "2", "03",
      ])
  }

  @Test("natural order is a strict order")
  func strictOrder() {
    let names = [
      "", "0", "00", "1", "01", "1a", "01a", "a1", "a01", "a", "a1b2", "a01b02", "é2", "é10",
    ]
    for a in names {
      #expect(!FrameSampling.naturallyPrecedes(a, a))
      for b in names where a != b {
        #expect(
          FrameSampling.naturallyPrecedes(a, b) != FrameSampling.naturallyPrecedes(b, a),
          "\(a), \(b)")
        for c in names
        where FrameSampling.naturallyPrecedes(a, b) && FrameSampling.naturallyPrecedes(b, c) {
          #expect(FrameSampling.naturallyPrecedes(a, c), "\(a), \(b), \(c)")
        }
      }
    }
  }
}
