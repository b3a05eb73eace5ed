import Randomness

/// Which rows of which source every step takes: a function of the seed and the step alone.
///
/// So a resumed run goes on exactly, and a run can be repeated from any step. Each source is walked
/// in a new order per epoch; an epoch's last batch goes on into the next epoch's order.
struct BatchSchedule {
  private let counts: [Int]
  private let weights: [Double]
  private let batchSize: Int
  private let seed: UInt64
  private let shuffle: Bool
  /// Batches taken from each source before `nextStep`.
  private var taken: [Int]
  private var nextStep: Int
  private var orders: [Int: (epoch: Int, order: [Int])] = [:]

  /// Starts before step `step` (the first is 1).
  ///
  /// - Parameters:
  ///   - counts: rows of each source, at least 1.
  ///   - weights: the share of steps of each source, relative.
  ///   - batchSize: rows per step.
  ///   - seed: decides sources and orders.
  ///   - shuffle: false takes rows in file order.
  ///   - step: the first that `next` gives.
  init(
    counts: [Int], weights: [Float], batchSize: Int, seed: UInt64, shuffle: Bool, step: Int
  ) {
    self.counts = counts
    self.weights = weights.map(Double.init)
    self.batchSize = batchSize
    self.seed = seed
    self.shuffle = shuffle
    taken = counts.map { _ in 0 }
    nextStep = 1
    while nextStep < step {
      taken[chooseSource(nextStep)] += 1
      nextStep += 1
    }
  }

  /// The next step's source and rows.
  mutating func next() -> (step: Int, source: Int, rows: [Int]) {
    let (step, source) = (nextStep, chooseSource(nextStep))
    let first = taken[source] * batchSize
    nextStep += 1
    taken[source] += 1
    return (step, source, (first..<first + batchSize).map { row(source, $0) })
  }

  private func chooseSource(_ step: Int) -> Int {
    var random = SeededRandom(seed, 0, UInt64(step))
    var remaining = random.unit() * weights.reduce(0, +)
    for (source, weight) in weights.enumerated() {
      remaining -= weight
      if remaining < 0 { return source }
    }
    return weights.count - 1
  }

  /// The row at place `index` of the endless walk over a source.
  private mutating func row(_ source: Int, _ index: Int) -> Int {
    let (epoch, place) = index.quotientAndRemainder(dividingBy: counts[source])
    guard shuffle else { return place }
    if orders[source]?.epoch != epoch {
      var random = SeededRandom(seed, 1, UInt64(source), UInt64(epoch))
      orders[source] = (epoch, random.permutation(counts[source]))
    }
    return orders[source]?.order[place] ?? place
  }
}
