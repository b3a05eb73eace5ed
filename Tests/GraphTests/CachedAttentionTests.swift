import Graph
import Reference
import TestSupport
import Testing

/// Decoding step by step against one masked attention over the whole sequence.
@Suite struct CachedAttentionTests {
  static let form = AttentionForm(heads: 2, scale: 0.5)
  static let (images, prefix, length, width) = (2, 3, 5, 8)

  /// The op with its caches as inputs, for `sequences` sequences and `rows` new rows.
  static func graph(sequences: Int, rows: Int) -> Graph {
    let d = Dimension(width)
    let (q, r, p, l) = (Dimension(sequences), Dimension(rows), Dimension(prefix), Dimension(length))
    var graph = Graph()
    var values = ["q", "k", "v"].map { graph.input($0, .f32([q, r, d])) }
    values += ["prefixK", "prefixV"].map { graph.input($0, .f32([Dimension(images), p, d])) }
    values += ["textK", "textV"].map { graph.input($0, .f32([q, l, d])) }
    for (name, shape) in [("source", [q]), ("slots", [q, l]), ("positions", [r])] {
      values.append(graph.input(name, TensorType(.i32, shape)))
    }
    graph.output("y", graph.apply(.cachedAttention(CachedAttention(form)), values)[0])
    return graph
  }

  /// One text row: what the projections would give at a position of a sequence.
  struct Row {
    let q: [Double]
    let k: [Double]
    let v: [Double]

    init(seed: UInt64) {
      let values = Tensor.random([3, width], seed: seed, in: -2...2)
      q = Array(values.row(0))
      k = Array(values.row(1))
      v = Array(values.row(2))
    }
  }

  static let prefixK = Tensor.random([images, prefix, width], seed: 100)
  static let prefixV = Tensor.random([images, prefix, width], seed: 101)

  /// Attention of the last of `rows` over the prefix of `image` and all of `rows`.
  func whole(_ rows: [Row], image: Int) throws -> [Double] {
    let (p, d) = (Self.prefix, Self.width)
    func sequence(_ prefix: Tensor, _ text: [Double]) -> Tensor {
      .f32(
        [1, p + rows.count, d],
        Array(prefix.values[image * p * d..<(image + 1) * p * d]) + text)
    }
    let form = AttentionForm(
      heads: Self.form.heads, scale: Self.form.scale, prefix: Dimension(Self.prefix))
    let y = try evaluate(
      .attention(Attention(form)),
      [
        .f32([1, rows.count, d], rows.flatMap(\.q)), sequence(Self.prefixK, rows.flatMap(\.k)),
        sequence(Self.prefixV, rows.flatMap(\.v)),
      ])
    return Array(y[0].row(rows.count - 1))
  }

  /// The caches of one decoding, and its steps.
  struct Decoding {
    var textK: Tensor
    var textV: Tensor
    var slots: [Int]
    let source: [Int]
    private var position = 0

    init(source: [Int]) {
      let shape = [source.count, length, width]
      // Not zero: a row that nobody wrote must not be read.
      textK = .filled(shape, 1000)
      textV = .filled(shape, 1000)
      self.source = source
      slots = source.indices.flatMap { [Int](repeating: $0, count: length) }
    }

    /// New rows, by sequence and row; gives the results in the same order.
    mutating func step(_ rows: [[Row]]) throws -> [[[Double]]] {
      let (sequences, count) = (rows.count, rows[0].count)
      func tensor(_ part: (Row) -> [Double]) -> Tensor {
        .f32([sequences, count, width], rows.flatMap(\.self).flatMap(part))
      }
      let results = try Interpreter.run(
        graph(sequences: sequences, rows: count),
        inputs: [
          "q": tensor(\.q), "k": tensor(\.k), "v": tensor(\.v), "prefixK": prefixK,
          "prefixV": prefixV, "textK": textK, "textV": textV, "source": .i32([sequences], source),
          "slots": .i32([sequences, length], slots),
          "positions": .i32([count], Array(position..<position + count)),
        ])
      position += count
      textK = try #require(results["textK"])
      textV = try #require(results["textV"])
      let y = try #require(results["y"])
      return (0..<sequences).map { s in (0..<count).map { Array(y.row(s * count + $0)) } }
    }
  }

  func expectClose(_ a: [Double], _ b: [Double]) {
    #expect(largestDifference(.f32([a.count], a), .f32([b.count], b)) <= 1e-12)
  }

  /// Two sequences of two images: a prompt of two rows at once, then one row at a time.
  @Test func stepsEqualTheWholeSequence() throws {
    var decoding = Decoding(source: [1, 0])
    let rows = (0..<2).map { s in (0..<5).map { Row(seed: UInt64(10 * s + $0)) } }
    var found = try decoding.step(rows.map { Array($0[..<2]) })
    for position in 2..<5 {
      let step = try decoding.step(rows.map { [$0[position]] })
      for sequence in 0..<2 { found[sequence] += step[sequence] }
    }
    for (sequence, image) in [1, 0].enumerated() {
      for position in 0..<5 {
        expectClose(
          found[sequence][position], try whole(Array(rows[sequence][...position]), image: image))
      }
    }
  }

  /// After two steps both beams go on from beam 0, by index: nothing is copied.
  @Test func beamsThatShareAPastReadIt() throws {
    var decoding = Decoding(source: [0, 0])
    let first = [Row(seed: 1), Row(seed: 2)]
    let second = [Row(seed: 3), Row(seed: 4)]
    let third = [Row(seed: 5), Row(seed: 6)]
    _ = try decoding.step(first.map { [$0] })
    _ = try decoding.step(second.map { [$0] })
    decoding.slots[Self.length] = 0  // beam 1, position 0
    decoding.slots[Self.length + 1] = 0  // beam 1, position 1
    let found = try decoding.step(third.map { [$0] })
    expectClose(found[0][0], try whole([first[0], second[0], third[0]], image: 0))
    expectClose(found[1][0], try whole([first[0], second[0], third[1]], image: 0))
  }
}
