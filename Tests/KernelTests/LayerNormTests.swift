import CKernels
import Testing

/// Quantizes a row in binary32 as the contract says, step by step.
func quantized(_ row: [Float], levels: Int) -> (values: [UInt8], scale: Float, zero: Float) {
  let low = row.reduce(0) { min($0, $1) }
  let high = row.reduce(0) { max($0, $1) }
  var scale = (high - low) / Float(levels)
  if scale < .leastNormalMagnitude { scale = 1 }
  let inverse = 1 / scale
  let zero = (-low * inverse).rounded(.toNearestOrEven)
  let values = row.map {
    UInt8(min(max(($0 * inverse).rounded(.toNearestOrEven) + zero, 0), Float(levels)))
  }
  return (values, scale, zero)
}

@Suite struct QuantizeRowsTests {
  private func check(_ x: [Float], rows: Int, levels: Int) {
    let k = rows == 0 ? 0 : x.count / rows
    let expected = (0..<rows).map { quantized(Array(x[$0 * k..<($0 + 1) * k]), levels: levels) }
    everyWay("[\(rows), \(k)] to \(levels) levels") { run in
      let result = run.output(UInt8.self, rows * k)
      let scales = run.output(Float.self, rows * 2)
      run.execute(
        CK_QUANTIZE_ROWS_F32,
        ck_quantize_rows_f32_args(
          rows: rows, k: k, levels: UInt32(levels), x: run.input(x), result: result,
          row_scales: scales))
      #expect(result.read(rows * k) == expected.flatMap(\.values))
      #expect(scales.read(rows * 2) == expected.flatMap { [$0.scale, $0.zero] })
    }
  }

  @Test(arguments: [127, 255]) func matchesTheFormulaAroundVectorWidths(levels: Int) {
    for k in [0, 1, 7, 8, 9, 15, 16, 17, 31, 33, 768] {
      for rows in [0, 1, 3, 5] {
        var random = Random(UInt64(k))
        check(random.floats(rows * k, in: -2...3), rows: rows, levels: levels)
      }
    }
  }

  @Test(arguments: [127, 255]) func zeroIsExactAndTheEndsAreReached(levels: Int) {
    check([0, 0, 0, 0], rows: 1, levels: levels)
    check([5, 5, 5], rows: 1, levels: levels)
    check([-5, -5, -5], rows: 1, levels: levels)
    check([0, -3, 1, 0.5, -0.5, 1.5, 2.5], rows: 1, levels: levels)
    #expect(quantized([0, 1], levels: levels).values == [0, UInt8(levels)])
    #expect(quantized([-1, 0], levels: levels).values == [0, UInt8(levels)])
  }

  @Test(arguments: [127, 255]) func hugeAndTinyRowsStayFinite(levels: Int) {
    check([3e38, -1e37, 0], rows: 1, levels: levels)
    let (least, normal) = (Float.leastNonzeroMagnitude, Float.leastNormalMagnitude)
    check([7 * least, -7 * least, 0, 71_000 * least], rows: 1, levels: levels)
    check([normal * Float(levels), normal, 0], rows: 1, levels: levels)
  }

  /// What quantization is for: x comes back within half a step.
  @Test(arguments: [127, 255]) func dequantizedValuesAreHalfAStepAway(levels: Int) {
    var random = Random(8)
    let x = random.floats(997, in: -0.3...1.7)
    let (values, scale, zero) = quantized(x, levels: levels)
    check(x, rows: 1, levels: levels)
    for (value, x) in zip(values, x) {
      // The zero point is rounded too: another half step at the ends, where it is clamped.
      #expect(abs((Float(value) - zero) * scale - x) <= scale * 1.0001)
    }
  }
}

@Suite struct LayerNormTests {
  /// What to compute: with a residual of so many rows, float rows, integer rows.
  private struct Form {
    var residualRows = 0
    var keepsFloat = true
    var levels = 0
    var inPlace = false
  }

