import CKernels
import Kernels
import Testing

@Suite struct CopyTests {
  private struct Form {
    var lengths: [Int]
    var x: [Int]
    var y: [Int]
  }

  private static let forms: [Form] = {
    var forms = [Form(lengths: [], x: [], y: []), Form(lengths: [1], x: [5], y: [7])]
    for n in [0, 1, 7, 8, 9, 33, 9000] {
      forms.append(Form(lengths: [n], x: [1], y: [1]))
      forms.append(Form(lengths: [n], x: [0], y: [1]))
      forms.append(Form(lengths: [3, n], x: [n + 2, 1], y: [n, 1]))
    }
    for (m, n) in [(1, 9), (15, 16), (17, 33), (40, 5)] {
      // Transposes, alone and in a batch; a column written into a wider tensor.
      forms.append(Form(lengths: [n, m], x: [1, n], y: [m, 1]))
      forms.append(Form(lengths: [2, n, m], x: [m * n, 1, n], y: [m * n, m, 1]))
      forms.append(Form(lengths: [m, n], x: [n, 1], y: [2 * n, 2]))
      forms.append(Form(lengths: [m, 3, n], x: [n, 0, 1], y: [3 * n, n, 1]))
    }
    // Heads of a projection: [batch, rows, heads, width] to [batch, heads, rows, width].
    forms.append(Form(lengths: [2, 3, 5, 4], x: [60, 4, 12, 1], y: [60, 20, 4, 1]))
    forms.append(
      Form(lengths: [2, 2, 2, 2, 2, 2], x: [1, 2, 4, 8, 16, 32], y: [32, 16, 8, 4, 2, 1]))
    return forms
  }()

  private func extent(_ lengths: [Int], _ strides: [Int]) -> Int {
    lengths.contains(0) ? 0 : zip(lengths, strides).reduce(1) { $0 + ($1.0 - 1) * $1.1 }
  }

  @Test func movesEveryElementAndTouchesNoOther() {
    for form in Self.forms {
      var random = Random(6)
      let x = random.floats(extent(form.lengths, form.x))
      let before = random.floats(extent(form.lengths, form.y))
      var expected = before
      for index in indices(form.lengths) {
        expected[offset(index, form.y)] = x[offset(index, form.x)]
      }
      everyWay("\(form)") { run in
        let y = run.inout_(before)
        run.execute(
          CK_COPY_F32,
          ck_copy_f32_args(
            rank: form.lengths.count, lengths: axes(form.lengths), x_strides: axes(form.x),
            y_strides: axes(form.y), x: run.input(x), y: y))
        #expect(y.read(before.count) == expected, "\(form)")
      }
    }
  }
}

@Suite struct SumTests {
  /// Sums over `summed` of a dense tensor.
  private func check(_ lengths: [Int], summed: [Int]) {
    var random = Random(UInt64(lengths.reduce(1) { $0 * 31 + $1 }))
    let strides = denseStrides(lengths)
    let x = random.floats(lengths.reduce(1, *))
    let kept = lengths.indices.filter { !summed.contains($0) }
    var expected = [Double](repeating: 0, count: kept.map { lengths[$0] }.reduce(1, *))
    var sizes = expected
    let keptStrides = denseStrides(kept.map { lengths[$0] })
    for index in indices(lengths) {
      let to = offset(kept.map { index[$0] }, keptStrides)
      expected[to] += Double(x[offset(index, strides)])
      sizes[to] += abs(Double(x[offset(index, strides)]))
    }
    let terms = Double(summed.map { lengths[$0] }.reduce(1, *))
    let label = "\(lengths) over \(summed)"
    everyWay(label) { run in
      let y = run.output(Float.self, expected.count)
      run.execute(
        CK_SUM_F32,
        ck_sum_f32_args(
          rank: kept.count, lengths: axes(kept.map { lengths[$0] }),
          strides: axes(kept.map { strides[$0] }), summed_rank: summed.count,
          summed_lengths: axes(summed.map { lengths[$0] }),
          summed_strides: axes(summed.map { strides[$0] }), x: run.input(x), y: y))
      expectClose(y.read(expected.count), expected, label) { terms * epsilon / 2 * sizes[$0] }
    }
  }

  @Test func addsUpLeadingAxes() {
    for rows in [0, 1, 7, 8, 9, 17, 100] {
      for columns in [0, 1, 7, 8, 9, 33, 64] { check([rows, columns], summed: [0]) }
    }
    check([3, 5, 17], summed: [0, 1])
    check([3, 5, 17], summed: [0])
    check([3, 5, 17], summed: [1])
  }

  @Test func addsUpTrailingAxes() {
    for rows in [0, 1, 3, 17] {
      for columns in [0, 1, 7, 8, 9, 33, 64, 100] { check([rows, columns], summed: [1]) }
    }
    check([3, 5, 17], summed: [1, 2])
    check([3, 5, 17], summed: [2])
  }

  @Test func addsUpAnyAxes() {
    check([], summed: [])
    check([33], summed: [])
    check([33], summed: [0])
    check([4, 3, 5, 7], summed: [0, 2])
    check([4, 3, 5, 7], summed: [1, 3])
    check([4, 3, 5, 7], summed: [0, 3])
    check([4, 3, 5, 7], summed: [0, 1, 2, 3])
    check([2, 3, 2, 3, 2, 3], summed: [0, 2, 4])
  }
}

