import Compiler
import Graph
import Reference
import TestSupport
import Testing

@Suite struct HalvePrefixTests {
  /// Binary16 has 11 bits from 2^-14 on, and below the places of 2^-24.
  @Test func roundingIsWithinHalfAPlace() throws {
    for magnitude in [1e-8, 1e-4, 1, 1000, 65504] {
      let x = Tensor.random([64], seed: 3, in: -magnitude...magnitude)
      let y = try evaluate(.toHalf(ToHalf()), [x])[0]
      #expect(y.dtype == .f16)
      for (a, b) in zip(x.values, y.values) {
        // The interpreter rounds to f32 first.
        #expect(abs(a - b) <= max(abs(a) * (0x1p-11 + 0x1p-24), 0x1p-25), "\(a), \(b)")
      }
    }
  }

  /// The step computes with the numbers it is given, whichever their type.
  @Test func aStepReadsSixteenBitsAsTheyAre() throws {
    let sample = try #require(
      OpSamples.all.first { $0.description == "cached_attention, prefix in 16 bits" })
    var inputs = sample.graph.inputs.map { sample.inputs(seed: 5)[$0.name] ?? .filled([]) }
    let halved = try evaluate(sample.op, inputs)
    for index in [3, 4] {
      #expect(inputs[index].dtype == .f16)
      inputs[index].dtype = .f32
    }
    #expect(try evaluate(sample.op, inputs) == halved)
  }
}
