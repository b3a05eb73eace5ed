import CKernels
import Testing

@Suite struct GeluTests {
  private static let forms = [
    CK_ACTIVATION_GELU_ERF, CK_ACTIVATION_GELU_TANH, CK_ACTIVATION_GELU_QUICK,
  ]

  private func gelu(_ x: [Float], _ form: ck_activation, inPlace: Bool = false, _ run: Run)
    -> [Float]
  {
    let input = inPlace ? run.inout_(x) : run.input(x)
    let y = inPlace ? input : run.output(Float.self, x.count)
    run.execute(
      CK_GELU_F32, ck_gelu_f32_args(count: x.count, activation: form, x: input, y: y))
    return y.read(x.count)
  }

  private func slope(_ x: [Float], _ dy: [Float], _ form: ck_activation, _ run: Run) -> [Float] {
    let dx = run.output(Float.self, x.count)
    run.execute(
      CK_GELU_GRADIENT_F32,
      ck_gelu_gradient_f32_args(
        count: x.count, activation: form, x: run.input(x), dy: run.input(dy), dx: dx))
    return dx.read(x.count)
  }

  /// Dense where the gates bend, sparse as far as floats go.
  private static let points: [Float] =
    (0..<10_000).map { -20 + 40 * Float($0) / 10_000 }
    + (0..<76).flatMap { i -> [Float] in
      let power = (0..<i).reduce(Float(1e-38)) { value, _ in value * 10 }
      return [power, -power]
    } + [0, -0.0, 3.4e38, -3.4e38]

  @Test(arguments: forms.map(\.rawValue)) func matchesDouble(form: UInt32) {
    let form = ck_activation(form)
    let expected = Self.points.map { KernelTests.gelu(Double($0), form) }
    everyWay("gelu \(form.rawValue)") { run in
      let y = gelu(Self.points, form, run)
      for (index, x) in Self.points.enumerated() {
        let close = abs(Double(y[index]) - expected[index]) <= geluBound(Double(x), form)
        if !close { Issue.record("gelu(\(x)) is \(y[index]), expected \(expected[index])") }
      }
    }
  }

  /// Near zero the gate is about a half, so the result must be right to a few ulp, not only absolutely.
  @Test(arguments: forms.map(\.rawValue)) func isRelativelyExactNearZero(form: UInt32) {
    let form = ck_activation(form)
    let xs = Self.points.filter { abs($0) <= 1 && abs($0) > 1e-37 }
    everyWay("gelu \(form.rawValue)") { run in
      for (x, y) in zip(xs, gelu(xs, form, run)) {
        let expected = KernelTests.gelu(Double(x), form)
        let close = abs(Double(y) - expected) <= 4 * epsilon * abs(expected)
        if !close { Issue.record("gelu(\(x)) is \(y), expected \(expected)") }
      }
    }
  }

  @Test(arguments: forms.map(\.rawValue)) func specialValuesAreKept(form: UInt32) {
    let form = ck_activation(form)
    everyWay("gelu \(form.rawValue)") { run in
      let y = gelu([-.infinity, .infinity, .nan, 0], form, run)
      #expect(y[0] == 0 && y[1] == .infinity && y[2].isNaN && y[3] == 0)
      let dx = slope([-.infinity, .infinity, .nan, 0], [1, 1, 1, 1], form, run)
      #expect(dx[0] == 0 && dx[1] == 1 && dx[2].isNaN && dx[3] == 0.5)
    }
  }

  @Test(arguments: forms.map(\.rawValue)) func gradientMatchesDouble(form: UInt32) {
    let form = ck_activation(form)
    let xs = Self.points.filter { abs($0) < 1e9 }
    let dy = xs.indices.map { $0.isMultiple(of: 2) ? Float(1.5) : -0.75 }
    everyWay("gelu gradient \(form.rawValue)") { run in
      let dx = slope(xs, dy, form, run)
      for (index, x) in xs.enumerated() {
        let expected = geluSlope(Double(x), form) * Double(dy[index])
        // The slope is a gate and x times its own slope, which is below 1 in size and vanishes beyond 14;
        // each is a few roundings and the error of the exponent, up to |z| half-ulps where it matters.
        let close = abs(Double(dx[index]) - expected) <= 4 * epsilon * abs(Double(dy[index]))
        if !close { Issue.record("gelu'(\(x)) is \(dx[index]), expected \(expected)") }
      }
    }
  }

  @Test func countsAroundVectorWidthsAreWrittenWhole() {
    for count in [0, 1, 7, 8, 9, 15, 16, 17, 63, 64, 65, 200] {
      var random = Random(UInt64(count))
      let x = random.floats(count, in: -4...4)
      everyWay("\(count)") { run in
        for inPlace in [false, true] {
          let y = gelu(x, CK_ACTIVATION_GELU_QUICK, inPlace: inPlace, run)
          expectClose(
            y, x.map { KernelTests.gelu(Double($0), CK_ACTIVATION_GELU_QUICK) }, "\(count)"
          ) {
            geluBound(Double(x[$0]), CK_ACTIVATION_GELU_QUICK)
          }
        }
      }
    }
  }
}
