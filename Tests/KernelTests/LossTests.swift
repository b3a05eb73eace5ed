import CKernels
import Testing

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

@Suite struct CrossEntropyTests {
  private struct Form {
    var rows: Int
    var v: Int
    var smoothing = CK_SMOOTHING_KL
    var amount: Float = 0.1
    var range: ClosedRange<Float> = -5...5

    func target(_ label: Int) -> [Double] {
      let (s, n) = (Double(amount), Double(v))
      let isKL = smoothing == CK_SMOOTHING_KL
      var q = [Double](repeating: isKL ? (v > 1 ? s / (n - 1) : 0) : s / n, count: v)
      q[label] = isKL ? 1 - s : 1 - s + s / n
      return q
    }
  }

  private static let forms: [Form] = [1, 2, 7, 8, 9, 16, 17, 33, 1000].flatMap { v in
    [
      Form(rows: 4, v: v), Form(rows: 4, v: v, amount: 0),
      Form(rows: 5, v: v, smoothing: CK_SMOOTHING_UNIFORM),
      Form(rows: 6, v: v, smoothing: CK_SMOOTHING_UNIFORM, amount: 0, range: -30...30),
    ]
  }

  /// Labels of which some do not count.
  private func labels(_ form: Form, _ random: inout Random) -> [Int32] {
    (0..<form.rows).map { row in
      row == 1 ? -1 : row == 3 ? Int32(form.v) : Int32.random(in: 0..<Int32(form.v), using: &random)
    }
  }

  @Test func matchesDouble() {
    for form in Self.forms {
      var random = Random(UInt64(form.v))
      let logits = random.floats(form.rows * form.v, in: form.range)
      let labels = labels(form, &random)
      let dloss: Float = 0.7
      let counted = labels.filter { (0..<Int32(form.v)).contains($0) }.count
      var (sum, bound) = (0.0, 0.0)
      var gradient = [Double](repeating: 0, count: logits.count)
      var bounds = gradient
      for (row, label) in labels.enumerated() where (0..<Int32(form.v)).contains(label) {
        let x = logits[row * form.v..<(row + 1) * form.v].map(Double.init)
        let q = form.target(Int(label))
        let largest = x.max() ?? 0
        let total = x.reduce(0) { $0 + exp($1 - largest) }
        for (i, (x, q)) in zip(x, q).enumerated() {
          let logP = x - largest - log(total)
          if q > 0 { sum += q * ((form.smoothing == CK_SMOOTHING_KL ? log(q) : 0) - logP) }
          let p = exp(logP)
          // Distances to the maximum round once each; with smoothing they are added up v at a time.
          let terms = form.amount > 0 ? form.v : 1
          bound += q * (largest - x) * epsilon * Double(terms + 2) / 2
          gradient[row * form.v + i] = (p - q) * Double(dloss) / Double(counted)
          let relative = epsilon * ((largest - x) / 2 + 6 + Double(form.v) / 2)
          bounds[row * form.v + i] =
            (p * relative + 2 * epsilon * q) * Double(dloss) / Double(counted) + 0x1p-126
        }
        // log Σ errs by the relative error of Σ, and each row is kept as a float.
        bound += epsilon * (Double(form.v) / 2 + 8 + log(Double(form.v)))
      }
      let loss = sum / Double(counted)
      let label = "\(form)"
      everyWay(label) { run in
        let y = run.output(Float.self, 1)
        let dlogits = run.output(Float.self, logits.count)
        run.execute(
          CK_CROSS_ENTROPY_F32,
          ck_cross_entropy_f32_args(
            rows: form.rows, v: form.v, form: form.smoothing, amount: form.amount,
            logits: run.input(logits), labels: run.input(labels), loss: y,
            scratch: run.scratch(form.rows)))
        run.execute(
          CK_CROSS_ENTROPY_GRADIENT_F32,
          ck_cross_entropy_gradient_f32_args(
            rows: form.rows, v: form.v, form: form.smoothing, amount: form.amount,
            logits: run.input(logits), labels: run.input(labels), dloss: run.input([dloss]),
            dlogits: dlogits))
        let close = abs(Double(y[0]) - loss) <= bound / Double(counted) + epsilon * abs(loss)
        #expect(close, "\(label): \(y[0]), expected \(loss)")
        #expect(bound / Double(counted) < 2e-3, "\(label)")
        // One class has probability 1 and no slope.
        if form.v > 1 {
          expectClose(dlogits.read(logits.count), gradient, label) { bounds[$0] }
        }
      }
    }
  }

  @Test func withoutCountedRowsLossAndGradientAreZero() {
    everyWay("no labels") { run in
      let (loss, dlogits) = (run.output(Float.self, 1), run.output(Float.self, 6))
      let logits = run.input([1, 2, 3, 4, 5, 6] as [Float])
      let labels = run.input([-1, 3] as [Int32])
      run.execute(
        CK_CROSS_ENTROPY_F32,
        ck_cross_entropy_f32_args(
          rows: 2, v: 3, form: CK_SMOOTHING_KL, amount: 0.1, logits: logits, labels: labels,
          loss: loss, scratch: run.scratch(2)))
      run.execute(
        CK_CROSS_ENTROPY_GRADIENT_F32,
        ck_cross_entropy_gradient_f32_args(
          rows: 2, v: 3, form: CK_SMOOTHING_KL, amount: 0.1, logits: logits, labels: labels,
          dloss: run.input([1]), dlogits: dlogits))
      #expect(loss[0] == 0)
      #expect(dlogits.read(6) == [0, 0, 0, 0, 0, 0])
    }
  }

