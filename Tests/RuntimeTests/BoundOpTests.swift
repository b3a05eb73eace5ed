import Graph
import Reference
import TestSupport
import Testing

/// Every op of the table, bound as a function of its own.
struct BoundOpTests {
  /// What rounding may do to these sums of up to 12 terms of size 8, coarsely.
  ///
  /// A binding mistake puts wrong elements somewhere; the last bits are the kernel tests' matter.
  private static func tolerance(_ expected: Tensor) -> Double {
    let largest = expected.values.filter(\.isFinite).map { abs($0) }.max() ?? 0
    return 256 * 0x1p-24 * (1 + largest)
  }

  /// What one probability of a quantized attention, an integer among at least 127, weighs.
  private static func tie(_ op: Op, _ expected: Tensor) -> Double {
    guard case .quantizedAttention = op else { return 0 }
    return 2 * (expected.values.map { abs($0) }.max() ?? 0) / 127
  }

  @Test(arguments: OpSamples.all)
  func aBoundOpGivesWhatTheReferenceGives(_ sample: OpSample) throws {
    let program = OpSampleProgram(sample, seed: 11)
    let found = try program.run(threads: 2)
    let expected = try Interpreter.run(
      sample.graph, inputs: program.inputs, symbols: sample.symbols)
    for (name, tensor) in expected {
      let values = OpSampleProgram.values(try #require(found[name]), tensor.dtype)
      let result = Tensor(tensor.dtype, tensor.shape, values)
      // An integer may fall on the other side of a tie after float rows that differ in the last bit.
      let bound = tensor.dtype == .u8 ? 1 : Self.tolerance(tensor) + Self.tie(sample.op, tensor)
      #expect(largestDifference(result, tensor) <= bound, "\(sample), \(name)")
    }
  }

  @Test(arguments: OpSamples.all)
  func aBoundOpGivesTheSameBitsForAnyThreadCount(_ sample: OpSample) throws {
    let program = OpSampleProgram(sample, seed: 12)
    let alone = try program.run(threads: 1)
    #expect(try program.run(threads: 2) == alone)
    #expect(try program.run(threads: 5) == alone)
  }
}
