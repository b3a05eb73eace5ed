import CKernels
import Testing

/// A decoding state: images, sequences on them, and text rows shared between sequences.
private struct CachedCase {
  var images = 2
  var sequences: Int
  var rows: Int
  var heads = 1
  var width: Int
  var prefix: Int
  var capacity = 12
  var position: Int
  var half = false

  var d: Int { heads * width }
  var label: String {
    "\(sequences) sequences, \(rows) rows at \(position), \(heads) heads of \(width), "
      + "prefix \(prefix)\(half ? " of 16 bits" : "")"
  }

  static let all: [CachedCase] = [
    CachedCase(images: 1, sequences: 1, rows: 1, width: 8, prefix: 5, position: 0),
    CachedCase(images: 1, sequences: 1, rows: 1, width: 1, prefix: 0, position: 0),
    CachedCase(sequences: 3, rows: 1, heads: 2, width: 9, prefix: 7, position: 3),
    CachedCase(sequences: 4, rows: 3, heads: 3, width: 16, prefix: 16, position: 2),
    CachedCase(sequences: 2, rows: 2, width: 31, prefix: 33, position: 10),
    CachedCase(sequences: 5, rows: 12, heads: 2, width: 33, prefix: 1, position: 0),
    CachedCase(sequences: 4, rows: 1, heads: 12, width: 64, prefix: 197, position: 11),
    CachedCase(images: 1, sequences: 2, rows: 1, width: 72, prefix: 9, position: 5),
    CachedCase(sequences: 2, rows: 7, heads: 5, width: 24, prefix: 50, capacity: 40, position: 30),
  ].flatMap { form in
    var halved = form
    halved.half = true
    return [form, halved]
  }
}

@Suite struct CachedAttentionTests {
  @Test(arguments: CachedCase.all) fileprivate func matchesDouble(form: CachedCase) {
    var random = Random(UInt64(form.sequences * 100 + form.prefix))
    let (d, capacity) = (form.d, form.capacity)
    let new = form.sequences * form.rows * d
    let (q, k, v) = (random.floats(new), random.floats(new), random.floats(new))
    let halves = (0..<2).map { _ in random.halves(form.images * form.prefix * d) }
    func prefix(_ index: Int) -> [Float] {
      form.half ? halves[index].map(half) : random.floats(halves[index].count)
    }
    let (prefixK, prefixV) = (prefix(0), prefix(1))
    let textK = random.floats(form.sequences * capacity * d)
    let textV = random.floats(textK.count)
    let source = random.integers(form.sequences, in: 0...Int32(form.images - 1))
    let positions = (0..<form.rows).map { Int32(form.position + $0) }
    var slots = random.integers(
      form.sequences * capacity, in: 0...Int32(form.sequences - 1))
    for sequence in 0..<form.sequences {
      for position in positions { slots[sequence * capacity + Int(position)] = Int32(sequence) }
    }

    var (cachedK, cachedV) = (textK, textV)
    for sequence in 0..<form.sequences {
      for (row, position) in positions.enumerated() {
        let to = (sequence * capacity + Int(position)) * d
        let from = (sequence * form.rows + row) * d
        cachedK.replaceSubrange(to..<to + d, with: k[from..<from + d])
        cachedV.replaceSubrange(to..<to + d, with: v[from..<from + d])
      }
    }

    var expected = [Double](repeating: 0, count: new)
    var bounds = expected
    for sequence in 0..<form.sequences {
      for (row, position) in positions.enumerated() {
        let starts =
          (0..<form.prefix).map { (true, (Int(source[sequence]) * form.prefix + $0) * d) }
          + (0...Int(position)).map {
            (false, (Int(slots[sequence * capacity + $0]) * capacity + $0) * d)
          }
        for head in 0..<form.heads {
          let start = head * form.width
          let keys = starts.map { isPrefix, row in
            (isPrefix ? prefixK : cachedK)[row + start..<row + start + form.width]
          }
          let from = (sequence * form.rows + row) * d + start
          let attention = AttentionCase(queries: 1, keys: keys.count, width: form.width)
          let result = QueryResult(
            attention, q: q[from..<from + form.width], keys: keys, query: 0)
          let error =
            result.relativeError(width: form.width) + Double(keys.count + 2) * epsilon / 2
          for column in 0..<form.width {
            for (p, (isPrefix, row)) in zip(result.probabilities, starts) {
              let product = p * Double((isPrefix ? prefixV : cachedV)[row + start + column])
              expected[from + column] += product
              bounds[from + column] += error * abs(product)
            }
          }
        }
      }
    }

    everyWay(form.label) { run in
      let y = run.output(Float.self, new)
      let (cacheK, cacheV) = (run.inout_(textK), run.inout_(textV))
      let scratch = ck_cached_attention_scratch(
        form.heads, form.width, form.prefix, capacity, run.threads)
      func given(_ index: Int, _ floats: [Float]) -> UnsafeRawPointer {
        form.half ? UnsafeRawPointer(run.input(halves[index])) : UnsafeRawPointer(run.input(floats))
      }
      run.execute(
        CK_CACHED_ATTENTION_F32,
        ck_cached_attention_f32_args(
          sequences: form.sequences, rows: form.rows, heads: form.heads, head_width: form.width,
          images: form.images, prefix_rows: form.prefix, capacity: capacity, scale: 0.25,
          q: run.input(q),
          k: run.input(k), v: run.input(v), half_prefix: form.half ? 1 : 0,
          prefix_k: given(0, prefixK), prefix_v: given(1, prefixV), text_k: cacheK, text_v: cacheV,
          source: run.input(source),
          slots: run.input(slots), positions: run.input(positions), y: y,
          scratch: run.scratch(scratch)))
      expectClose(y.read(new), expected, form.label) { bounds[$0] }
      #expect(cacheK.read(textK.count) == cachedK, "keys appended")
      #expect(cacheV.read(textV.count) == cachedV, "values appended")
    }
  }

