import Media
import Testing

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
