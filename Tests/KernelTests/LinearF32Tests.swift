import CKernels
import Kernels
import Testing

/// Σₖ x[m, k] w[n, k] in double, and Σₖ |x w|.
private func products(
  _ x: [Float], _ w: [Float], m: Int, n: Int, k: Int
) -> (sums: [Double], magnitudes: [Double]) {
  var sums = [Double](repeating: 0, count: m * n)
  var magnitudes = sums
  x.withUnsafeBufferPointer { x in
    w.withUnsafeBufferPointer { w in
      for row in 0..<m {
        for column in 0..<n {
          var (sum, magnitude) = (0.0, 0.0)
          for i in 0..<k {
            let product = Double(x[row * k + i]) * Double(w[column * k + i])
            sum += product
            magnitude += abs(product)
          }
          sums[row * n + column] = sum
          magnitudes[row * n + column] = magnitude
        }
      }
    }
  }
  return (sums, magnitudes)
}

@Suite struct LinearF32Tests {
  private func check(_ m: Int, _ n: Int, _ k: Int, _ form: EpilogueCase) {
    var random = Random(UInt64(m * 7919 + n * 31 + k))
    let (x, w) = (random.floats(m * k), random.floats(n * k))
    let data = EpilogueData(form, m: m, n: n, &random)
    let (sums, magnitudes) = products(x, w, m: m, n: n, k: k)
    let expected = sums.indices.map { data.value(sums[$0], $0) }
    let label = "[\(m), \(n), \(k)]"
    everyWay(label) { run in
      let (epilogue, read) = data.make(in: run)
      run.execute(
        CK_LINEAR_F32,
        ck_linear_f32_args(
          m: m, n: n, k: k, x: run.input(x), w: run.input(w), epilogue: epilogue,
          scratch: run.scratch(ck_linear_f32_scratch(m, n, k, run.threads))))
      expectClose(read(), expected, label) { i in
        // Any order of k additions errs by at most k half-ulps of the sum of magnitudes.
        data.bound(sums[i], Double(k) * epsilon / 2 * magnitudes[i], i)
      }
    }
  }

  @Test func matchesSumsAroundVectorWidths() {
    for m in [0, 1, 3, 4, 5, 15, 16, 17, 33, 50] {
      for n in [0, 1, 7, 8, 9, 16, 17, 33] {
        for k in [1, 7, 8, 9, 33] where (m + n + k).isMultiple(of: 2) {
          check(m, n, k, EpilogueCase())
        }
      }
    }
  }

  @Test func aProductOfNoLengthIsBias() {
    check(3, 9, 0, EpilogueCase())
    check(40, 9, 0, EpilogueCase())
  }

  @Test func appliesEveryEpilogue() {
    // With an activation a residual lies apart.
    let forms = EpilogueCase.all.filter {
      $0.residualRows != 0 || $0.activation == CK_ACTIVATION_NONE
    }
    for form in forms + EpilogueCase.divisions(40) {
      for m in [1, 3, 20, 70] { check(m, 40, 96, form) }
    }
  }

  @Test func matchesAtTheShapesOfTheModels() {
    check(197, 96, 768, EpilogueCase())
    check(4, 384, 768, EpilogueCase())
  }

  /// Around the sizes of blocks: 192 rows, 256 columns, sums of 256.
  @Test func matchesAroundBlocks() {
    for (m, n, k) in [(191, 31, 255), (193, 257, 257), (200, 300, 1), (17, 513, 513)] {
      for form in [EpilogueCase(residualRows: 0), EpilogueCase(activation: CK_ACTIVATION_GELU_ERF)]
      {
        check(m, n, k, form)
      }
    }
  }