  /// Beam search relies on it: what a sequence gets does not depend on those beside it.
  @Test func aSequenceAloneGivesTheSameBits() {
    var random = Random(3)
    let (d, prefix, capacity) = (64, 21, 4)
    let q = random.floats(2 * d)
    let (k, v) = (random.floats(2 * d), random.floats(2 * d))
    let (prefixK, prefixV) = (random.floats(prefix * d), random.floats(prefix * d))
    let text = random.floats(2 * capacity * d)
    func result(_ sequences: Int, _ run: Run) -> [Float] {
      let y = run.output(Float.self, sequences * d)
      run.execute(
        CK_CACHED_ATTENTION_F32,
        ck_cached_attention_f32_args(
          sequences: sequences, rows: 1, heads: 2, head_width: 32, images: 1,
          prefix_rows: prefix, capacity: capacity, scale: 0.5, q: run.input(q), k: run.input(k),
          v: run.input(v), half_prefix: 0,
          prefix_k: run.input(prefixK), prefix_v: run.input(prefixV), text_k: run.inout_(text),
          text_v: run.inout_(text), source: run.input([0, 0]),
          slots: run.input([0, 0, 0, 0, 1, 1, 1, 1]), positions: run.input([2]), y: y,
          scratch: run.scratch(
            ck_cached_attention_scratch(2, 32, prefix, capacity, run.threads))))
      return y.read(d)
    }
    everyWay("alone and in a pair") { run in
      #expect(result(1, run) == result(2, run))
    }
  }

  /// A plan may compute them from anything, so they stay within the tensors whatever they are.
  @Test(arguments: [Int32.min, -1, 3, 1 << 20, .max]) func indicesOutOfRangeStandForTheLast(
    _ wild: Int32
  ) {
    var random = Random(5)
    let (images, sequences, rows, d, prefix, capacity) = (2, 3, 2, 16, 5, 6)
    let new = (0..<3).map { _ in random.floats(sequences * rows * d) }
    let prefixes = (0..<2).map { _ in random.floats(images * prefix * d) }
    let text = random.floats(sequences * capacity * d)
    func result(
      _ run: Run, source: Int32, slot: Int32, positions: [Int32]
    ) -> [[Float]] {
      let y = run.output(Float.self, sequences * rows * d)
      let (textK, textV) = (run.inout_(text), run.inout_(text))
      run.execute(
        CK_CACHED_ATTENTION_F32,
        ck_cached_attention_f32_args(
          sequences: sequences, rows: rows, heads: 2, head_width: d / 2, images: images,
          prefix_rows: prefix, capacity: capacity, scale: 0.5, q: run.input(new[0]),
          k: run.input(new[1]), v: run.input(new[2]), half_prefix: 0,
          prefix_k: run.input(prefixes[0]),
          prefix_v: run.input(prefixes[1]), text_k: textK, text_v: textV,
          source: run.input([0, source, source]),
          slots: run.input([Int32](repeating: slot, count: sequences * capacity)),
          positions: run.input(positions), y: y,
          scratch: run.scratch(
            ck_cached_attention_scratch(2, d / 2, prefix, capacity, run.threads))))
      return [y.read(new[0].count), textK.read(text.count), textV.read(text.count)]
    }
    everyWay("\(wild)") { run in
      let last = Int32(capacity - rows)
      #expect(
        result(run, source: wild, slot: wild, positions: [last, 0])
          == result(run, source: 1, slot: 2, positions: [last, last + 1]))
      if !(0...last).contains(wild) {
        #expect(
          result(run, source: 0, slot: 0, positions: [wild, wild])
            == result(run, source: 0, slot: 0, positions: [last, last + 1]))
      }
    }
  }
}
