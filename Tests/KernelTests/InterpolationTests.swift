import CKernels
import Testing

@Suite struct InterpolationTests {
  struct Case: Sendable {
    var source: (Int, Int)
    var result: (Int, Int)
  }

  static let cases = [
    Case(source: (3, 2), result: (5, 4)), Case(source: (14, 14), result: (9, 22)),
    Case(source: (4, 4), result: (4, 4)), Case(source: (1, 1), result: (3, 2)),
    Case(source: (7, 5), result: (2, 9)), Case(source: (2, 6), result: (1, 1)),
  ]

  /// By result, then by source point: Keys' cubic with a = -0.75, and the sum of the sizes of the taps
  /// that fall on the point, of which an edge has several.
  private struct Weights {
    var values: [[Double]] = []
    var sizes: [[Double]] = []

    init(_ count: Int, _ results: Int) {
      for result in 0..<results {
        let place = (Double(result) + 0.5) * Double(count) / Double(results) - 0.5
        var (row, size) = (
          [Double](repeating: 0, count: count), [Double](repeating: 0, count: count)
        )
        for tap in -1...2 {
          let point = Int(place.rounded(.down)) + tap
          let (x, a) = (abs(place - Double(point)), -0.75)
          let weight =
            x <= 1
            ? (a + 2) * x * x * x - (a + 3) * x * x + 1
            : x < 2 ? a * x * x * x - 5 * a * x * x + 8 * a * x - 4 * a : 0
          row[min(max(point, 0), count - 1)] += weight
          size[min(max(point, 0), count - 1)] += abs(weight)
        }
        values.append(row)
        sizes.append(size)
      }
    }

    var transposed: Weights {
      var result = self
      result.values = values[0].indices.map { point in values.map { $0[point] } }
      result.sizes = sizes[0].indices.map { point in sizes.map { $0[point] } }
      return result
    }
  }

  /// y[p, q, :] = Σ down[p][i] · across[q][j] · x[i, j, :], and how far a kernel may be off: weight,
  /// product and every sum round, up to 16 times for a pair of points at edges.
  private func mixed(
    _ x: [Float], _ down: Weights, _ across: Weights, _ d: Int
  ) -> (values: [Double], bounds: [Double]) {
    var values: [Double] = []
    var bounds: [Double] = []
    let columns = across.values[0].count
    for p in down.values.indices {
      for q in across.values.indices {
        for k in 0..<d {
          var (sum, size, terms) = (0.0, 0.0, 2.0)
          for i in down.values[p].indices where down.sizes[p][i] != 0 {
            for j in 0..<columns where across.sizes[q][j] != 0 {
              let value = Double(x[(i * columns + j) * d + k])
              sum += down.values[p][i] * across.values[q][j] * value
              size += down.sizes[p][i] * across.sizes[q][j] * abs(value)
              terms += 16
            }
          }
          values.append(sum)
          bounds.append(terms * epsilon / 2 * size)
        }
      }
    }
    return (values, bounds)
  }

  private func check(_ op: ck_op, _ one: Case, d: Int) {
    let gradient = op == CK_INTERPOLATE_GRADIENT_F32
    let (from, to) = gradient ? (one.result, one.source) : (one.source, one.result)
    var random = Random(UInt64(d))
    let x = random.floats(from.0 * from.1 * d)
    let down = Weights(one.source.0, one.result.0)
    let across = Weights(one.source.1, one.result.1)
    let expected =
      gradient ? mixed(x, down.transposed, across.transposed, d) : mixed(x, down, across, d)
    let label = "\(one), \(gradient ? "gradient, " : "")vectors of \(d)"
    everyWay(label) { run in
      let y = run.output(Float.self, to.0 * to.1 * d)
      run.execute(
        op,
        ck_interpolate_f32_args(
          source_rows: one.source.0, source_columns: one.source.1, rows: one.result.0,
          columns: one.result.1, d: d, x: run.input(x), y: y))
      let found = y.read(to.0 * to.1 * d)
      if !gradient && from == to { #expect(found == x) }
      expectClose(found, expected.values, label) { expected.bounds[$0] }
    }
  }

  @Test(arguments: cases)
  func mixesTheFourPointsAroundEachResult(_ one: Case) {
    for d in [0, 1, 7, 8, 33] { check(CK_INTERPOLATE_F32, one, d: d) }
  }

  @Test(arguments: cases)
  func theGradientGivesEveryPointItsShare(_ one: Case) {
    for d in [0, 1, 7, 8, 33] { check(CK_INTERPOLATE_GRADIENT_F32, one, d: d) }
  }
}
