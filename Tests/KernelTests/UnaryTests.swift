import CKernels
import Glibc
import Testing

@Suite struct UnaryTests {
  /// Runs `op` in every way, beside its place and in place, and holds each element to `isRight(x, y)`.
  private func check(_ op: ck_unary, _ x: [Float], isRight: (Float, Float) -> Bool) {
    everyWay("unary \(op.rawValue), \(x.count)") { run in
      let (y, z) = (run.output(Float.self, x.count), run.inout_(x))
      for (from, to) in [(run.input(x), y), (z, z)] {
        run.execute(CK_UNARY_F32, ck_unary_f32_args(count: x.count, op: op, x: from, y: to))
        for (x, y) in zip(x, to.read(x.count)) where !isRight(x, y) {
          Issue.record("unary \(op.rawValue) of \(x) is \(y)")
        }
      }
    }
  }

  private static let counts = [0, 1, 7, 8, 9, 63, 64, 65, 1000]

  @Test func expMatchesDouble() {
    func isRight(_ x: Float, _ y: Float) -> Bool {
      let exact = Glibc.exp(Double(x))
      // Two ulp of the result; where that is subnormal an ulp is the smallest number.
      let ulp = Double(max(Float(min(exact, 3.4e38)).ulp, .leastNonzeroMagnitude))
      return abs(Double(y) - exact) <= 2 * ulp
    }
    for count in Self.counts {
      var random = Random(UInt64(count))
      check(CK_UNARY_EXP, random.floats(count, in: -20...20), isRight: isRight)
    }
    check(CK_UNARY_EXP, (0..<4000).map { -103 + 191 * Float($0) / 4000 }, isRight: isRight)
  }

  @Test func rsqrtMatchesDouble() {
    // A square root and a quotient, each rounded: half an ulp, the first halved by the derivative.
    func isRight(_ x: Float, _ y: Float) -> Bool {
      let exact = 1 / Double(x).squareRoot()
      return abs(Double(y) - exact) <= 1.5 * Double(Float(exact).ulp)
    }
    for count in Self.counts {
      var random = Random(UInt64(count))
      check(CK_UNARY_RSQRT, random.floats(count, in: 1e-3...1e3), isRight: isRight)
    }
    check(
      CK_UNARY_RSQRT, [1e-38, 1e-30, 1e-12, 1, 3, 1e12, 3.4e38, .leastNonzeroMagnitude],
      isRight: isRight)
  }

  @Test func specialValuesFollowTheOps() {
    check(CK_UNARY_EXP, [-.infinity, -200, 0, 89, .infinity, .nan]) { x, y in
      x.isNaN ? y.isNaN : y == (x < -100 ? 0 : x == 0 ? 1 : .infinity)
    }
    check(CK_UNARY_RSQRT, [0, .infinity, -1, -.infinity, .nan]) { x, y in
      x == 0 ? y == .infinity : x == .infinity ? y == 0 : y.isNaN
    }
  }
}
