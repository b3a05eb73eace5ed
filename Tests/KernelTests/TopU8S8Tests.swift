import CKernels
import Kernels
import Testing

/// The greatest columns of a product, against the product itself.
@Suite struct TopU8S8Tests {
  private static let count = Int(CK_CANDIDATES)

  private func check(_ c: QuantizedProduct, _ label: String) {
    everyWay("\(label) [\(c.m), \(c.n), \(c.k)]") { run in
      let product = c.make(in: run)
      let y = run.scratch(c.m * c.n)
      run.execute(CK_LINEAR_U8S8, product(y))
      let (expectedMaxima, expectedSums) = (run.scratch(c.m), run.scratch(Double.self, c.m))
      run.execute(
        CK_EXPONENTIAL_SUM_F32,
        ck_exponential_sum_f32_args(
          rows: c.m, n: c.n, x: y, maxima: expectedMaxima, sums: expectedSums))

      let logits = run.output(Float.self, c.m * Self.count)
      let ids = run.output(Int32.self, c.m * Self.count)
      let (maxima, sums) = (run.output(Float.self, c.m), run.output(Double.self, c.m))
      // It has sums in double, so it lies as they must.
      let scratch = run.scratch(
        Double.self, (ck_top_scratch(c.m, c.n, run.threads) + 1) / 2)
      run.execute(
        CK_TOP_U8S8,
        ck_top_u8s8_args(
          linear: product(nil), logits: logits, ids: ids, maxima: maxima, sums: sums,
          scratch: UnsafeMutableRawPointer(scratch).assumingMemoryBound(to: Float.self)))
      for row in 0..<c.m {
        let values = (0..<c.n).map { y[row * c.n + $0] }
        let order = values.indices.filter { values[$0] > -.infinity }.sorted {
          (values[$1], $0) < (values[$0], $1)
        }.prefix(Self.count)
        let padding = Self.count - order.count
        let found = row * Self.count..<(row + 1) * Self.count
        #expect(
          found.map { ids[$0] } == order.map { Int32($0) } + Array(repeating: -1, count: padding))
        #expect(
          found.map { logits[$0] }
            == order.map { values[$0] } + Array(repeating: -.infinity, count: padding))
        #expect(maxima[row] == expectedMaxima[row])
        let (sum, expected) = (sums[row], expectedSums[row])
        #expect(sum == expected || (sum.isNaN && expected.isNaN), "\(sum), \(expected)")
      }
    }
  }

  @Test(arguments: [1, 2, 4, 5, 8, 9, 21])
  func findsWhatASortOfTheWholeProductFinds(m: Int) {
    for n in [1, 7, 15, 16, 17, 255, 256, 257, 511, 600, 1003] {
      check(QuantizedProduct(m: m, n: n, k: 36, seed: UInt64(n)), "sizes")
    }
  }

  @Test func everyRunOfBlocksGivesTheSame() {
    for range in QuantizedRange.all {
      check(QuantizedProduct(m: 3, n: 530, k: 64, range: range, seed: 5), range.testDescription)
    }
  }

  @Test func amongEqualsTheLowerColumnComesFirst() {
    check(QuantizedProduct(m: 2, n: 700), "all equal")
    check(QuantizedProduct(m: 2, n: 700, bias: { Float($0 / 300) }), "in steps up")
    check(QuantizedProduct(m: 2, n: 700, bias: { -Float($0 % 5) }), "in circles")
  }

  @Test func extremes() {
    check(QuantizedProduct(n: 600, bias: { _ in -.infinity }), "none can come")
    check(QuantizedProduct(n: 600, bias: { $0 == 599 ? 1 : -.infinity }), "one can")
    check(
      QuantizedProduct(n: 600, bias: { $0 < 256 ? -.infinity : Float($0) }), "none of a part can")
    check(QuantizedProduct(n: 600, bias: { $0 == 300 ? .nan : Float($0) }), "NaN")
    check(QuantizedProduct(n: 600, bias: { $0 < 256 ? .nan : -.infinity }), "nothing but NaN")
    check(QuantizedProduct(n: 600, bias: { $0 == 300 ? .infinity : Float($0) }), "infinity")
    check(QuantizedProduct(n: 600, bias: { Float($0 % 3) * 1e30 - 1e30 }), "far apart")
  }
}
