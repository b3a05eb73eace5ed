import CKernels
import Testing

@Suite struct AttentionGradientTests {
  /// The derivatives of one case in double, with the bound of each element.
  private struct Expected {
    var dq: [Double]
    var dk: [Double]
    var dv: [Double]
    var dbias: [Double]
    var bounds: [[Double]]

    init(
      _ form: AttentionCase, q: [Float], k: [Float], v: [Float], bias: [Float], dy: [Float]
    ) {
      dq = [Double](repeating: 0, count: q.count)
      dk = [Double](repeating: 0, count: k.count)
      dv = dk
      dbias = [Double](repeating: 0, count: bias.count)
      bounds = [dq, dk, dv, dbias]
      for batch in 0..<form.batch {
        for head in 0..<form.heads {
          for query in 0..<form.queries {
            add(form, q, k, v, bias, dy, batch, head, query)
          }
        }
      }
    }

    private mutating func add(
      _ form: AttentionCase, _ q: [Float], _ k: [Float], _ v: [Float], _ bias: [Float],
      _ dy: [Float], _ batch: Int, _ head: Int, _ query: Int
    ) {
      let keys = (0..<form.keys).map { headColumns(k, form, rows: form.keys, batch, $0, head) }
      let values = (0..<form.keys).map { headColumns(v, form, rows: form.keys, batch, $0, head) }
      let row = headColumns(q, form, rows: form.queries, batch, query, head)
      let slope = headColumns(dy, form, rows: form.queries, batch, query, head)
      let biasRow = form.biasRow(bias, batch, head, query)
      let result = QueryResult(form, q: row, keys: keys, query: query, bias: biasRow)
      let p = result.probabilities
      let products = values.map { dot(slope, $0) }
      let (dp, dpSize) = (products.map(\.sum), products.map(\.size))
      let along = zip(p, dp).reduce(0) { $0 + $1.0 * $1.1 }
      let alongSize = zip(p, dpSize).reduce(0) { $0 + $1.0 * $1.1 }
      // Each factor of ds errs by its own sum; then come the sums over keys or queries.
      let error =
        result.relativeError(width: form.width)
        + Double(form.width + form.keys + max(form.keys, form.queries) + 6) * epsilon / 2
      // A bias takes one ds of each batch element that it is for.
      let sums = form.biasBatches == 0 ? 0 : form.batch / form.biasBatches
      for key in 0..<form.keys where p[key] != 0 {
        if let biasRow {
          dbias[biasRow.startIndex + key] += p[key] * (dp[key] - along)
          bounds[3][biasRow.startIndex + key] +=
            (error + Double(sums) * epsilon / 2) * p[key] * (dpSize[key] + alongSize)
        }
        let ds = Double(form.scale) * p[key] * (dp[key] - along)
        let dsSize = Double(form.scale) * p[key] * (dpSize[key] + alongSize)
        for column in 0..<form.width {
          let from = (batch * form.queries + query) * form.d + head * form.width + column
          let to = (batch * form.keys + key) * form.d + head * form.width + column
          let (a, b, g) = (Double(q[from]), Double(k[to]), Double(dy[from]))
          dq[from] += ds * b
          dk[to] += ds * a
          dv[to] += p[key] * g
          bounds[0][from] += error * dsSize * abs(b)
          bounds[1][to] += error * dsSize * abs(a)
          bounds[2][to] += error * p[key] * abs(g)
        }
      }
    }
  }

  @Test(arguments: AttentionCase.all.filter { $0.queries <= $0.keys || $0.prefix == nil })
  func matchesDouble(form: AttentionCase) {
    var random = Random(UInt64(form.queries * 100 + form.keys + 1))
    let q = random.floats(form.batch * form.queries * form.d)
    let k = random.floats(form.batch * form.keys * form.d)
    let v = random.floats(k.count)
    let dy = random.floats(q.count)
    let bias = form.bias(&random)
    let expected = Expected(form, q: q, k: k, v: v, bias: bias, dy: dy)
    everyWay(form.label) { run in
      let dq = run.output(Float.self, q.count)
      let (dk, dv) = (run.output(Float.self, k.count), run.output(Float.self, k.count))
      let dbias = run.output(Float.self, bias.count)
      let scratch = ck_attention_gradient_scratch(
        form.batch, form.queries, form.keys, form.heads, form.width, form.biasBatches, run.threads)
      run.execute(
        CK_ATTENTION_GRADIENT_F32,
        ck_attention_gradient_f32_args(
          batch: form.batch, queries: form.queries, keys: form.keys, heads: form.heads,
          head_width: form.width, scale: form.scale, masked: form.prefix == nil ? 0 : 1,
          prefix: form.prefix ?? 0, q: run.input(q), k: run.input(k), v: run.input(v),
          bias: bias.isEmpty ? nil : UnsafePointer(run.input(bias)), bias_batches: form.biasBatches,
          dy: run.input(dy), dq: dq, dk: dk, dv: dv, dbias: bias.isEmpty ? nil : dbias,
          scratch: run.scratch(scratch)))
      // One key alone has a probability of 1 and no slope: nothing to be small against.
      if form.keys > 1 {
        expectClose(dq.read(q.count), expected.dq, "dq, \(form.label)") { expected.bounds[0][$0] }
        expectClose(dk.read(k.count), expected.dk, "dk, \(form.label)") { expected.bounds[1][$0] }
      } else {
        #expect(dq.read(q.count).allSatisfy { $0 == 0 } && dk.read(k.count).allSatisfy { $0 == 0 })
      }
      expectClose(dbias.read(bias.count), expected.dbias, "dbias, \(form.label)") {
        expected.bounds[3][$0]
      }
      expectClose(dv.read(k.count), expected.dv, "dv, \(form.label)") { expected.bounds[2][$0] }
    }
  }
}
