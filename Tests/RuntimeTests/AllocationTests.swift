import CAllocations
import Data
import Runtime
import Testing

/// What a run asks of the system: nothing.
struct AllocationTests {
  @Test(.enabled(if: ca_counts() != 0, "needs glibc's malloc, without a sanitizer"))
  func aRunAllocatesNothing() async {
    // A process of its own: other tests allocate at the same time.
    await #expect(processExitsWith: .success) {
      let program = try QuantizedProgramTests.builder(rows: 50, width: 32, seed: 1)
        .bound(threads: 2)
      program.function.run()  // starts the threads
      let input = program.function.input("x")
      let before = ca_allocations()
      for index in 0..<100 {
        input.storeBytes(of: Float(index), as: Float.self)
        program.function.run()
      }
      let after = ca_allocations()
      // The count itself works: this makes an array.
      #expect(!program.bytes("y").isEmpty && ca_allocations() > after)
      #expect(after == before)
    }
  }
}
