import CKernels
import Kernels
import Testing

/// A product that is quantized as it is made, against the product and then its rows.
@Suite struct RequantizeU8S8Tests {
  private struct Case {
    var m = 1
    var n = 1
    var k = 8
    var range = QuantizedRange(levels: 127, groups: 2)
    var levels = 127
    var activation = CK_ACTIVATION_NONE
    var bias: (Int) -> Float = { _ in 0 }
    /// Zeros where not given: only the bias tells columns apart.
    var seed: UInt64?
  }

  private func check(_ c: Case, _ label: String) {
    var random = Random(c.seed ?? 1)
    let x: [UInt8] = random.integers(c.m * c.k, in: 0...c.range.levels)
    let bound = c.seed == nil ? 0 : c.range.magnitude
    let w: [Int8] = random.integers(c.n * c.k, in: -bound...bound)
    let rows = (0..<c.m).flatMap { _ in [Float.random(in: 0.01...0.02, using: &random), 3] }
    let wScales = random.floats(c.n, in: 0.005...0.01)
    let (packed, columnSums) = Packing.packS8(w, rows: c.n, columns: c.k)
    let bias = (0..<c.n).map(c.bias)
    everyWay("\(label) [\(c.m), \(c.n), \(c.k)]") { run in
      func product(_ results: UnsafeMutablePointer<Float>?) -> ck_linear_u8s8_args {
        var epilogue = ck_epilogue()
        epilogue.bias = UnsafePointer(run.input(bias))
        epilogue.activation = c.activation
        (epilogue.split_count, epilogue.split_columns.0) = (1, c.n)
        epilogue.results.0 = results
        return ck_linear_u8s8_args(
          m: c.m, n: c.n, k: c.k, groups: c.range.groups, x: run.input(x), rows: run.input(rows),
          w: run.input(packed), column_sums: run.input(columnSums), w_scales: run.input(wScales),
          epilogue: epilogue)
      }
      let y = run.scratch(c.m * c.n)
      run.execute(CK_LINEAR_U8S8, product(y))
      let (expected, expectedScales) = (run.scratch(UInt8.self, c.m * c.n), run.scratch(c.m * 2))
      run.execute(
        CK_QUANTIZE_ROWS_F32,
        ck_quantize_rows_f32_args(
          rows: c.m, k: c.n, levels: UInt32(c.levels), x: y, result: expected,
          row_scales: expectedScales))

      let result = run.output(UInt8.self, c.m * c.n)
      let scales = run.output(Float.self, c.m * 2)
      run.execute(
        CK_REQUANTIZE_U8S8,
        ck_requantize_u8s8_args(
          linear: product(nil), levels: UInt32(c.levels), result: result, row_scales: scales,
          scratch: run.scratch(ck_requantize_scratch(c.m, c.n, run.threads))))
      #expect(result.read(c.m * c.n) == expected.read(c.m * c.n))
      #expect(
        scales.read(c.m * 2).map(\.bitPattern) == expectedScales.read(c.m * 2).map(\.bitPattern))
    }
  }

  @Test(arguments: [0, 1, 2, 3, 5, 8, 9, 17])
  func aFewRowsAreTheProductsRowsQuantized(m: Int) {
    for n in [1, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 97, 200] {
      check(Case(m: m, n: n, k: 36, seed: UInt64(n)), "sizes")
    }
  }

  /// Threads share rows from 64 for each of them on, and quantize at most 120 at a time.
  @Test(arguments: [63, 64, 65, 120, 121, 127, 128, 129, 191, 192, 241, 367])
  func manyRowsAreTheProductsRowsQuantized(m: Int) {
    for n in [1, 8, 31, 65] { check(Case(m: m, n: n, k: 20, seed: UInt64(n)), "sizes") }
  }

  @Test func everyRunOfBlocksAndNumberOfLevelsGivesTheSame() {
    for range in QuantizedRange.all {
      for levels in [127, 255] {
        for m in [3, 200] {
          let c = Case(m: m, n: 70, k: 64, range: range, levels: levels, seed: 5)
          check(c, "\(range.testDescription), to \(levels)")
        }
      }
    }
  }

  @Test func everyActivation() {
    for activation in [
      CK_ACTIVATION_NONE, CK_ACTIVATION_GELU_ERF, CK_ACTIVATION_GELU_TANH, CK_ACTIVATION_GELU_QUICK,
    ] {
      for m in [2, 193] {
        check(Case(m: m, n: 40, k: 96, activation: activation, seed: 7), "\(activation)")
      }
    }
  }

  /// The extent of a row starts at 0, may lie in one thread's columns alone, and passes over NaN.
  @Test func extremes() {
    for m in [1, 192] {
      check(Case(m: m, n: 100), "zeros")
      check(Case(m: m, n: 100, bias: { _ in 5 }), "one positive number")
      check(Case(m: m, n: 100, bias: { _ in -5 }), "one negative number")
      check(Case(m: m, n: 100, bias: { $0 == 0 ? -9 : 0.1 }), "the least comes first")
      check(Case(m: m, n: 100, bias: { $0 == 99 ? 9 : -0.1 }), "the greatest comes last")
      check(Case(m: m, n: 100, bias: { $0 == 50 ? .nan : Float($0) }), "NaN")
      check(Case(m: m, n: 100, bias: { _ in .nan }), "nothing but NaN")
      check(Case(m: m, n: 100, bias: { $0 == 40 ? 3e38 : -1e37 }), "huge")
      check(Case(m: m, n: 100, bias: { $0 == 40 ? .infinity : -1 }), "infinity")
      check(Case(m: m, n: 100, bias: { _ in .leastNonzeroMagnitude }), "tiny")
    }
  }
}
