import CKernels
import Dispatch
import Kernels
import Synchronization
import Testing

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Threads in ``counted`` now, and the most there were.
private let running = Atomic<Int>(0)
private let most = Atomic<Int>(0)
/// What small runs and a large one tell each other.
private let isDone = Atomic<Bool>(false)
private let smallRuns = Atomic<Int>(0)
/// Threads that came to ``meet``.
private let arrived = Atomic<Int>(0)

/// A kernel that counts its threads, long enough to be seen by those of another run.
private let counted: ck_kernel = { _, _, _ in
  most.max(running.add(1, ordering: .relaxed).newValue, ordering: .relaxed)
  usleep(200)
  running.subtract(1, ordering: .relaxed)
}

/// Threads that saw both of them there.
private let met = Atomic<Int>(0)

/// A kernel that waits for the thread of a second run, or a minute.
private let meet: ck_kernel = { _, _, _ in
  arrived.add(1, ordering: .relaxed)
  for _ in 0..<60_000 where arrived.load(ordering: .relaxed) < 2 { usleep(1000) }
  if arrived.load(ordering: .relaxed) == 2 { met.add(1, ordering: .relaxed) }
}

private func run(_ kernel: ck_kernel, threads: Int, cores: Int) {
  withUnsafePointer(to: 0) { nothing in
    let step = ck_step(kernel: kernel, args: nothing, barrier_after: 0)
    withUnsafePointer(to: step) { ck_run($0, 1, threads, cores) }
  }
}

/// Calls `body` on a thread each, however few CPUs there are, and waits for all.
private func sideBySide(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) {
  let group = DispatchGroup()
  for index in 0..<count {
    DispatchQueue(label: "session \(index)").async(group: group) { body(index) }
  }
  group.wait()
}

/// Runs side by side: each in a process of its own, since turns are those of a process.
@Suite struct TurnsTests {
  @Test func sessionsSideBySideDoNotHaveMoreThreadsThanThereAreCores() async {
    await #expect(processExitsWith: .success) {
      let cores = 3
      // Two, one, three threads, and more than there are cores, each from a thread of its own.
      sideBySide(4) { session in
        for _ in 0..<50 { run(counted, threads: [2, 1, 3, 2][session], cores: cores) }
      }
      #expect((2...cores).contains(most.load(ordering: .relaxed)))
      most.store(0, ordering: .relaxed)
      // Who asks for more than all gets it, alone.
      sideBySide(3) { _ in
        for _ in 0..<20 { run(counted, threads: 4, cores: cores) }
      }
      #expect((1...4).contains(most.load(ordering: .relaxed)))
      #expect(running.load(ordering: .relaxed) == 0)
    }
  }

  @Test func runsThatFitGoSideBySide() async {
    await #expect(processExitsWith: .success) {
      sideBySide(2) { _ in run(meet, threads: 1, cores: 2) }
      // One after the other, the first would not have seen the second.
      #expect(met.load(ordering: .relaxed) == 2)
    }
  }

  @Test func manySmallRunsDoNotKeepALargeOneFromItsTurn() async {
    await #expect(processExitsWith: .success) {
      // The first three keep two cores busy until the fourth has had its turns.
      sideBySide(4) { session in
        if session == 3 {
          while smallRuns.load(ordering: .relaxed) < 30 { usleep(1000) }
          for _ in 0..<10 { run(counted, threads: 2, cores: 2) }
          isDone.store(true, ordering: .relaxed)
        } else {
          var count = 0
          while !isDone.load(ordering: .relaxed), count < 20_000 {
            run(counted, threads: 1, cores: 2)
            smallRuns.add(1, ordering: .relaxed)
            count += 1
          }
        }
      }
      #expect(smallRuns.load(ordering: .relaxed) < 60_000)
    }
  }
}
