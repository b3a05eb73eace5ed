import Formats
import Kernels
import Randomness
import Runtime
import Testing

/// An int8 chain as the compiler makes it.
struct QuantizedProgramTests {
  /// x → layer norm and quantize → 3 projections in one → attention → quantize → projection + x.
  static func builder(rows: Int, width: Int, seed: UInt64) -> FunctionBuilder {
    var random = SeededRandom(seed)
    func floats(_ count: Int) -> [Float] { (0..<count).map { _ in Float(random.unit()) - 0.5 } }
    func bytes(_ count: Int) -> [Int8] { (0..<count).map { _ in Int8(random.index(255) - 127) } }
    var builder = FunctionBuilder("block")
    let x = builder.input("x", [1, rows, width])
    let gamma = builder.weight("gamma", [width], floats(width))
    let beta = builder.weight("beta", [width], floats(width))
    let (u8, scales) = (builder.tensor(.u8, [1, rows, width]), builder.f32([1, rows, 2]))
    builder.step(.layerNorm, [x, gamma, beta], [u8, scales]) {
      $0.epsilon = 1e-5
      $0.levels = 127
    }
    let merged = builder.packed("qkv", rows: 3 * width, columns: width, bytes(3 * width * width))
    let mergedScale = builder.weight("qkv.scale", [3 * width], floats(3 * width))
    let bias = builder.weight("qkv.bias", [3 * width], floats(3 * width))
    let qkv = (0..<3).map { _ in builder.f32([1, rows, width]) }
    builder.step(.quantizedLinear, [u8, scales, merged, mergedScale, bias], qkv) {
      $0.levels = 127
      $0.hasBias = true
    }
    let mixed = builder.f32([1, rows, width])
    builder.step(.attention, qkv, [mixed]) {
      $0.heads = 2
      $0.value = 0.25
    }
    let (u8Mixed, scalesMixed) = (
      builder.tensor(.u8, [1, rows, width]), builder.f32([1, rows, 2])
    )
    builder.step(.quantizeRows, [mixed], [u8Mixed, scalesMixed]) { $0.levels = 127 }
    let out = builder.packed("out", rows: width, columns: width, bytes(width * width))
    let outScale = builder.weight("out.scale", [width], floats(width))
    let y = builder.f32([1, rows, width])
    builder.step(.quantizedLinear, [u8Mixed, scalesMixed, out, outScale, x], [y]) {
      $0.levels = 127
      $0.hasResidual = true
    }
    builder.output("y", y)
    return builder
  }

  private static func result(threads: Int, isa: ISA) throws -> [UInt8] {
    let program = try builder(rows: 37, width: 24, seed: 5).bound(threads: threads, isa: isa)
    var random = SeededRandom(6)
    program.set("x", (0..<37 * 24).map { _ in Float(random.unit()) * 4 - 2 })
    program.function.run()
    return program.bytes("y")
  }

  @Test func anInt8FunctionGivesTheSameBitsForAnyThreadsAndKernels() throws {
    let expected = try Self.result(threads: 1, isa: .scalar)
    #expect(expected.contains { $0 != 0 })
    for isa in ISA.allCases where isa.isSupported {
      for threads in [1, 2, 3, 7] {
        #expect(try Self.result(threads: threads, isa: isa) == expected, "\(isa), \(threads)")
      }
    }
  }
}
