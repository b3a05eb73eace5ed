import CKernels
import Testing

/// Row-major strides.
func denseStrides(_ lengths: [Int]) -> [Int] {
  lengths.indices.map { lengths[($0 + 1)...].reduce(1, *) }
}

/// Every index under `lengths`, in row-major order.
func indices(_ lengths: [Int]) -> [[Int]] {
  lengths.reduce([[]]) { prefixes, length in
    prefixes.flatMap { prefix in (0..<length).map { prefix + [$0] } }
  }
}

func offset(_ index: [Int], _ strides: [Int]) -> Int {
  zip(index, strides).reduce(0) { $0 + $1.0 * $1.1 }
}

/// An array field of a C struct.
func axes(_ values: [Int]) -> (Int, Int, Int, Int, Int, Int) {
  let v = values + [Int](repeating: 0, count: 6 - values.count)
  return (v[0], v[1], v[2], v[3], v[4], v[5])
}

@Suite struct BinaryTests {
  /// Lengths of the result and which axes of a and b are repeated.
  private struct Form {
    var lengths: [Int]
    var a: [Bool]
    var b: [Bool]
  }

  private static let forms: [Form] = {
    var forms: [Form] = [Form(lengths: [], a: [], b: [])]
    for n in [0, 1, 7, 8, 9, 33, 10_000] {
      forms.append(Form(lengths: [n], a: [false], b: [false]))
      forms.append(Form(lengths: [3, n], a: [false, false], b: [true, false]))
      forms.append(Form(lengths: [n, 3], a: [true, false], b: [false, false]))
      forms.append(Form(lengths: [n], a: [false], b: [true]))
    }
    forms.append(Form(lengths: [5, 9], a: [false, true], b: [true, false]))
    forms.append(
      Form(lengths: [2, 3, 4, 5], a: [false, true, false, true], b: [true, false, true, false]))
    forms.append(
      Form(
        lengths: [2, 1, 3, 1, 2, 9], a: [false, true, false, false, true, false],
        b: [true, true, true, true, true, true]))
    return forms
  }()

  private func strides(_ lengths: [Int], _ repeats: [Bool]) -> (strides: [Int], count: Int) {
    let kept = zip(lengths, repeats).map { $1 ? 1 : $0 }
    let strides = zip(denseStrides(kept), repeats).map { $1 ? 0 : $0 }
    return (strides, kept.reduce(1, *))
  }

  @Test(arguments: [CK_BINARY_ADD.rawValue, CK_BINARY_MULTIPLY.rawValue])
  func combinesUnderBroadcasting(op: UInt32) {
    let op = ck_binary(op)
    for form in Self.forms {
      let (aStrides, aCount) = strides(form.lengths, form.a)
      let (bStrides, bCount) = strides(form.lengths, form.b)
      var random = Random(4)
      let (a, b) = (random.floats(aCount), random.floats(bCount))
      let expected = indices(form.lengths).map { index in
        let (x, y) = (a[offset(index, aStrides)], b[offset(index, bStrides)])
        return op == CK_BINARY_ADD ? x + y : x * y
      }
      everyWay("\(form)") { run in
        let y = run.output(Float.self, expected.count)
        run.execute(
          CK_BINARY_F32,
          ck_binary_f32_args(
            op: op, rank: form.lengths.count, lengths: axes(form.lengths),
            a_strides: axes(aStrides), b_strides: axes(bStrides), a: run.input(a),
            b: run.input(b), y: y))
        #expect(y.read(expected.count) == expected, "\(form)")
      }
    }
  }

  @Test func theResultMayReplaceADenseOperand() {
    var random = Random(5)
    let (a, b) = (random.floats(4 * 33), random.floats(33))
    let expected = a.indices.map { a[$0] + b[$0 % 33] }
    everyWay("in place") { run in
      let y = run.inout_(a)
      run.execute(
        CK_BINARY_F32,
        ck_binary_f32_args(
          op: CK_BINARY_ADD, rank: 2, lengths: axes([4, 33]), a_strides: axes([33, 1]),
          b_strides: axes([0, 1]), a: y, b: run.input(b), y: y))
      #expect(y.read(a.count) == expected)
    }
  }