  /// A row's result does not depend on the rows computed with it, nor on whether its residual lies in
  /// the result.
  @Test func rowsAndPlacesChangeNoBit() {
    let (n, k) = (50, 300)
    var random = Random(1)
    let (x, w) = (random.floats(230 * k), random.floats(n * k))
    let (bias, residual) = (random.floats(n), random.floats(230 * n))
    func rows(_ m: Int, inPlace: Bool) -> [Float] {
      let run = Run(isa: .best, threads: 2)
      let y = inPlace ? run.inout_(residual) : run.output(Float.self, 230 * n)
      var epilogue = ck_epilogue()
      epilogue.bias = UnsafePointer(run.input(bias))
      epilogue.residual = UnsafePointer(inPlace ? y : run.input(residual))
      epilogue.residual_rows = m
      epilogue.split_count = 1
      epilogue.split_columns.0 = n
      epilogue.results.0 = y
      run.execute(
        CK_LINEAR_F32,
        ck_linear_f32_args(
          m: m, n: n, k: k, x: run.input(x), w: run.input(w), epilogue: epilogue,
          scratch: run.scratch(ck_linear_f32_scratch(m, n, k, 2))))
      return y.read(17 * n)
    }
    let expected = rows(17, inPlace: false)
    for m in [17, 100, 230] {
      for inPlace in [false, true] {
        #expect(rows(m, inPlace: inPlace) == expected, "\(m) rows, in place: \(inPlace)")
      }
    }
  }
}

@Suite struct MatMulF32Tests {
  private struct Operand {
    let transposed: Bool
    let rows: Int
    let columns: Int

    /// Element (row, column) of the untransposed matrix within one batch.
    func index(_ row: Int, _ column: Int) -> Int {
      transposed ? column * rows + row : row * columns + column
    }
  }

  private func check(
    batch: Int, _ m: Int, _ n: Int, _ k: Int, transposeA: Bool, transposeB: Bool, sharesB: Bool
  ) {
    var random = Random(UInt64(batch + m * 100 + n * 10_000 + k))
    let (a, b) = (random.floats(batch * m * k), random.floats((sharesB ? 1 : batch) * k * n))
    let left = Operand(transposed: transposeA, rows: m, columns: k)
    let right = Operand(transposed: transposeB, rows: k, columns: n)
    var (expected, magnitudes): ([Double], [Double]) = ([], [])
    for z in 0..<batch {
      for row in 0..<m {
        for column in 0..<n {
          let products = (0..<k).map {
            Double(a[z * m * k + left.index(row, $0)])
              * Double(b[(sharesB ? 0 : z * k * n) + right.index($0, column)])
          }
          expected.append(products.reduce(0, +))
          magnitudes.append(products.reduce(0) { $0 + abs($1) })
        }
      }
    }
    let label = "[\(batch), \(m), \(n), \(k)], \(transposeA), \(transposeB), \(sharesB)"
    everyWay(label) { run in
      let c = run.output(Float.self, batch * m * n)
      run.execute(
        CK_MATMUL_F32,
        ck_matmul_f32_args(
          batch: batch, m: m, n: n, k: k, transpose_a: transposeA ? 1 : 0,
          transpose_b: transposeB ? 1 : 0, a: run.input(a), a_batch_stride: m * k,
          b: run.input(b), b_batch_stride: sharesB ? 0 : k * n, c: c,
          scratch: run.scratch(
            ck_matmul_f32_scratch(m, n, k, transposeA ? 1 : 0, run.threads))))
      expectClose(c.read(expected.count), expected, label) {
        Double(k) * epsilon / 2 * magnitudes[$0]
      }
    }
  }

  @Test(arguments: [false, true], [false, true])
  func matchesSumsForEveryTransposition(transposeA: Bool, transposeB: Bool) {
    for sharesB in [false, true] {
      for (batch, m, n, k) in [(1, 1, 1, 1), (1, 33, 17, 9), (2, 7, 8, 15), (5, 16, 3, 31)] {
        check(
          batch: batch, m, n, k, transposeA: transposeA, transposeB: transposeB, sharesB: sharesB)
      }
    }
  }

  /// Around the sizes of blocks: 192 rows, 256 columns, sums of 256.
  @Test(arguments: [false, true], [false, true])
  func matchesAroundBlocks(transposeA: Bool, transposeB: Bool) {
    for (batch, m, n, k) in [(1, 193, 31, 257), (1, 50, 257, 300), (3, 20, 24, 9)] {
      check(batch: batch, m, n, k, transposeA: transposeA, transposeB: transposeB, sharesB: false)
    }
  }

  @Test func emptyProductsAreEmptyOrZero() {
    check(batch: 2, 3, 4, 0, transposeA: false, transposeB: false, sharesB: false)
    check(batch: 0, 3, 4, 5, transposeA: false, transposeB: false, sharesB: false)
    check(batch: 1, 0, 4, 5, transposeA: false, transposeB: true, sharesB: false)
    check(batch: 1, 4, 0, 5, transposeA: true, transposeB: true, sharesB: false)
  }
}