@Suite struct KeepRowsTests {
  /// By a sort of all rows, greatest first and the earlier of equals first.
  private func kept(_ scores: [Float], _ count: Int) -> [Int] {
    let order = scores.indices.sorted { a, b in
      if scores[a].bitPattern == scores[b].bitPattern { return a < b }
      return !scores[a].isTotallyOrdered(belowOrEqualTo: scores[b])
    }
    return order.prefix(count).sorted()
  }

  private func check(_ scores: [[Float]], kept count: Int, width: Int) {
    let rows = scores.first?.count ?? 0
    var random = Random(UInt64(rows * 100 + count))
    let x = random.floats(scores.count * rows * width)
    let expected = scores.enumerated().flatMap { element, scores in
      kept(scores, count).flatMap { row in
        x[(element * rows + row) * width..<(element * rows + row + 1) * width]
      }
    }
    everyWay("\(count) of \(rows) rows") { run in
      let y = run.output(Float.self, expected.count)
      run.execute(
        CK_KEEP_ROWS_F32,
        ck_keep_rows_f32_args(
          batch: scores.count, rows: rows, kept: count, d: width, x: run.input(x),
          scores: run.input(scores.flatMap { $0 }), y: y))
      #expect(y.read(expected.count) == expected)
    }
  }

  @Test func keepsTheGreatestInTheirOrder() {
    for rows in [1, 2, 7, 8, 9, 33, 197] {
      for count in Set([0, 1, rows / 2, rows - 1, rows]) {
        var random = Random(UInt64(rows))
        check((0..<3).map { _ in random.floats(rows) }, kept: count, width: 5)
      }
    }
  }

  @Test func equalsStayInFrontAndEveryBitPatternHasAPlace() {
    let extremes: [Float] = [
      0, -0.0, .nan, -.nan, .infinity, -.infinity, .leastNonzeroMagnitude,
      -.leastNonzeroMagnitude, .greatestFiniteMagnitude, 1, 1, 1, -1, 0, -0.0,
    ]
    for count in 0...extremes.count {
      check([extremes, extremes.reversed(), extremes.map { _ in 1 }], kept: count, width: 3)
    }
  }
}

@Suite struct EmbeddingTests {
  @Test func copiesRowsAndZerosForIdsOutside() {
    for d in [0, 1, 7, 8, 33] {
      var random = Random(UInt64(d))
      let table = random.floats(5 * d)
      let ids: [Int32] = [4, 0, 2, 2, -1, 5, .max, .min]
      let expected = ids.flatMap { id in
        (0..<5).contains(id)
          ? Array(table[Int(id) * d..<(Int(id) + 1) * d]) : [Float](repeating: 0, count: d)
      }
      everyWay("width \(d)") { run in
        let y = run.output(Float.self, ids.count * d)
        run.execute(
          CK_EMBEDDING_F32,
          ck_embedding_f32_args(
            count: ids.count, rows: 5, d: d, table: run.input(table), ids: run.input(ids), y: y))
        #expect(y.read(ids.count * d) == expected)
      }
    }
  }

  @Test func unpacksRowsOfIntegers() {
    for d in [1, 3, 4, 7, 33] {
      var random = Random(UInt64(d))
      let table: [Int8] = random.integers(19 * d, in: -127...127)
      let scales = random.floats(19)
      let ids: [Int32] = [0, 7, 8, 18, 18, 3, -1, 19, .max, .min]
      let expected = ids.flatMap { id in
        (0..<d).map { column in
          (0..<19).contains(id)
            ? Float(table[Int(id) * d + column]) * scales[Int(id)] : 0
        }
      }
      let packed = Packing.packS8(table, rows: 19, columns: d).packed
      everyWay("width \(d)") { run in
        let y = run.output(Float.self, ids.count * d)
        run.execute(
          CK_EMBEDDING_S8,
          ck_embedding_s8_args(
            count: ids.count, rows: 19, d: d, table: run.input(packed),
            table_scales: run.input(scales), ids: run.input(ids), y: y))
        #expect(y.read(ids.count * d) == expected)
      }
    }
  }

  @Test func gradientAddsUpRowsByIdAndIgnoresIdsOutside() {
    for d in [0, 1, 7, 8, 33, 64] {
      for count in [0, 1, 40] {
        var random = Random(UInt64(d + count))
        let ids: [Int32] = random.integers(count, in: -1...5)
        let dy = random.floats(count * d)
        var expected = [Double](repeating: 0, count: 5 * d)
        var bounds = expected
        for (row, id) in ids.enumerated() where (0..<5).contains(id) {
          for i in 0..<d {
            expected[Int(id) * d + i] += Double(dy[row * d + i])
            bounds[Int(id) * d + i] +=
              Double(count) * epsilon / 2 * abs(Double(dy[row * d + i]))
          }
        }
        everyWay("\(count) rows of \(d)") { run in
          let gradient = run.output(Float.self, 5 * d)
          run.execute(
            CK_EMBEDDING_GRADIENT_F32,
            ck_embedding_gradient_f32_args(
              count: count, rows: 5, d: d, ids: run.input(ids), dy: run.input(dy),
              table_gradient: gradient))
          expectClose(gradient.read(5 * d), expected, "\(count) rows of \(d)") { bounds[$0] }
        }
      }
    }
  }
}