  /// Logits of -inf mask classes out: without smoothing they cost nothing.
  @Test func aMaskedClassCostsNothingWithoutSmoothing() {
    everyWay("masked class") { run in
      let (loss, dlogits) = (run.output(Float.self, 1), run.output(Float.self, 3))
      let logits = run.input([0, -.infinity, 0] as [Float])
      let labels = run.input([2] as [Int32])
      run.execute(
        CK_CROSS_ENTROPY_F32,
        ck_cross_entropy_f32_args(
          rows: 1, v: 3, form: CK_SMOOTHING_UNIFORM, amount: 0, logits: logits, labels: labels,
          loss: loss, scratch: run.scratch(1)))
      run.execute(
        CK_CROSS_ENTROPY_GRADIENT_F32,
        ck_cross_entropy_gradient_f32_args(
          rows: 1, v: 3, form: CK_SMOOTHING_UNIFORM, amount: 0, logits: logits, labels: labels,
          dloss: run.input([1]), dlogits: dlogits))
      #expect(abs(loss[0] - Float(log(2.0))) < 1e-6)
      #expect(dlogits.read(3) == [0.5, 0, -0.5])
    }
  }
}

@Suite struct OptimizerTests {
  @Test func squaredNormIsExactToDoubleRounding() {
    for count in [0, 1, 7, 8, 9, 4095, 4096, 4097, 20_001] {
      var random = Random(UInt64(count))
      let x = random.floats(count, in: -3...3)
      let expected = x.reduce(0.0) { $0 + Double($1) * Double($1) }
      everyWay("\(count)") { run in
        let result = run.output(Double.self, 1)
        run.execute(
          CK_SQUARED_NORM_F32,
          ck_squared_norm_f32_args(
            count: count, x: run.input(x), result: result,
            scratch: run.scratch(Double.self, (count + 4095) / 4096)))
        #expect(abs(result[0] - expected) <= Double(count) * 0x1p-52 * expected)
      }
    }
  }

  @Test func aSquareBeyondTheRangeOfFloatsIsCounted() {
    everyWay("huge") { run in
      let result = run.output(Double.self, 1)
      run.execute(
        CK_SQUARED_NORM_F32,
        ck_squared_norm_f32_args(
          count: 2, x: run.input([0x1p100, 0x1p-100]), result: result,
          scratch: run.scratch(Double.self, 1)))
      #expect(result[0] == 0x1p200)
    }
  }

  @Test func aWeightedSumStartsOrGoesOn() {
    for count in [0, 1, 8, 9, 64, 65, 500] {
      var random = Random(UInt64(count))
      let (x, sum) = (random.floats(count), random.floats(count))
      for adds in [false, true] {
        everyWay("\(count), \(adds)") { run in
          let result = adds ? run.inout_(sum) : run.output(Float.self, count)
          run.execute(
            CK_WEIGHTED_SUM_F32,
            ck_weighted_sum_f32_args(
              count: count, factor: 0.3, adds: adds ? 1 : 0, x: run.input(x), sum: result))
          let factor = Double(Float(0.3))
          // Rounded once.
          let expected = x.indices.map { factor * Double(x[$0]) + (adds ? Double(sum[$0]) : 0) }
          expectClose(result.read(count), expected, "\(count)") { abs(expected[$0]) * epsilon / 2 }
        }
      }
    }
  }

  @Test func adamWFollowsItsFormula() {
    for count in [0, 1, 7, 8, 9, 64, 65, 500] {
      var random = Random(UInt64(count))
      let (g, p) = (random.floats(count), random.floats(count))
      let (m, v) = (random.floats(count, in: -0.1...0.1), random.floats(count, in: 0...0.01))
      var expected: (p: [Double], m: [Double], v: [Double]) = ([], [], [])
      var bounds: (p: [Double], m: [Double], v: [Double]) = ([], [], [])
      for i in 0..<count {
        let g = Double(g[i]) * 0.5
        let (beta1, beta2) = (Double(Float(0.9)), Double(Float(0.98)))
        let newM = beta1 * Double(m[i]) + (1 - beta1) * g
        let newV = beta2 * Double(v[i]) + (1 - beta2) * g * g
        let decayed = Double(p[i]) * (1 - Double(Float(1e-3)) * Double(Float(0.05)))
        let update =
          Double(Float(1e-3)) * (newM / Double(Float(0.271)))
          / ((newV / Double(Float(0.0588))).squareRoot() + 1e-8)
        expected.p.append(decayed - update)
        expected.m.append(newM)
        expected.v.append(newV)
        // Up to three roundings per term, and 1 - beta loses what beta has of 1.
        let mSize = abs(beta1 * Double(m[i])) + abs((1 - beta1) * g)
        bounds.m.append(epsilon * (3 * mSize + abs(g)))
        bounds.v.append(epsilon * (3 * newV + g * g))
        let vError = bounds.v[i] / max(newV, 1e-30)
        let updateError = bounds.m[i] / max(abs(newM), 1e-30) + vError / 2 + 4 * epsilon
        bounds.p.append(2 * epsilon * abs(decayed) + updateError * abs(update))
      }
      everyWay("\(count)") { run in
        let (outP, outM, outV) = (run.inout_(p), run.inout_(m), run.inout_(v))
        run.execute(
          CK_ADAMW_F32,
          ck_adamw_f32_args(
            count: count, gradient_scale: 0.5, learning_rate: 1e-3, weight_decay: 0.05,
            beta1: 0.9, beta2: 0.98, epsilon: 1e-8, correction1: 0.271, correction2: 0.0588,
            gradient: run.input(g), parameter: outP, m: outM, v: outV))
        expectClose(outP.read(count), expected.p, "p of \(count)") { bounds.p[$0] }
        expectClose(outM.read(count), expected.m, "m of \(count)") { bounds.m[$0] }
        expectClose(outV.read(count), expected.v, "v of \(count)") { bounds.v[$0] }
      }
    }
  }
}
