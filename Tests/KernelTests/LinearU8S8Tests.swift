import CKernels
import Kernels
import Testing

/// Operands of an int8 product with their exact sums.
private struct Product {
  let m: Int
  let n: Int
  let k: Int
  let levels: UInt32
  let x: [UInt8]
  let w: [Int8]
  let rows: [Float]
  let wScales: [Float]

  init(
    m: Int, n: Int, k: Int, levels: UInt32, seed: UInt64 = 1, x: UInt8? = nil, w: Int8? = nil,
    zero: Float? = nil
  ) {
    var random = Random(seed)
    (self.m, self.n, self.k, self.levels) = (m, n, k, levels)
    self.x =
      x.map { [UInt8](repeating: $0, count: m * k) }
      ?? random.integers(m * k, in: 0...UInt8(levels))
    self.w = w.map { [Int8](repeating: $0, count: n * k) } ?? random.integers(n * k, in: -127...127)
    rows = (0..<m).flatMap { _ in
      [
        Float.random(in: 0.001...0.002, using: &random),
        zero ?? Float(Int.random(in: 0...Int(levels), using: &random)),
      ]
    }
    wScales = random.floats(n, in: 0.0005...0.001)
  }

  /// Σₖ (x - zero) w, exact, for one element.
  func sum(_ row: Int, _ column: Int) -> Int {
    var sum = 0
    let zero = Int(rows[2 * row + 1])
    for i in 0..<k { sum += (Int(x[row * k + i]) - zero) * Int(w[column * k + i]) }
    return sum
  }

  func check(_ form: EpilogueCase, elements: Int = .max) {
    var random = Random(99)
    let data = EpilogueData(form, m: m, n: n, &random)
    let (packed, columnSums) = Packing.packS8(w, rows: n, columns: k)
    let indices =
      m * n <= elements
      ? Array(0..<m * n) : (0..<elements).map { _ in Int.random(in: 0..<m * n, using: &random) }
    // float(sum) and the product of the scales round once each, and so does their product.
    let exact = indices.map { index in
      Double(sum(index / n, index % n))
        * (Double(rows[2 * (index / n)]) * Double(wScales[index % n]))
    }
    let expected = zip(exact, indices).map { data.value($0, $1) }
    let label = "[\(m), \(n), \(k)] of \(levels) levels"
    everyWay(label) { run in
      let (epilogue, read) = data.make(in: run)
      run.execute(
        CK_LINEAR_U8S8,
        ck_linear_u8s8_args(
          m: m, n: n, k: k, levels: levels, groups: 0, x: run.input(x), rows: run.input(rows),
          w: run.input(packed), column_sums: run.input(columnSums), w_scales: run.input(wScales),
          epilogue: epilogue))
      let result = read()
      expectClose(indices.map { result[$0] }, expected, label) { i in
        data.bound(exact[i], 1.5 * epsilon * abs(exact[i]), indices[i])
      }
    }
  }
}

@Suite struct LinearU8S8Tests {
  @Test(arguments: [127, 255] as [UInt32])
  func matchesIntegerSumsAroundVectorWidths(levels: UInt32) {
    for m in [0, 1, 2, 5, 6, 7, 8, 9, 13] {
      for n in [0, 1, 7, 8, 9, 15, 16, 17, 33] {
        for k in [1, 3, 4, 5, 31, 33] where (m + n + k).isMultiple(of: 2) || k == 1 {
          Product(m: m, n: n, k: k, levels: levels).check(EpilogueCase())
        }
      }
    }
  }

  @Test(arguments: [127, 255] as [UInt32])
  func aProductOfNoLengthIsBias(levels: UInt32) {
    Product(m: 3, n: 9, k: 0, levels: levels).check(EpilogueCase())
  }

  @Test(arguments: [127, 255] as [UInt32])
  func appliesEveryEpilogue(levels: UInt32) {
    for form in EpilogueCase.all + EpilogueCase.divisions(40) {
      Product(m: 11, n: 40, k: 96, levels: levels).check(form)
      Product(m: 2, n: 40, k: 96, levels: levels).check(form)
    }
  }

  @Test(arguments: [127, 255] as [UInt32])
  func extremeOperandsDoNotSaturate(levels: UInt32) {
    for w in [-127, 127] as [Int8] {
      for zero in [0, Float(levels)] {
        Product(m: 7, n: 17, k: 769, levels: levels, x: UInt8(levels), w: w, zero: zero)
          .check(EpilogueCase(hasBias: false))
      }
    }
  }

  /// 255 · 127 · 66000 is just below 2³¹.
  @Test func theLongestProductDoesNotOverflow() {
    Product(m: 1, n: 9, k: 66000, levels: 255, x: 255, w: -127, zero: 0).check(
      EpilogueCase(hasBias: false))
    Product(m: 9, n: 8, k: 66000, levels: 255, x: 0, w: -127, zero: 255).check(
      EpilogueCase(hasBias: false))
  }

  @Test(arguments: [(197, 768, 768), (130, 200, 3072), (4, 1000, 768)])
  func matchesAtTheShapesOfTheModels(m: Int, n: Int, k: Int) {
    Product(m: m, n: n, k: k, levels: 127).check(EpilogueCase(), elements: 1000)
  }

  @Test func packingPlacesEveryWeightOnceAndAddsUpRows() {
    for (n, k) in [(1, 1), (8, 4), (9, 5), (17, 31), (3, 0), (0, 3)] {
      var random = Random(5)
      let w: [Int8] = random.integers(n * k, in: -127...127)
      let (packed, sums) = Packing.packS8(w, rows: n, columns: k)
      let groups = (k + 3) / 4
      #expect(packed.count == (n + 7) / 8 * groups * 32)
      var expected = [Int8](repeating: 0, count: packed.count)
      for row in 0..<n {
        for i in 0..<k {
          expected[((row / 8 * groups + i / 4) * 8 + row % 8) * 4 + i % 4] = w[row * k + i]
        }
      }
      #expect(packed == expected)
      #expect(
        sums == (0..<n).map { row in w[row * k..<(row + 1) * k].reduce(0) { $0 + Int32($1) } })
    }
  }
}
