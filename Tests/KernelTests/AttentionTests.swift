import CKernels
import Testing

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Operands of one attention, with its meaning in double.
struct AttentionCase {
  var batch = 1
  var queries: Int
  var keys: Int
  var heads = 1
  var width: Int
  /// nil: no mask.
  var prefix: Int? = nil
  /// 0: no bias.
  var biasBatches = 0
  var scale: Float = 0.25
  var range: ClosedRange<Float> = -1...1

  var d: Int { heads * width }
  var label: String {
    "batch \(batch), \(queries) queries, \(keys) keys, \(heads) heads of \(width), "
      + "prefix \(prefix.map(String.init) ?? "none"), \(biasBatches) biases"
  }

  /// A bias with every fifth key hidden but for the first; empty where there is none.
  func bias(_ random: inout Random) -> [Float] {
    let values = random.floats(biasBatches * heads * queries * keys)
    return values.indices.map { $0 % keys % 5 == 4 ? -.infinity : values[$0] }
  }

  /// The bias of one query over its keys.
  func biasRow(_ bias: [Float], _ batch: Int, _ head: Int, _ query: Int) -> ArraySlice<Float>? {
    guard biasBatches > 0 else { return nil }
    let start = ((batch % biasBatches * heads + head) * queries + query) * keys
    return bias[start..<start + keys]
  }

  func sees(_ query: Int, _ key: Int) -> Bool {
    guard let prefix else { return true }
    let position = query + keys - queries
    return key < prefix || (position >= prefix && key <= position)
  }

  /// Sizes around vectors, panels of 16 keys, tiles of 6 and blocks of 48 queries.
  static let sizes: [AttentionCase] = [
    AttentionCase(queries: 1, keys: 1, width: 1),
    AttentionCase(queries: 5, keys: 7, width: 3),
    AttentionCase(batch: 2, queries: 6, keys: 8, heads: 2, width: 8),
    AttentionCase(queries: 7, keys: 15, heads: 3, width: 9),
    AttentionCase(batch: 2, queries: 17, keys: 16, width: 17),
    AttentionCase(queries: 47, keys: 17, heads: 2, width: 16),
    AttentionCase(queries: 49, keys: 33, width: 31),
    AttentionCase(queries: 97, keys: 97, heads: 2, width: 33),
    AttentionCase(queries: 50, keys: 197, heads: 2, width: 64),
  ]

  /// Every size without a mask, causal, with a prefix, and with a prefix longer than the keys.
  static var all: [AttentionCase] {
    sizes.flatMap { size in
      [nil, 0, size.keys / 2, size.keys + 3].map { prefix in
        var masked = size
        masked.prefix = prefix
        return masked
      }
    } + biased
  }

  /// One bias for all, one each, and one for each window of an image; windows of Swin's sizes.
  static let biased: [AttentionCase] = [
    AttentionCase(queries: 5, keys: 7, width: 3, biasBatches: 1),
    AttentionCase(batch: 3, queries: 7, keys: 15, heads: 3, width: 9, biasBatches: 3),
    AttentionCase(batch: 6, queries: 16, keys: 16, heads: 2, width: 16, biasBatches: 2),
    AttentionCase(batch: 70, queries: 4, keys: 4, width: 8, biasBatches: 1),
    AttentionCase(batch: 4, queries: 49, keys: 49, heads: 2, width: 32, biasBatches: 4),
    AttentionCase(batch: 2, queries: 9, keys: 17, width: 8, prefix: 3, biasBatches: 1),
  ]
}

/// Σ a b and Σ |a b| in double.
func dot(_ a: ArraySlice<Float>, _ b: ArraySlice<Float>) -> (sum: Double, size: Double) {
  a.withUnsafeBufferPointer { a in
    b.withUnsafeBufferPointer { b in
      var (sum, size) = (0.0, 0.0)
      for i in 0..<a.count {
        let product = Double(a[i]) * Double(b[i])
        sum += product
        size += product.magnitude
      }
      return (sum, size)
    }
  }
}

/// What one query makes of its keys, in double.
struct QueryResult {
  var scores: [Double]
  var probabilities: [Double]
  /// Σ |q k|, the largest over the keys: scores err by a share of it.
  var magnitude: Double

  init(
    _ form: AttentionCase, q: ArraySlice<Float>, keys: [ArraySlice<Float>], query: Int,
    bias: ArraySlice<Float>? = nil
  ) {
    scores = []
    magnitude = 0
    for (key, row) in keys.enumerated() {
      let (sum, size) = dot(q, row)
      let added = bias.map { Double($0[$0.startIndex + key]) } ?? 0
      let weight = added.isFinite ? abs(added) : 0
      magnitude = max(magnitude, size * Double(abs(form.scale)) + weight)
      scores.append(form.sees(query, key) ? Double(form.scale) * sum + added : -.infinity)
    }
    let largest = scores.max() ?? 0
    let powers = scores.map { exp($0 - largest) }
    let sum = powers.reduce(0, +)
    probabilities = powers.map { $0 / sum }
  }

  /// The relative error a probability may have: scores are sums of `width` products, scaled, biased
  /// and shifted by the maximum, which the exponential turns into relative errors; the exponential errs by
  /// 2 ulp and the sum of n of them by n halves, each twice since a quotient has two sides.
  func relativeError(width: Int) -> Double {
    let finite = scores.filter { $0 > -.infinity }
    let spread = (finite.max() ?? 0) - (finite.min() ?? 0)
    let scoreError = Double(width + 3) * epsilon / 2 * magnitude + epsilon / 2 * spread
    return 2 * (scoreError + 2 * epsilon) + Double(scores.count) * epsilon / 2
  }
}

