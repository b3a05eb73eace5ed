import CKernels
import Reference
import Testing

@Suite struct AttentionU8S8Tests {
  /// Sizes around vectors, words of four keys, runs of four words, tiles of 4, 6, 8 and 12 rows, and
  /// blocks of 24 queries.
  static let sizes =
    AttentionCase.sizes + [
      AttentionCase(queries: 13, keys: 4, width: 16),
      AttentionCase(queries: 24, keys: 31, heads: 2, width: 12),
      AttentionCase(batch: 2, queries: 25, keys: 32, heads: 2, width: 20),
      AttentionCase(queries: 48, keys: 63, width: 64),
      AttentionCase(queries: 3, keys: 65, width: 40),
      AttentionCase(queries: 8, keys: 1182, width: 64),
    ]

  private func run(
    _ form: AttentionCase, q: [Float], k: [Float], v: [Float], _ check: ([Float]) -> Void
  ) {
    everyWay(form.label) { run in
      let y = run.output(Float.self, q.count)
      let scratch = ck_attention_u8s8_scratch(form.keys, form.width, run.threads)
      run.execute(
        CK_ATTENTION_U8S8,
        ck_attention_u8s8_args(
          batch: form.batch, queries: form.queries, keys: form.keys, heads: form.heads,
          head_width: form.width, scale: form.scale, q: run.input(q), k: run.input(k),
          v: run.input(v), y: y, scratch: run.scratch(scratch)))
      check(y.read(q.count))
    }
  }

  /// What one head makes of one query, and how far a kernel may be from it, by column.
  ///
  /// Integers are exact but for probabilities whose power is within its error, 1e-4 of itself, of a half:
  /// those may be rounded either way, and one more or less moves the mean of the values by their distance
  /// to it, divided by the sum. The rest are five roundings of floats.
  private func expected(
    _ head: QuantizedHead, _ q: [Float], scale: Float
  ) -> [(value: Double, bound: Double)] {
    let powers = head.powers(q, scale: scale)
    let uncertain = powers.indices.filter {
      abs(powers[$0] - powers[$0].rounded(.down) - 0.5) <= 1e-4 * powers[$0]
    }
    let sum = powers.reduce(0) { $0 + $1.rounded(.toNearestOrEven) }
    return zip(head.mixed(powers), head.columns.indices).map { value, index in
      let column = head.columns[index]
      let mean = Double(head.valueMeans[index])
      let moved = uncertain.reduce(0.0) {
        $0 + abs(column.values[$1] * Double(column.scale) - (value - mean))
      }
      let rounding = 5 * epsilon / 2 * (abs(value - mean) + abs(mean))
      return (value, moved / (sum - Double(uncertain.count)) + rounding)
    }
  }

  private func check(_ form: AttentionCase, offset: Float = 0) {
    var random = Random(UInt64(form.queries * 100 + form.keys))
    let q = random.floats(form.batch * form.queries * form.d, in: form.range)
    let shift = { (x: [Float]) in x.indices.map { x[$0] + ($0 % 3 == 0 ? offset : 0) } }
    let k = shift(random.floats(form.batch * form.keys * form.d, in: form.range))
    let v = shift(random.floats(form.batch * form.keys * form.d))
    var values = [Double](repeating: 0, count: q.count)
    var bounds = values
    for batch in 0..<form.batch {
      for head in 0..<form.heads {
        func rows(_ x: [Float], _ count: Int) -> [[Float]] {
          (0..<count).map { Array(headColumns(x, form, rows: count, batch, $0, head)) }
        }
        let packed = QuantizedHead(keys: rows(k, form.keys), values: rows(v, form.keys))
        for (query, row) in rows(q, form.queries).enumerated() {
          let start = (batch * form.queries + query) * form.d + head * form.width
          for (column, found) in expected(packed, row, scale: form.scale).enumerated() {
            (values[start + column], bounds[start + column]) = (found.value, found.bound)
          }
        }
      }
    }
    run(form, q: q, k: k, v: v) { y in expectClose(y, values, form.label) { bounds[$0] } }
  }

  @Test(arguments: sizes) func matchesTheFormula(form: AttentionCase) { check(form) }

  @Test func largeScoresLeaveOneKey() {
    check(AttentionCase(queries: 9, keys: 33, width: 16, scale: 1, range: -30...30))
  }

  @Test func columnsFarFromZeroCostNothing() {
    check(AttentionCase(queries: 9, keys: 66, width: 16), offset: 50)
  }

  /// The largest values of either sign everywhere: the sums of eight products that meet in an int16 are
  /// at their bound, where one more would make AVX2 saturate.
  @Test func extremesDoNotOverflow() {
    let form = AttentionCase(queries: 17, keys: 64, width: 64, scale: 0.01)
    let columns = form.keys * form.width
    // Signs that centering leaves alone: as many of either per column.
    let blocks = (0..<columns).map { ($0 / form.width / 16 + $0 % form.width / 16) % 2 == 0 }
    let x = blocks.map { $0 ? Float(3) : -3 }
    for q: Float in [1, -1] {
      let rows = [Float](repeating: q, count: form.queries * form.width)
      // Away from zero, which all results would be.
      let v = x.map { $0 + 5 }
      func divided(_ x: [Float]) -> [[Float]] {
        (0..<form.keys).map { Array(x[$0 * form.width..<($0 + 1) * form.width]) }
      }
      let packed = QuantizedHead(keys: divided(x), values: divided(v))
      let wanted = expected(packed, Array(rows[..<form.width]), scale: form.scale)
      run(form, q: rows, k: x, v: v) { y in
        expectClose(y, (0..<y.count).map { wanted[$0 % form.width].value }, "extremes") {
          wanted[$0 % form.width].bound
        }
      }
    }
  }

  /// Numbers of any kind, in any place, give the same bits everywhere, and never more than a NaN.
  @Test(arguments: [Float.nan, .infinity, -.infinity, 3e38, -.leastNonzeroMagnitude])
  func whatIsNoNumberGivesTheSameEverywhere(value: Float) {
    let form = AttentionCase(queries: 13, keys: 37, heads: 2, width: 9)
    var random = Random(7)
    let clean = (0..<3).map { random.floats(($0 == 0 ? form.queries : form.keys) * form.d) }
    for spoiled in 0..<3 {
      for index in [0, 5, clean[spoiled].count - 1] {
        var x = clean
        x[spoiled][index] = value
        run(form, q: x[0], k: x[1], v: x[2]) { y in
          // The other head does not see it.
          let other = (0..<form.queries).flatMap { row in
            (0..<form.width).map { column in
              y[row * form.d + (index % form.d < form.width ? form.width : 0) + column]
            }
          }
          let isFinite = other.allSatisfy(\.isFinite)
          #expect(isFinite)
        }
      }
    }
  }

  @Test func noQueriesGiveNothing() {
    check(AttentionCase(queries: 0, keys: 3, width: 4))
    check(AttentionCase(batch: 0, queries: 2, keys: 3, width: 4))
  }
}
