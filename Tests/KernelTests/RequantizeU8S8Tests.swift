import CKernels
import Kernels
import Testing

/// A product that is quantized as it is made, against the product and then its rows.
@Suite struct RequantizeU8S8Tests {
  private func check(_ c: QuantizedProduct, to levels: Int = 127, _ label: String) {
    everyWay("\(label) [\(c.m), \(c.n), \(c.k)] to \(levels) levels") { run in
      let product = c.make(in: run)
      let y = run.scratch(c.m * c.n)
      run.execute(CK_LINEAR_U8S8, product(y))
      let (expected, expectedScales) = (run.scratch(UInt8.self, c.m * c.n), run.scratch(c.m * 2))
      run.execute(
        CK_QUANTIZE_ROWS_F32,
        ck_quantize_rows_f32_args(
          rows: c.m, k: c.n, levels: UInt32(levels), x: y, result: expected,
          row_scales: expectedScales))

      let result = run.output(UInt8.self, c.m * c.n)
      let scales = run.output(Float.self, c.m * 2)
      run.execute(
        CK_REQUANTIZE_U8S8,
        ck_requantize_u8s8_args(
          linear: product(nil), levels: UInt32(levels), result: result, row_scales: scales,
          scratch: run.scratch(ck_requantize_scratch(c.m, c.n, run.threads))))
      #expect(result.read(c.m * c.n) == expected.read(c.m * c.n))
      #expect(
        scales.read(c.m * 2).map(\.bitPattern) == expectedScales.read(c.m * 2).map(\.bitPattern))
    }
  }

  @Test(arguments: [0, 1, 2, 3, 5, 8, 9, 17])
  func aFewRowsAreTheProductsRowsQuantized(m: Int) {
    for n in [1, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 97, 200] {
      check(QuantizedProduct(m: m, n: n, k: 36, seed: UInt64(n)), "sizes")
    }
  }

  /// Threads share rows from 64 for each of them on, and quantize at most 120 at a time.
  @Test(arguments: [63, 64, 65, 120, 121, 127, 128, 129, 191, 192, 241, 367])
  func manyRowsAreTheProductsRowsQuantized(m: Int) {
    for n in [1, 8, 31, 65] { check(QuantizedProduct(m: m, n: n, k: 20, seed: UInt64(n)), "sizes") }
  }

  @Test func everyRunOfBlocksAndNumberOfLevelsGivesTheSame() {
    for range in QuantizedRange.all {
      for levels in [127, 255] {
        for m in [3, 200] {
          let c = QuantizedProduct(m: m, n: 70, k: 64, range: range, seed: 5)
          check(c, to: levels, range.testDescription)
        }
      }
    }
  }

  @Test func everyActivation() {
    for activation in [
      CK_ACTIVATION_NONE, CK_ACTIVATION_GELU_ERF, CK_ACTIVATION_GELU_TANH, CK_ACTIVATION_GELU_QUICK,
    ] {
      for m in [2, 193] {
        check(
          QuantizedProduct(m: m, n: 40, k: 96, activation: activation, seed: 7), "\(activation)")
      }
    }
  }

  /// The extent of a row starts at 0, may lie in one thread's columns alone, and passes over NaN.
  @Test func extremes() {
    for m in [1, 192] {
      check(QuantizedProduct(m: m, n: 100), "zeros")
      check(QuantizedProduct(m: m, n: 100, bias: { _ in 5 }), "one positive number")
      check(QuantizedProduct(m: m, n: 100, bias: { _ in -5 }), "one negative number")
      check(QuantizedProduct(m: m, n: 100, bias: { $0 == 0 ? -9 : 0.1 }), "the least comes first")
      check(
        QuantizedProduct(m: m, n: 100, bias: { $0 == 99 ? 9 : -0.1 }), "the greatest comes last")
      check(QuantizedProduct(m: m, n: 100, bias: { $0 == 50 ? .nan : Float($0) }), "NaN")
      check(QuantizedProduct(m: m, n: 100, bias: { _ in .nan }), "nothing but NaN")
      check(QuantizedProduct(m: m, n: 100, bias: { $0 == 40 ? 3e38 : -1e37 }), "huge")
      check(QuantizedProduct(m: m, n: 100, bias: { $0 == 40 ? .infinity : -1 }), "infinity")
      check(QuantizedProduct(m: m, n: 100, bias: { _ in .leastNonzeroMagnitude }), "tiny")
    }
  }
}
