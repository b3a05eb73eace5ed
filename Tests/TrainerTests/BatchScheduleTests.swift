import Testing

@testable import Trainer

@Suite("A batch schedule") struct BatchScheduleTests {
  private struct Take: Equatable {
    var step: Int
    var source: Int
    var rows: [Int]
  }

  private func takes(
    _ count: Int, of counts: [Int], weights: [Float] = [1], batchSize: Int, seed: UInt64 = 1,
    shuffle: Bool = true, from step: Int = 1
  ) -> [Take] {
    var schedule = BatchSchedule(
      counts: counts, weights: weights, batchSize: batchSize, seed: seed, shuffle: shuffle,
      step: step)
    return (0..<count).map { _ in
      let (step, source, rows) = schedule.next()
      return Take(step: step, source: source, rows: rows)
    }
  }

  @Test(
    "takes every row once per epoch, in another order each time",
    arguments: [(10, 4), (10, 10), (3, 7), (7, 1), (1, 2)])
  func epochs(_ count: Int, _ batchSize: Int) {
    // So many batches are `batchSize` whole epochs.
    let rows = takes(count, of: [count], batchSize: batchSize).flatMap(\.rows)
    let epochs = (0..<batchSize).map { Array(rows[$0 * count..<($0 + 1) * count]) }
    for epoch in epochs { #expect(epoch.sorted() == Array(0..<count)) }
    if count == 10 { #expect(Set(epochs).count == batchSize, "an order came twice") }
  }

  @Test("depends on the seed and nothing else")
  func deterministic() {
    func run(_ seed: UInt64) -> [Take] {
      takes(50, of: [20, 30], weights: [1, 2], batchSize: 3, seed: seed)
    }
    #expect(run(5) == run(5))
    #expect(run(5).map(\.rows) != run(6).map(\.rows))
    #expect(run(5).map(\.source) != run(6).map(\.source))
  }

  @Test("goes on from any step as if it had come from the first", arguments: [2, 7, 23, 40])
  func continues(_ step: Int) {
    for shuffle in [true, false] {
      func run(_ count: Int, from step: Int) -> [Take] {
        takes(
          count, of: [5, 8], weights: [3, 1], batchSize: 3, shuffle: shuffle, from: step)
      }
      let whole = run(60, from: 1)
      #expect(whole.map(\.step) == Array(1...60))
      #expect(run(61 - step, from: step) == Array(whole[(step - 1)...]))
    }
  }

  @Test("gives each source its share of steps")
  func shares() {
    let steps = 4000
    let taken = takes(steps, of: [5, 5, 5], weights: [6, 0.5, 1.5], batchSize: 1)
    for (source, share) in [0.75, 0.0625, 0.1875].enumerated() {
      let count = taken.count { $0.source == source }
      // A binomial count; four of its deviations are passed once in 16 000 seeds, and this is one.
      let deviation = (Double(steps) * share * (1 - share)).squareRoot()
      #expect(abs(Double(count) - Double(steps) * share) <= 4 * deviation, "source \(source)")
    }
  }

  @Test("without shuffling is the file's order, over and over")
  func fileOrder() {
    let taken = takes(3, of: [4], batchSize: 3, shuffle: false)
    #expect(taken.map(\.rows) == [[0, 1, 2], [3, 0, 1], [2, 3, 0]])
  }
}
