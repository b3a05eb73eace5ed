import CAllocations
import Compiler
import Data
import Kernels
import Testing

@testable import Runtime

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

  @Test(.enabled(if: ca_counts() != 0, "needs glibc's malloc, without a sanitizer"))
  func aRunFromSamplesOrToTheLikeliestAllocatesNothing() async {
    await #expect(processExitsWith: .success) {
      let model = try TinyCaptioner(seed: 95, precision: .int8).model
      let machine = CaptionSession.Machine(kernels: try KernelSet(), threads: 2)
      let encode = try model.bind(
        model.encode, ["N": 2], to: machine,
        sampled: SampledInput(name: "pixels", table: model.sampleTable))
      let step = try model.bind(
        model.step, ["Q": 2, "R": 1, "L": 8, "B": 1, "P": 5, "F": 1], to: machine,
        ranked: "logits")
      #expect(encode.samples != nil && step.top != nil)
      func run() {
        encode.runFromSamples()
        encode.run()
        step.runForTop()
        step.runRest()
      }
      run()
      let before = ca_allocations()
      for _ in 0..<100 { run() }
      #expect(ca_allocations() == before)
    }
  }
}
