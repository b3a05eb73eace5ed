import CKernels
import Testing

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

@Suite struct SoftmaxTests {
  private func softmax(_ x: [Float], rows: Int, inPlace: Bool = false, _ run: Run) -> [Float] {
    let input = inPlace ? run.inout_(x) : run.input(x)
    let y = inPlace ? input : run.output(Float.self, x.count)
    run.execute(
      CK_SOFTMAX_F32,
      ck_softmax_f32_args(rows: rows, n: rows == 0 ? 0 : x.count / rows, x: input, y: y))
    return y.read(x.count)
  }

  private func check(_ x: [Float], rows: Int, inPlace: Bool = false) {
    let n = rows == 0 ? 0 : x.count / rows
    var (expected, bounds): ([Double], [Double]) = ([], [])
    for row in 0..<rows {
      let values = x[row * n..<(row + 1) * n].map(Double.init)
      let largest = values.max() ?? 0
      let powers = values.map { exp($0 - largest) }
      let sum = powers.reduce(0, +)
      for (value, power) in zip(values, powers) {
        expected.append(power / sum)
        // x - max rounds by half an ulp, which the exponential makes relative; 2 ulp for itself, on
        // both sides of the quotient; n half-ulps for the sum. Below 2⁻¹²⁶ results are 0.
        let shift = value > -.infinity ? largest - value : 0
        let relative = epsilon * (shift / 2 + 5) + Double(n) * epsilon / 2
        bounds.append(power / sum * relative + 0x1p-126)
      }
    }
    everyWay("[\(rows), \(n)]") { run in
      let y = softmax(x, rows: rows, inPlace: inPlace, run)
      expectClose(y, expected, "[\(rows), \(n)]") { bounds[$0] }
    }
  }

  @Test func matchesDoubleAroundVectorWidths() {
    for n in [0, 1, 2, 7, 8, 9, 15, 16, 17, 31, 33, 197, 1000] {
      for rows in [0, 1, 3] {
        var random = Random(UInt64(n))
        check(random.floats(rows * n, in: -5...5), rows: rows)
        check(random.floats(rows * n, in: -80...80), rows: rows, inPlace: true)
      }
    }
  }

  /// y₁ / y₀ of rows (0, x) is eˣ, for x over the whole range of results.
  @Test func theExponentialIsWithinTwoUlp() {
    let xs = (0..<20_000).map { -Float($0) * (87.3 / 20_000) }
    everyWay("e^x") { run in
      let y = softmax(xs.flatMap { [0, $0] }, rows: xs.count, run)
      for (index, x) in xs.enumerated() {
        let ratio = Double(y[2 * index + 1]) / Double(y[2 * index])
        let expected = exp(Double(x))
        // Two quotients by the same sum round once each, by half an ulp; subnormal ones by their step.
        let close = abs(ratio - expected) <= 3 * epsilon * expected + 0x1p-148
        if !close { Issue.record("e^\(x) is \(ratio), expected \(expected)") }
      }
    }
  }

  @Test func minusInfinityGivesExactlyZero() {
    everyWay("-inf") { run in
      let y = softmax([-.infinity, 1, -.infinity, 1, -.infinity], rows: 1, run)
      #expect(y == [0, 0.5, 0, 0.5, 0])
    }
  }

  @Test func hugeAndTinyValuesDoNotOverflow() {
    check([3e38, -3e38, 1], rows: 1)
    check([-3e38, -3e38], rows: 1)
    check([.leastNonzeroMagnitude, 0, -.leastNonzeroMagnitude], rows: 1)
    check([1000, 999, -1000, 0, 1001], rows: 1)
  }

  @Test func rowsWithoutAFiniteMaximumAreNaN() {
    for row in [[-.infinity, -.infinity], [.infinity, 1], [.nan, 1], [1, .nan]] as [[Float]] {
      everyWay("\(row)") { run in
        let all = softmax(row, rows: 1, run).allSatisfy(\.isNaN)
        #expect(all, "\(row)")
      }
    }
  }
}

