import CKernels
import Kernels
import Testing

/// Operands of a product by four-bit weights, and its exact sums.
private struct FourBitProduct {
  let m: Int
  let n: Int
  let k: Int
  let x: [UInt8]
  /// multiplier · q.
  let w: [Int8]
  let rows: [Float]
  let wScales: [Float]

  /// With `extreme`, the largest x and the weights that reach furthest, of one sign each row.
  init(m: Int, n: Int, k: Int, seed: UInt64 = 1, levels: UInt8 = 255, extreme: Bool = false) {
    var random = Random(seed)
    (self.m, self.n, self.k) = (m, n, k)
    x = extreme ? .init(repeating: levels, count: m * k) : random.integers(m * k, in: 0...levels)
    var w: [Int8] = []
    for row in 0..<n {
      for _ in 0..<k / 32 {
        let multiplier = extreme ? 15 : Int8.random(in: 1...15, using: &random)
        w += (0..<32).map { _ in
          let q =
            extreme ? (row.isMultiple(of: 2) ? -8 : 7) : Int8.random(in: -8...7, using: &random)
          return multiplier * q
        }
      }
    }
    self.w = w
    rows = (0..<m).flatMap { _ in
      [
        Float.random(in: 0.001...0.002, using: &random),
        Float(Int.random(in: 0...Int(levels), using: &random)),
      ]
    }
    wScales = random.floats(n, in: 0.0005...0.001)
  }

  func check(_ form: EpilogueCase) throws {
    var random = Random(99)
    let data = EpilogueData(form, m: m, n: n, &random)
    let (packed, columnSums) = try #require(Packing.packS4(w, rows: n, columns: k))
    let exact = (0..<m * n).map { index in
      let (row, column) = (index / n, index % n)
      let sum = (0..<k).reduce(0) { sum, i in
        sum + (Int(x[row * k + i]) - Int(rows[2 * row + 1])) * Int(w[column * k + i])
      }
      return Double(sum) * (Double(rows[2 * row]) * Double(wScales[column]))
    }
    let expected = exact.enumerated().map { data.value($1, $0) }
    let label = "[\(m), \(n), \(k)] of four bits"
    everyWay(label) { run in
      let (epilogue, read) = data.make(in: run)
      let bytes = run.input(packed)
      bytes.withMemoryRebound(to: Int8.self, capacity: packed.count) { bytes in
        run.execute(
          CK_LINEAR_U8S4,
          ck_linear_u8s8_args(
            m: m, n: n, k: k, groups: 0, x: run.input(x), rows: run.input(rows), w: bytes,
            column_sums: run.input(columnSums), w_scales: run.input(wScales), epilogue: epilogue))
      }
      // float(sum) and the product of the scales round once each, and so does their product.
      expectClose(read(), expected, label) { i in
        data.bound(exact[i], 1.5 * epsilon * abs(exact[i]), i)
      }
    }
  }
}

@Suite struct LinearU8S4Tests {
  @Test func matchesIntegerSumsAroundVectorWidths() throws {
    for m in [0, 1, 2, 3, 4, 5, 8, 9] {
      for n in [0, 1, 7, 8, 9, 17, 33, 65] {
        for k in [0, 32, 64, 96] { try FourBitProduct(m: m, n: n, k: k).check(EpilogueCase()) }
      }
    }
  }

  @Test func appliesEveryEpilogue() throws {
    for form in EpilogueCase.all + EpilogueCase.divisions(40) {
      for m in [2, 11] { try FourBitProduct(m: m, n: 40, k: 96, levels: 127).check(form) }
    }
  }

  /// Sums in 16 bits reach 32640 of 32767.
  @Test func extremeOperandsDoNotSaturate() throws {
    for k in [32, 768, 4096] {
      try FourBitProduct(m: 5, n: 9, k: k, extreme: true).check(EpilogueCase(hasBias: false))
    }
  }

  @Test func packingPlacesEveryWeightAndAddsUpRows() throws {
    let product = FourBitProduct(m: 1, n: 11, k: 64)
    let (packed, sums) = try #require(Packing.packS4(product.w, rows: 11, columns: 64))
    #expect(packed.count == 2 * 2 * (8 + 128))
    for row in 0..<16 {
      var sum: Int32 = 0
      for i in 0..<64 {
        let group = (row / 8 * 2 + i / 32) * 136
        let both = packed[group + 8 + i % 32 / 8 * 32 + row % 8 * 4 + i % 4]
        let half = i % 8 < 4 ? both & 15 : both >> 4
        let value = (Int(half) - 8) * Int(packed[group + row % 8])
        #expect(value == (row < 11 ? Int(product.w[row * 64 + i]) : 0))
        sum += Int32(value)
      }
      if row < 11 { #expect(sums[row] == sum) }
    }
  }

  @Test func whatFourBitsCannotHoldIsNotPacked() {
    for (values, fits) in [([7, -8], true), ([8, 0], true), ([9, 1], false), ([-9, 7], false)]
      as [([Int8], Bool)]
    {
      let row = values + .init(repeating: 0, count: 30)
      #expect((Packing.packS4(row, rows: 1, columns: 32) != nil) == fits, "\(values)")
    }
  }
}