/// One head's columns of row `row` of batch `batch`.
func headColumns(
  _ x: [Float], _ form: AttentionCase, rows: Int, _ batch: Int, _ row: Int, _ head: Int
) -> ArraySlice<Float> {
  let start = (batch * rows + row) * form.d + head * form.width
  return x[start..<start + form.width]
}

@Suite struct AttentionTests {
  private func check(_ form: AttentionCase) {
    var random = Random(UInt64(form.queries * 100 + form.keys))
    let q = random.floats(form.batch * form.queries * form.d, in: form.range)
    let k = random.floats(form.batch * form.keys * form.d, in: form.range)
    let v = random.floats(form.batch * form.keys * form.d)
    let bias = form.bias(&random)
    var expected = [Double](repeating: 0, count: q.count)
    var bounds = expected
    for batch in 0..<form.batch {
      for head in 0..<form.heads {
        let keys = (0..<form.keys).map {
          headColumns(k, form, rows: form.keys, batch, $0, head)
        }
        let values = (0..<form.keys).map {
          headColumns(v, form, rows: form.keys, batch, $0, head)
        }
        for query in 0..<form.queries {
          let result = QueryResult(
            form, q: headColumns(q, form, rows: form.queries, batch, query, head), keys: keys,
            query: query, bias: form.biasRow(bias, batch, head, query))
          let error =
            result.relativeError(width: form.width) + Double(form.keys + 2) * epsilon / 2
          for column in 0..<form.width {
            let index =
              (batch * form.queries + query) * form.d + head * form.width + column
            var magnitude = 0.0
            for (p, value) in zip(result.probabilities, values) {
              let product = p * Double(value[value.startIndex + column])
              expected[index] += product
              magnitude += abs(product)
            }
            bounds[index] = error * magnitude + 1e-37
          }
        }
      }
    }
    everyWay(form.label) { run in
      let y = run.output(Float.self, q.count)
      let scratch = ck_attention_scratch(
        form.batch, form.queries, form.keys, form.heads, form.width, run.threads)
      run.execute(
        CK_ATTENTION_F32,
        ck_attention_f32_args(
          batch: form.batch, queries: form.queries, keys: form.keys, heads: form.heads,
          head_width: form.width, scale: form.scale, masked: form.prefix == nil ? 0 : 1,
          prefix: form.prefix ?? 0, q: run.input(q), k: run.input(k), v: run.input(v),
          bias: form.biasBatches == 0 ? nil : UnsafePointer(run.input(bias)),
          bias_batches: form.biasBatches, y: y, scratch: run.scratch(scratch)))
      expectClose(y.read(q.count), expected, form.label) { bounds[$0] }
    }
  }

  @Test(arguments: AttentionCase.all) func matchesDouble(form: AttentionCase) {
    check(form)
  }

  /// Image tokens do not see text, a text token not the text behind it: not even its NaNs.
  @Test func aHiddenKeyTouchesNothing() {
    let (rows, width, prefix) = (23, 8, 18)
    var random = Random(2)
    let x = random.floats(rows * width)
    func attend(_ k: [Float], _ v: [Float], _ run: Run) -> [Float] {
      let y = run.output(Float.self, rows * width)
      run.execute(
        CK_ATTENTION_F32,
        ck_attention_f32_args(
          batch: 1, queries: rows, keys: rows, heads: 1, head_width: width, scale: 1, masked: 1,
          prefix: prefix, q: run.input(x), k: run.input(k), v: run.input(v), bias: nil,
          bias_batches: 0, y: y,
          scratch: run.scratch(ck_attention_scratch(1, rows, rows, 1, width, run.threads))))
      return y.read(rows * width)
    }
    for first in prefix..<rows {
      var spoiled = x
      for index in first * width..<rows * width { spoiled[index] = .nan }
      everyWay("from row \(first)") { run in
        let (clean, other) = (attend(x, x, run), attend(spoiled, spoiled, run))
        #expect(clean[..<(first * width)] == other[..<(first * width)])
        let spread = other[(first * width)...].allSatisfy(\.isNaN)
        #expect(spread, "who sees a NaN gets NaN")
      }
    }
  }

  @Test func largeScoresDoNotOverflow() {
    check(AttentionCase(queries: 9, keys: 33, width: 16, scale: 1, range: -10...10))
  }

  @Test func withoutVisibleKeysTheResultIsNaN() {
    // Query 0 of 3 stands before the only key.
    let form = AttentionCase(queries: 3, keys: 1, width: 4, prefix: 0)
    everyWay("hidden from all") { run in
      let y = run.output(Float.self, 12)
      run.execute(
        CK_ATTENTION_F32,
        ck_attention_f32_args(
          batch: 1, queries: 3, keys: 1, heads: 1, head_width: 4, scale: 1, masked: 1, prefix: 0,
          q: run.input([Float](repeating: 1, count: 12)), k: run.input([1, 2, 3, 4]),
          v: run.input([5, 6, 7, 8]), bias: nil, bias_batches: 0, y: y,
          scratch: run.scratch(ck_attention_scratch(1, 3, 1, 1, 4, run.threads))))
      #expect(y.read(8).allSatisfy(\.isNaN) == !form.sees(1, 0))
      #expect(y.read(12)[8...] == [5, 6, 7, 8])
    }
  }

  @Test func noQueriesGiveNothing() {
    check(AttentionCase(queries: 0, keys: 3, width: 4))
    check(AttentionCase(batch: 0, queries: 2, keys: 3, width: 4))
  }
}