  private func check(
    rows: Int, d: Int, offset: Float = 0, range: ClosedRange<Float> = -1...1, epsilon: Float = 1e-5,
    _ form: Form = Form()
  ) {
    var random = Random(UInt64(rows * 1000 + d))
    let x = random.floats(rows * d, in: range).map { $0 + offset }
    let residual = random.floats(form.residualRows * d, in: range)
    let (gamma, beta) = (random.floats(d), random.floats(d))
    var (expected, bounds): ([Double], [Double]) = ([], [])
    for row in 0..<rows {
      let z = (0..<d).map { i -> Float in
        let r = form.residualRows == 0 ? 0 : residual[row % form.residualRows * d + i]
        return x[row * d + i] + r
      }.map(Double.init)
      let mean = z.reduce(0, +) / Double(d)
      let variance = z.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(d)
      let factor = 1 / (variance + Double(epsilon)).squareRoot()
      // The mean errs by d half-ulps of the mean magnitude, which each difference inherits; the
      // variance is a sum of d squares of such differences.
      let magnitude = z.reduce(0) { $0 + abs($1) } / Double(d)
      let meanError = (Double(d) + 1) * KernelTests.epsilon / 2 * magnitude
      let squares = z.reduce(0) { $0 + abs($1 - mean) } / Double(d)
      let varianceError =
        2 * meanError * squares + meanError * meanError
        + Double(d + 3) * KernelTests.epsilon / 2 * variance
      let factorError = varianceError / (variance + Double(epsilon)) / 2 + 2 * KernelTests.epsilon
      for i in 0..<d {
        let normal = (z[i] - mean) * factor
        let y = normal * Double(gamma[i]) + Double(beta[i])
        expected.append(y)
        let normalError =
          (meanError + KernelTests.epsilon * abs(z[i])) * factor + abs(normal) * factorError
        bounds.append(normalError * abs(Double(gamma[i])) + KernelTests.epsilon * abs(y) + 1e-30)
      }
    }
    let label = "[\(rows), \(d)], residual \(form.residualRows), levels \(form.levels)"
    everyWay(label) { run in
      let input = form.inPlace ? run.inout_(x) : run.input(x)
      let y = form.inPlace ? input : form.keepsFloat ? run.output(Float.self, rows * d) : nil
      let integers = form.levels > 0 ? run.output(UInt8.self, rows * d) : nil
      let scales = form.levels > 0 ? run.output(Float.self, rows * 2) : nil
      run.execute(
        CK_LAYER_NORM_F32,
        ck_layer_norm_f32_args(
          rows: rows, d: d, epsilon: epsilon, x: input,
          residual: form.residualRows > 0 ? UnsafePointer(run.input(residual)) : nil,
          residual_rows: form.residualRows, gamma: run.input(gamma), beta: run.input(beta), y: y,
          quantized: integers, quantized_rows: scales, levels: UInt32(form.levels),
          scratch: run.scratch(ck_layer_norm_scratch(d, run.threads))))
      if let y {
        expectClose(y.read(rows * d), expected, label) { bounds[$0] }
      }
      if let integers, let scales {
        // Quantization of what the kernel wrote, or of values so close that a step may differ.
        let float = y?.read(rows * d) ?? expected.map { Float($0) }
        for row in 0..<rows {
          let (values, scale, zero) = quantized(
            Array(float[row * d..<(row + 1) * d]), levels: form.levels)
          let found = (row * d..<(row + 1) * d).map { integers[$0] }
          if y != nil {
            #expect(found == values, "\(label)")
            #expect([scales[2 * row], scales[2 * row + 1]] == [scale, zero], "\(label)")
          } else {
            #expect(abs(scales[2 * row] - scale) <= scale * 1e-4, "\(label)")
            let near = zip(found, values).allSatisfy { abs(Int($0) - Int($1)) <= 1 }
            #expect(near, "\(label)")
          }
        }
      }
    }
  }

  @Test func matchesDoubleAroundVectorWidths() {
    for d in [1, 2, 7, 8, 9, 15, 16, 17, 31, 33, 64, 65] {
      for rows in [0, 1, 3, 5] { check(rows: rows, d: d) }
    }
    check(rows: 7, d: 768)
  }

  @Test func addsAResidualRepeatedOverRows() {
    for residualRows in [1, 2, 6] {
      check(rows: 6, d: 33, Form(residualRows: residualRows))
      check(rows: 6, d: 33, Form(residualRows: residualRows, inPlace: true))
    }
  }

  @Test(arguments: [127, 255]) func quantizesWithAndWithoutFloatRows(levels: Int) {
    for d in [1, 9, 16, 100, 768] {
      check(rows: 5, d: d, Form(levels: levels))
      check(rows: 5, d: d, Form(residualRows: 5, levels: levels))
      check(rows: 5, d: d, Form(residualRows: 5, keepsFloat: false, levels: levels))
      check(rows: 5, d: d, Form(keepsFloat: false, levels: levels))
    }
  }

  @Test func aConstantRowGivesBeta() {
    check(rows: 3, d: 20, range: 2...2)
  }

  @Test func aLargeMeanDoesNotCancelTheVariance() {
    check(rows: 2, d: 64, offset: 100)
  }

