import CKernels
import Kernels
import Testing

/// What x and w of an int8 product can be, and the runs of blocks that it is safe to promise for them.
struct QuantizedRange: CustomTestStringConvertible {
  /// The largest x.
  let levels: UInt8
  /// See `ck_linear_u8s8_args`.
  let groups: UInt32

  /// The largest magnitude of w: two products per block, `groups` blocks in an int16.
  var magnitude: Int8 {
    groups == 0 ? 127 : Int8(min(127, 32767 / (2 * Int(groups) * Int(levels))))
  }

  var testDescription: String { "\(levels) levels, runs of \(groups)" }

  static let all = [
    QuantizedRange(levels: 127, groups: 1), QuantizedRange(levels: 127, groups: 2),
    QuantizedRange(levels: 127, groups: 4), QuantizedRange(levels: 127, groups: 8),
    QuantizedRange(levels: 255, groups: 0), QuantizedRange(levels: 255, groups: 1),
    QuantizedRange(levels: 255, groups: 2), QuantizedRange(levels: 255, groups: 4),
  ]
}

/// Operands of an int8 product with their exact sums.
private struct Product {
  let m: Int
  let n: Int
  let k: Int
  let range: QuantizedRange
  let x: [UInt8]
  let w: [Int8]
  let rows: [Float]
  let wScales: [Float]

  init(
    m: Int, n: Int, k: Int, _ range: QuantizedRange, seed: UInt64 = 1, x: UInt8? = nil,
    w: Int8? = nil,
    zero: Float? = nil
  ) {
    var random = Random(seed)
    (self.m, self.n, self.k, self.range) = (m, n, k, range)
    self.x =
      x.map { [UInt8](repeating: $0, count: m * k) }
      ?? random.integers(m * k, in: 0...range.levels)
    self.w =
      w.map { [Int8](repeating: $0, count: n * k) }
      ?? random.integers(n * k, in: -range.magnitude...range.magnitude)
    rows = (0..<m).flatMap { _ in
      [
        Float.random(in: 0.001...0.002, using: &random),
        zero ?? Float(Int.random(in: 0...Int(range.levels), using: &random)),
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
    let label = "[\(m), \(n), \(k)] of \(range.testDescription)"
    everyWay(label) { run in
      let (epilogue, read) = data.make(in: run)
      run.execute(
        CK_LINEAR_U8S8,
        ck_linear_u8s8_args(
          m: m, n: n, k: k, groups: range.groups, x: run.input(x), rows: run.input(rows),
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
  @Test(arguments: QuantizedRange.all)
  func matchesIntegerSumsAroundVectorWidths(range: QuantizedRange) {
    for m in [0, 1, 2, 5, 6, 7, 8, 9, 10, 11, 12, 13, 23] {
      for n in [0, 1, 7, 8, 9, 15, 16, 17, 31, 32, 33, 65] {
        for k in [1, 3, 4, 5, 12, 16, 31, 33] where (m + n + k).isMultiple(of: 3) || k == 1 {
          Product(m: m, n: n, k: k, range).check(EpilogueCase())
        }
      }
    }
  }

  @Test(arguments: QuantizedRange.all)
  func aProductOfNoLengthIsBias(range: QuantizedRange) {
    Product(m: 3, n: 9, k: 0, range).check(EpilogueCase())
  }

  @Test(arguments: QuantizedRange.all)
  func appliesEveryEpilogue(range: QuantizedRange) {
    for form in EpilogueCase.all + EpilogueCase.divisions(40) {
      Product(m: 11, n: 40, k: 96, range).check(form)
      Product(m: 2, n: 40, k: 96, range).check(form)
    }
  }

  @Test(arguments: QuantizedRange.all)
  func extremeOperandsDoNotSaturate(range: QuantizedRange) {
    for w in [-range.magnitude, range.magnitude] {
      for zero in [0, Float(range.levels)] {
        for m in [7, 13] {
          Product(m: m, n: 33, k: 769, range, x: range.levels, w: w, zero: zero)
            .check(EpilogueCase(hasBias: false))
        }
      }
    }
  }

  /// 255 · 127 · 66000 is just below 2³¹.
  @Test func theLongestProductDoesNotOverflow() {
    let range = QuantizedRange(levels: 255, groups: 0)
    Product(m: 1, n: 9, k: 66000, range, x: 255, w: -127, zero: 0).check(
      EpilogueCase(hasBias: false))
    Product(m: 9, n: 8, k: 66000, range, x: 0, w: -127, zero: 255).check(
      EpilogueCase(hasBias: false))
  }

  @Test(arguments: [(197, 768, 768), (130, 200, 3072), (4, 1000, 768)])
  func matchesAtTheShapesOfTheModels(m: Int, n: Int, k: Int) {
    for groups in [1, 2, 4] as [UInt32] {
      Product(m: m, n: n, k: k, QuantizedRange(levels: 127, groups: groups))
        .check(EpilogueCase(), elements: 1000)
    }
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