@Suite struct SoftmaxGradientTests {
  @Test func matchesDoubleAroundVectorWidths() {
    for n in [0, 1, 7, 8, 9, 16, 17, 33, 197] {
      for rows in [0, 1, 3] {
        var random = Random(UInt64(n + 50))
        let (y, dy) = (random.floats(rows * n, in: 0...1), random.floats(rows * n))
        var (expected, bounds): ([Double], [Double]) = ([], [])
        for row in 0..<rows {
          let range = row * n..<(row + 1) * n
          let (sum, size) = dot(y[range], dy[range])
          for i in range {
            expected.append(Double(y[i]) * (Double(dy[i]) - sum))
            bounds.append(
              Double(y[i]) * epsilon * (Double(n) / 2 * size + abs(Double(dy[i])) + abs(sum)))
          }
        }
        everyWay("[\(rows), \(n)]") { run in
          let dx = run.output(Float.self, rows * n)
          run.execute(
            CK_SOFTMAX_GRADIENT_F32,
            ck_softmax_gradient_f32_args(
              rows: rows, n: n, y: run.input(y), dy: run.input(dy), dx: dx))
          expectClose(dx.read(rows * n), expected, "[\(rows), \(n)]") { bounds[$0] }
        }
      }
    }
  }
}

@Suite struct PrefixMaskTests {
  @Test(arguments: [0, 1, 4, 9, 12], [false, true])
  func hidesTheKeysEachQueryMayNotSee(prefix: Int, inPlace: Bool) {
    let (batch, s) = (2, 9)
    var random = Random(1)
    let x = random.floats(batch * s * s)
    let expected = x.indices.map { index -> Float in
      let (query, key) = (index / s % s, index % s)
      return key < prefix || (query >= prefix && key <= query) ? x[index] : -.infinity
    }
    everyWay("prefix \(prefix)") { run in
      let input = inPlace ? run.inout_(x) : run.input(x)
      let y = inPlace ? input : run.output(Float.self, x.count)
      run.execute(
        CK_PREFIX_MASK_F32,
        ck_prefix_mask_f32_args(batch: batch, s: s, prefix: prefix, x: input, y: y))
      #expect(y.read(x.count) == expected)
    }
  }
}

@Suite struct ExponentialSumTests {
  private func check(_ x: [Float], rows: Int, _ label: String) {
    let n = rows == 0 ? 0 : x.count / rows
    everyWay(label) { run in
      let maxima = run.output(Float.self, rows)
      let sums = run.output(Double.self, rows)
      run.execute(
        CK_EXPONENTIAL_SUM_F32,
        ck_exponential_sum_f32_args(rows: rows, n: n, x: run.input(x), maxima: maxima, sums: sums))
      for row in 0..<rows {
        let values = x[row * n..<(row + 1) * n]
        let largest = values.filter { !$0.isNaN }.max() ?? -.infinity
        #expect(maxima[row] == largest, "\(label)")
        let none = largest == -.infinity && values.allSatisfy { !$0.isNaN }
        let sum = none ? 0 : values.reduce(0.0) { $0 + exp(Double($1) - Double(largest)) }
        // A term is e^(x - the part's greatest) times e^(that - the greatest): 2 ulp each, and a
        // difference of up to 88 rounds by half of 2^-17, 32 epsilon, which e^ makes relative. What is
        // below 2^-126.5 is left out.
        #expect(
          sums[row] == sum || (sums[row].isNaN && sum.isNaN)
            || abs(sums[row] - sum) <= 2 * (2 + 32) * epsilon * sum,
          "\(label): \(sums[row]), \(sum)")
      }
    }
  }

  @Test func matchesDoubleAroundVectorWidths() {
    for n in [1, 7, 8, 9, 15, 16, 17, 31, 33, 255, 256, 257, 520, 30522] {
      var random = Random(UInt64(n))
      check(random.floats(2 * n, in: -30...30), rows: 2, "[2, \(n)]")
    }
  }

  @Test func extremes() {
    let (inf, nan) = (Float.infinity, Float.nan)
    check([1, -inf, 2, -inf, 3, 4, 5, 6, 7], rows: 1, "tokens that cannot come")
    check([-inf, -inf], rows: 1, "none can")
    let none = [Float](repeating: -inf, count: 256)
    check(none + [3, 1] + none, rows: 1, "none of two parts can")
    check(none + [nan], rows: 1, "NaN alone")
    check([1, inf, 2], rows: 1, "infinity")
    check([1, nan, 2, 3, 4, 5, 6, 7, 8, 9], rows: 1, "NaN")
    check([88, -88, 0, 1e30, -1e30], rows: 1, "far apart")
    check([], rows: 0, "no rows")
  }
}
