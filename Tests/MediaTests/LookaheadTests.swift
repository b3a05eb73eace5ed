import Dispatch
import Media
import Synchronization
import Testing

@Suite struct LookaheadTests {
  @Test("elements come in order, and the end comes again", arguments: [1, 2, 7])
  func order(limit: Int) {
    let numbers = Lookahead<Int>(limit: limit) { put in
      for number in 0..<1000 where !put(number) { return }
    }
    for number in 0..<1000 { #expect(numbers.next() == number) }
    #expect(numbers.next() == nil)
    #expect(numbers.next() == nil)
    #expect(Lookahead<Int>(limit: limit) { _ in }.next() == nil)
  }

  /// What the maker and the taker did.
  private struct Counts {
    var made = 0
    var taken = 0
    var mostAhead = 0
  }

  @Test("no more are made than may wait, and one", arguments: [1, 3])
  func bounded(limit: Int) {
    let counts = Mutex(Counts())
    let numbers = Lookahead<Int>(limit: limit) { put in
      for number in 0..<200 {
        counts.withLock { counts in
          counts.made += 1
          counts.mostAhead = max(counts.mostAhead, counts.made - counts.taken)
        }
        if !put(number) { return }
      }
    }
    while true {
      // Counted before it is taken: the maker may go on at once.
      counts.withLock { $0.taken += 1 }
      if numbers.next() == nil { break }
    }
    // The waiting, the one being made, and the one just taken.
    counts.withLock { #expect((1...limit + 1).contains($0.mostAhead)) }
  }

  @Test("who stops ends the making, taken or not")
  func stopped() {
    let ended = DispatchSemaphore(value: 0)
    let made = Mutex(0)
    let numbers = Lookahead<Int>(limit: 2) { put in
      while put(made.withLock { made in (made += 1, made).1 }) {}
      // Again no.
      if !put(0), !put(0) { ended.signal() }
    }
    #expect(numbers.next() == 1)
    numbers.stop()
    ended.wait()
    #expect(made.withLock { $0 } <= 5)
    do {
      let untaken = Lookahead<Int>(limit: 1) { put in
        while put(0) {}
        ended.signal()
      }
      untaken.stop()
    }
    ended.wait()
  }
}
