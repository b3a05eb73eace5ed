import Diagnostics
import Dispatch
import Randomness
import Synchronization

/// Decodes the next batch on a thread of its own while the current one trains.
final class BatchLoader: Sendable {
  private struct State {
    var schedule: BatchSchedule
    var pending: Result<Batch, InputError>?
  }

  private let sources: [SampleSource]
  private let seed: UInt64
  /// The sides of images that batches take in turn at random; empty for the model's own.
  private let sides: [Int]
  private let state: Mutex<State>
  private let queue = DispatchQueue(label: "gitc.batches", qos: .userInitiated)
  private let ready = DispatchSemaphore(value: 0)

  /// Starts on the first batch at once.
  init(sources: [SampleSource], schedule: BatchSchedule, seed: UInt64, sides: [Int] = []) {
    self.sources = sources
    self.seed = seed
    self.sides = sides
    state = Mutex(State(schedule: schedule))
    startNext()
  }

  private func startNext() {
    let (step, source, rows) = state.withLock { $0.schedule.next() }
    queue.async { [self] in
      let result = Result { () throws(InputError) -> Batch in
        var size = SeededRandom(seed, 4, UInt64(step))
        let side = sides.isEmpty ? nil : sides[size.index(sides.count)]
        var batch = try sources[source].batch(rows: rows, side: side) {
          SeededRandom(self.seed, 2, UInt64(step), UInt64($0))
        }
        batch.source = source
        return batch
      }
      state.withLock { $0.pending = result }
      ready.signal()
    }
  }

  /// The batch of the next step; waits for it, then starts the one after.
  ///
  /// - Throws: when no sample of its data set can be read.
  func next() throws(InputError) -> Batch {
    ready.wait()
    let result = state.withLock { state in
      defer { state.pending = nil }
      return state.pending
    }
    startNext()
    guard let result else { preconditionFailure("a signalled batch is there") }
    return try result.get()
  }
}