  @Test func specialValuesFollowIEEE() {
    let a: [Float] = [.infinity, .infinity, 0, .greatestFiniteMagnitude, .nan]
    let b: [Float] = [-.infinity, 0, -.infinity, .greatestFiniteMagnitude, 1]
    everyWay("special") { run in
      for op in [CK_BINARY_ADD, CK_BINARY_MULTIPLY] {
        let y = run.output(Float.self, 5)
        run.execute(
          CK_BINARY_F32,
          ck_binary_f32_args(
            op: op, rank: 1, lengths: axes([5]), a_strides: axes([1]), b_strides: axes([1]),
            a: run.input(a), b: run.input(b), y: y))
        let expected = zip(a, b).map { op == CK_BINARY_ADD ? $0 + $1 : $0 * $1 }
        #expect(mismatch(y.read(5), expected.map(Double.init)) { _ in 0 } == nil)
      }
    }
  }
}

@Suite struct ScaleAndFillTests {
  private static let counts = [0, 1, 7, 8, 9, 63, 64, 65, 1000]

  @Test func scaleMultipliesEveryElement() {
    for count in Self.counts {
      var random = Random(UInt64(count))
      let x = random.floats(count)
      everyWay("\(count)") { run in
        let (y, z) = (run.output(Float.self, count), run.inout_(x))
        run.execute(
          CK_SCALE_F32, ck_scale_f32_args(count: count, factor: 0.3, x: run.input(x), y: y))
        run.execute(CK_SCALE_F32, ck_scale_f32_args(count: count, factor: 0.3, x: z, y: z))
        #expect(y.read(count) == x.map { $0 * 0.3 })
        #expect(z.read(count) == x.map { $0 * 0.3 })
      }
    }
  }

  @Test func fillWritesEveryElement() {
    for count in Self.counts {
      everyWay("\(count)") { run in
        let y = run.output(Float.self, count)
        run.execute(CK_FILL_F32, ck_fill_f32_args(count: count, value: -2.5, y: y))
        #expect(y.read(count) == [Float](repeating: -2.5, count: count))
      }
    }
  }
}

@Suite struct DropoutTests {
  /// The choice of the graph's docstring.
  private func keeps(_ index: Int, rate: Float, seed: Int32, salt: UInt32) -> Bool {
    var h =
      UInt32(truncatingIfNeeded: index) &* 0x9E37_79B9
      ^ (UInt32(bitPattern: seed) &* 0x85EB_CA6B &+ salt &* 0xC2B2_AE35)
    h ^= h >> 16
    h = h &* 0x85EB_CA6B
    h ^= h >> 13
    h = h &* 0xC2B2_AE35
    h ^= h >> 16
    return h >> 8 >= UInt32(rate * 0x1p24)
  }

  @Test(arguments: [0, 0.1, 0.5, 0.999] as [Float]) func keepsWhatTheHashSays(rate: Float) {
    for (count, seed, salt) in [(0, 1, 1), (1, -5, 2), (9, 0, 0), (1000, 123_456_789, 77)] {
      var random = Random(UInt64(count))
      let x = random.floats(count, in: 1...2)
      let factor = Float(1 / (1 - Double(rate)))
      let expected = x.indices.map { index in
        keeps(index, rate: rate, seed: Int32(seed), salt: UInt32(salt)) ? x[index] * factor : 0
      }
      everyWay("\(count) at \(rate)") { run in
        let (y, z) = (run.output(Float.self, count), run.inout_(x))
        let seeds = run.input([Int32(seed)])
        for (from, to) in [(run.input(x), y), (z, z)] {
          run.execute(
            CK_DROPOUT_F32,
            ck_dropout_f32_args(
              count: count, rate: rate, salt: UInt32(salt), seed: seeds, x: from, y: to))
        }
        #expect(y.read(count) == expected)
        #expect(z.read(count) == expected)
      }
    }
  }

  @Test func dropsAboutTheShareItIsAskedTo() {
    let count = 100_000
    everyWay("share") { run in
      let y = run.output(Float.self, count)
      run.execute(
        CK_DROPOUT_F32,
        ck_dropout_f32_args(
          count: count, rate: 0.1, salt: 9, seed: run.input([42]),
          x: run.input([Float](repeating: 1, count: count)), y: y))
      // Six standard deviations of a binomial count.
      let dropped = y.read(count).filter { $0 == 0 }.count
      #expect(abs(Double(dropped) - 10_000) < 6 * 9000.0.squareRoot())
    }
  }
}
