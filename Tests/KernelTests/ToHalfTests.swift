import CKernels
import Testing

@Suite struct ToHalfTests {
  /// The finite numbers of 16 bits from 0 on, in their order.
  private static let numbers = (0..<UInt16(0x7c00)).map(half)

  private func check(_ x: [Float], _ expected: [UInt16], _ what: String) {
    everyWay(what) { run in
      let y = run.output(UInt16.self, x.count)
      run.execute(CK_TO_HALF_F32, ck_to_half_f32_args(count: x.count, x: run.input(x), y: y))
      for (index, found) in y.read(x.count).enumerated() where found != expected[index] {
        Issue.record("\(what): \(x[index]) is \(found), not \(expected[index])")
      }
    }
  }

  @Test func everyNumberIsItself() {
    check(Self.numbers, (0..<0x7c00).map { UInt16($0) }, "as it is")
    check(Self.numbers.map { -$0 }, (0..<0x7c00).map { UInt16($0 | 0x8000) }, "negative")
  }

  /// Halfway the even one, just beside it the nearer one.
  @Test func whatLiesBetweenIsRoundedToTheNearest() {
    let middles = zip(Self.numbers, Self.numbers.dropFirst()).map { ($0 + $1) / 2 }
    check(middles, (0..<0x7bff).map { UInt16($0 + $0 % 2) }, "halfway")
    check(middles.map(\.nextDown), (0..<0x7bff).map { UInt16($0) }, "just below")
    check(middles.map(\.nextUp), (0..<0x7bff).map { UInt16($0 + 1) }, "just above")
  }

  @Test func whatIsTooLargeIsTheLargest() {
    let large: [Float] = [65504, 65519, 65520, 1e9, .greatestFiniteMagnitude, .infinity]
    check(large, large.map { _ in 0x7bff }, "large")
    check(large.map { -$0 }, large.map { _ in 0xfbff }, "far below zero")
  }

  @Test func whatIsNoNumberStaysNone() {
    for count in [1, 7, 8, 9, 65] {
      everyWay("NaN, \(count)") { run in
        let y = run.scratch(UInt16.self, count)
        let x = run.input([Float](repeating: .nan, count: count))
        run.execute(CK_TO_HALF_F32, ck_to_half_f32_args(count: count, x: x, y: y))
        for bits in UnsafeBufferPointer(start: y, count: count) {
          #expect(half(bits).isNaN)
        }
      }
    }
  }

  @Test(arguments: [0, 1, 7, 8, 9, 63, 64, 65, 1000]) func lengthsAroundVectors(count: Int) {
    var random = Random(UInt64(count))
    let bits = random.halves(count)
    check(bits.map(half), bits, "\(count)")
  }
}
