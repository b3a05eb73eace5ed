import Graph
import Reference
import TestSupport
import Testing

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

@Suite struct ReferenceAttentionTests {
  /// Which keys each query keeps, as rows of 0 and 1.
  func kept(prefix: Int, length: Int) throws -> [[Int]] {
    let scores = Tensor.filled([length, length], 1)
    let masked = try evaluate(
      .prefixMask(PrefixMask(prefix: Dimension(prefix))), [scores])[0]
    return (0..<length).map { masked.row($0).map { $0 == -.infinity ? 0 : Int($0) } }
  }

  @Test func prefixZeroIsCausal() throws {
    #expect(try kept(prefix: 0, length: 3) == [[1, 0, 0], [1, 1, 0], [1, 1, 1]])
  }

  @Test func imageTokensSeeImageTokensAndTextSeesItsPast() throws {
    #expect(
      try kept(prefix: 2, length: 4) == [
        [1, 1, 0, 0], [1, 1, 0, 0], [1, 1, 1, 0], [1, 1, 1, 1],
      ])
  }

  /// One query that gives ¼ and ¾ to two keys.
  static let q = Tensor.f32([1, 1, 1], [1])
  static let k = Tensor.f32([1, 2, 1], [0, log(3)])
  static let v = Tensor.f32([1, 2, 1], [4, 8])

  @Test func attentionMixesValuesByProbability() throws {
    try expect(
      .attention(Attention(AttentionForm(heads: 1, scale: 1))), [Self.q, Self.k, Self.v],
      gives: [.f32([1, 1, 1], [7])])
    // Twice the query at half the scale.
    try expect(
      .attention(Attention(AttentionForm(heads: 1, scale: 0.5))),
      [.f32([1, 1, 1], [2]), Self.k, Self.v], gives: [.f32([1, 1, 1], [7])])
  }

  /// Scores 0 and log 3; the bias of element 0 makes them equal, that of element 1 hides the second key,
  /// and element 2 has the bias of element 0 again.
  @Test func aBiasIsAddedToTheScaledScores() throws {
    func four(_ x: Tensor) -> Tensor {
      .f32([4] + Array(x.shape.dropFirst()), x.values + x.values + x.values + x.values)
    }
    try expect(
      .attention(Attention(AttentionForm(heads: 1, scale: 0.5, hasBias: true))),
      [
        .f32([4, 1, 1], [2, 2, 2, 2]), four(Self.k), four(Self.v),
        .f32([2, 1, 1, 2], [0, -log(3), 0, -.infinity]),
      ], gives: [.f32([4, 1, 1], [6, 4, 6, 4])])
  }

  /// Head 0 sees keys 0 and log 3, head 1 the reverse.
  @Test func headsOwnTheirColumns() throws {
    try expect(
      .attention(Attention(AttentionForm(heads: 2, scale: 1))),
      [
        .f32([1, 1, 2], [1, 1]), .f32([1, 2, 2], [0, log(3), log(3), 0]),
        .f32([1, 2, 2], [4, 40, 8, 80]),
      ], gives: [.f32([1, 1, 2], [7, 50])])
  }

  /// Queries at positions 1, 2 of 3 keys; with prefix 2, position 1 is an image token.
  @Test func queriesAreTheLastRows() throws {
    let q = Tensor.filled([1, 2, 1])
    let k = Tensor.filled([1, 3, 1])
    let v = Tensor.f32([1, 3, 1], [3, 6, 9])
    for (prefix, expected) in [(0, [4.5, 6]), (2, [4.5, 6]), (3, [6, 6])] {
      try expect(
        .attention(Attention(AttentionForm(heads: 1, scale: 1, prefix: Dimension(prefix)))),
        [q, k, v], gives: [.f32([1, 2, 1], expected)])
    }
  }

  /// p = (¼, ¾), dp = v, Σ p·dp = 7: ds = (−¾, ¾).
  @Test func attentionGradientFollowsTheChainRule() throws {
    try expect(
      .attentionGradient(AttentionGradient(AttentionForm(heads: 1, scale: 0.5))),
      [.f32([1, 1, 1], [2]), Self.k, Self.v, .f32([1, 1, 1], [1])],
      gives: [
        .f32([1, 1, 1], [0.5 * 0.75 * log(3)]), .f32([1, 2, 1], [-0.75, 0.75]),
        .f32([1, 2, 1], [0.25, 0.75]),
      ])
  }

  /// The bias takes ds of every element that it is added to; here two with dy 1 and 2.
  @Test func attentionGradientAddsUpTheBias() throws {
    try expect(
      .attentionGradient(AttentionGradient(AttentionForm(heads: 1, scale: 0.5, hasBias: true))),
      [
        .f32([2, 1, 1], [2, 2]), .f32([2, 2, 1], [0, 0, 0, 0]), .f32([2, 2, 1], [4, 8, 4, 8]),
        .f32([1, 1, 1, 2], [0, log(3)]), .f32([2, 1, 1], [1, 2]),
      ],
      gives: [
        .f32([2, 1, 1], [0, 0]), .f32([2, 2, 1], [-0.75, 0.75, -1.5, 1.5]),
        .f32([2, 2, 1], [0.25, 0.75, 0.5, 1.5]), .f32([1, 1, 1, 2], [-2.25, 2.25]),
      ])
  }

  /// The new row (key log 3, value 8) is written to position 0, then seen beside the prefix.
  @Test func cachedAttentionAppendsThenAttends() throws {
    var graph = Graph()
    let one: [Dimension] = [1, 1, 1]
    let names = ["q", "k", "v", "prefixK", "prefixV", "textK", "textV"]
    var values = names.map { graph.input($0, .f32($0.hasPrefix("text") ? [1, 2, 1] : one)) }
    values.append(graph.input("source", TensorType(.i32, [1])))
    values.append(graph.input("slots", TensorType(.i32, [1, 2])))
    values.append(graph.input("positions", TensorType(.i32, [1])))
    let form = AttentionForm(heads: 1, scale: 1)
    graph.output("y", graph.apply(.cachedAttention(CachedAttention(form)), values)[0])

    let number = { (value: Double) in Tensor.f32([1, 1, 1], [value]) }
    let inputs: [String: Tensor] = [
      "q": number(1), "k": number(log(3)), "v": number(8), "prefixK": number(0),
      "prefixV": number(4), "textK": .f32([1, 2, 1], [50, 60]),
      "textV": .f32([1, 2, 1], [51, 61]),
      "source": .i32([1], [0]), "slots": .i32([1, 2], [0, 0]), "positions": .i32([1], [0]),
    ]
    let results = try Interpreter.run(graph, inputs: inputs)
    #expect(results.keys.sorted() == ["textK", "textV", "y"])
    #expect(try largestDifference(#require(results["y"]), number(7)) <= 1e-12)
    #expect(results["textK"] == .f32([1, 2, 1], [log(3), 60]))
    #expect(results["textV"] == .f32([1, 2, 1], [8, 61]))
  }

  static let mistakes: [(String, [Double], says: String)] = [
    ("source", [0, 2, 0], "source 2"), ("positions", [4], "position 4"),
    ("slots", [0, 0, 0, 0, 0, 1, 3, 1, 0, 2, 2, 2], "slot 3"),
    ("slots", [0, 0, 0, 0, 0, 1, 0, 1, 0, 2, 2, 2], "slot of new row 2"),
  ]

  @Test(arguments: mistakes.indices)
  func cachedAttentionChecksItsIndices(index: Int) throws {
    let (name, values, says) = Self.mistakes[index]
    let sample = try #require(
      OpSamples.of(CachedAttention.mnemonic).first { "\($0)".contains("shared past") })
    var inputs = sample.inputs(seed: 1)
    inputs[name]?.values = values
    let error = try #require(throws: GraphError.self) {
      try Interpreter.run(sample.graph, inputs: inputs)
    }
    #expect(error.message.contains(says), "\(error)")
  }
}