  @Test func hugeAndTinyRowsAreNormalised() {
    check(rows: 2, d: 24, range: -1e15...1e15)
    check(rows: 2, d: 24, range: -1e-10...1e-10, epsilon: 1e-12)
  }

  @Test func aNaNSpoilsItsRowOnly() {
    var x = [Float](repeating: 1, count: 27)
    for index in x.indices { x[index] = Float(index % 5) }
    x[13] = .nan
    everyWay("NaN in row 1") { run in
      let y = run.output(Float.self, 27)
      run.execute(
        CK_LAYER_NORM_F32,
        ck_layer_norm_f32_args(
          rows: 3, d: 9, epsilon: 1e-5, x: run.input(x), residual: nil, residual_rows: 0,
          gamma: run.input([Float](repeating: 1, count: 9)),
          beta: run.input([Float](repeating: 0, count: 9)), y: y, quantized: nil,
          quantized_rows: nil, levels: 0,
          scratch: run.scratch(ck_layer_norm_scratch(9, run.threads))))
      #expect(y.read(27).map { $0.isNaN ? 1 : 0 } == (0..<27).map { $0 / 9 == 1 ? 1 : 0 })
    }
  }
}

@Suite struct LayerNormGradientTests {
  private func check(rows: Int, d: Int) {
    var random = Random(UInt64(rows * 1000 + d + 1))
    let (x, dy, gamma) = (
      random.floats(rows * d, in: -2...2), random.floats(rows * d), random.floats(d)
    )
    let smallest = 1e-5
    var (dx, dxBounds): ([Double], [Double]) = ([], [])
    var dgamma = [Double](repeating: 0, count: d)
    var (dbeta, dgammaBounds, dbetaBounds) = (dgamma, dgamma, dgamma)
    for row in 0..<rows {
      let z = (0..<d).map { Double(x[row * d + $0]) }
      let slope = (0..<d).map { Double(dy[row * d + $0]) }
      let mean = z.reduce(0, +) / Double(d)
      let variance = z.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(d)
      let factor = 1 / (variance + smallest).squareRoot()
      let normal = z.map { ($0 - mean) * factor }
      let g = (0..<d).map { slope[$0] * Double(gamma[$0]) }
      let average = g.reduce(0, +) / Double(d)
      let along = zip(g, normal).reduce(0) { $0 + $1.0 * $1.1 } / Double(d)
      let sizes = zip(g, normal).reduce(0) { $0 + abs($1.0) * (1 + abs($1.1)) } / Double(d)
      // Every factor is a sum over d or a few operations on one; the error of the mean of values up to
      // 2 is divided by the deviation, which is what `factor` multiplies.
      let error = Double(2 * d + 12) * epsilon * (1 + 2 * factor)
      for i in 0..<d {
        dx.append(factor * (g[i] - average - normal[i] * along))
        dxBounds.append(error * factor * (abs(g[i]) + sizes * (1 + abs(normal[i]))))
        dgamma[i] += slope[i] * normal[i]
        dbeta[i] += slope[i]
        dgammaBounds[i] +=
          (error + Double(rows) * epsilon / 2) * abs(slope[i]) * (abs(normal[i]) + factor)
        dbetaBounds[i] += Double(rows) * epsilon / 2 * abs(slope[i])
      }
    }
    let label = "[\(rows), \(d)]"
    everyWay(label) { run in
      let out = run.output(Float.self, rows * d)
      let (outGamma, outBeta) = (run.output(Float.self, d), run.output(Float.self, d))
      run.execute(
        CK_LAYER_NORM_GRADIENT_F32,
        ck_layer_norm_gradient_f32_args(
          rows: rows, d: d, epsilon: Float(smallest), x: run.input(x), gamma: run.input(gamma),
          dy: run.input(dy), dx: out, dgamma: outGamma, dbeta: outBeta,
          scratch: run.scratch(ck_layer_norm_gradient_scratch(rows, d, run.threads))))
      if d > 1 { expectClose(out.read(rows * d), dx, "dx, \(label)") { dxBounds[$0] } }
      if d > 1 { expectClose(outGamma.read(d), dgamma, "dgamma, \(label)") { dgammaBounds[$0] } }
      expectClose(outBeta.read(d), dbeta, "dbeta, \(label)") { dbetaBounds[$0] }
    }
  }

  @Test func matchesDoubleAroundVectorAndBlockSizes() {
    for d in [1, 3, 7, 8, 9, 16, 17, 33, 96] {
      for rows in [0, 1, 3, 31, 32, 33, 70] { check(rows: rows, d: d) }
    }
  }
}
