import Foundation
import Graph
import Reference
import TestSupport
import Testing

/// Models that see half as many image tokens after some blocks or layers.
@Suite struct TokenReductionTests {
  private static let configuration = GITConfiguration(
    vision: GITConfiguration.Vision(
      imageSize: 16, patchSize: 4, width: 8, layers: 3, heads: 2, mlpWidth: 16),
    text: GITConfiguration.Text(
      width: 12, layers: 3, heads: 3, mlpWidth: 20, vocabularySize: 11, maximumTextLength: 6),
    frames: 2)

  /// What goes into each block, and what comes out of the last.
  private func streams(_ graph: Graph) throws -> [Tensor] {
    var graph = graph
    let vision = "git.image_encoder.vision_model"
    let norms =
      (0..<3).map { "\(vision).encoder.layers.\($0).layer_norm1.weight" }
      + ["\(vision).post_layernorm.weight"]
    for name in norms {
      let gamma = try #require(graph.parameters.first { $0.name == name }).value
      let norm = try #require(graph.nodes.first { $0.inputs.contains(gamma) })
      graph.output(name, norm.inputs[0])
    }
    let results = try Interpreter.run(
      graph,
      inputs: [
        "pixels": .random([1, 2, 3, 16, 16], seed: 5), "tokens": .i32([1, 3], [1, 7, 2]),
      ], parameters: GITReferenceTests.weights(graph))
    #expect(results["logits"]?.shape == [1, 3, 11])
    return try norms.map { try #require(results[$0]) }
  }

  @Test(arguments: [1, 2])
  func neighboursOfARowBecomeTheirMeanAndTheClassTokenStays(blocks: Int) throws {
    let whole = try streams(GIT.logits(Self.configuration))
    let merged = try streams(
      GIT.logits(Self.configuration, reduction: GIT.TokenReduction(mergeAfterBlocks: blocks)))
    for block in 0..<4 {
      #expect(whole[block].shape == [2, 17, 8])
      // The norm of the block that merges sees what was merged.
      #expect(merged[block].shape == [2, block < blocks ? 17 : 9, 8])
      if block < blocks { #expect(merged[block].values == whole[block].values) }
    }
    let (from, to) = (whole[blocks].values, merged[blocks].values)
    for frame in 0..<2 {
      for token in 0..<9 {
        for channel in 0..<8 {
          let found = to[(frame * 9 + token) * 8 + channel]
          func value(_ token: Int) -> Double { from[(frame * 17 + token) * 8 + channel] }
          let expected =
            token == 0 ? value(0) : (value(2 * token - 1) + value(2 * token)) / 2
          #expect(found == expected)
        }
      }
    }
  }

  private static let start = "git.encoder.layer"
  private static let inputs: [String: Tensor] = [
    "pixels": .random([1, 2, 3, 16, 16], seed: 5), "tokens": .i32([1, 3], [1, 7, 2]),
  ]

  /// What goes into each layer of the decoder: all its rows.
  private func decoderRows(
    _ reduction: GIT.TokenReduction
  ) throws -> (rows: [Tensor], weights: [String: Tensor]) {
    var graph = GIT.logits(Self.configuration, reduction: reduction)
    for layer in 0..<3 {
      let weight = try #require(
        graph.parameters.first { $0.name == "\(Self.start).\(layer).attention.self.query.weight" })
      let projection = try #require(graph.nodes.first { $0.inputs.contains(weight.value) })
      graph.output("\(layer)", projection.inputs[0])
    }
    let weights = GITReferenceTests.weights(graph)
    let results = try Interpreter.run(graph, inputs: Self.inputs, parameters: weights)
    #expect(results["logits"]?.shape == [1, 3, 11])
    return (try (0..<3).map { try #require(results["\($0)"]) }, weights)
  }

  /// What the class tokens of two frames of 17 tokens pay each token: softmax(q · k / √4) by its
  /// definition, added up over both and three heads.
  private func attention(
    _ rows: Tensor, _ weights: [String: Tensor], layer: Int
  ) throws -> [Double] {
    func projected(_ name: String, _ row: Int) throws -> [Double] {
      let name = "\(Self.start).\(layer).attention.self.\(name)"
      let weight = try #require(weights["\(name).weight"]).values
      let bias = try #require(weights["\(name).bias"]).values
      let x = rows.values[row * 12..<(row + 1) * 12]
      return (0..<12).map { column -> Double in
        let w = weight[column * 12..<(column + 1) * 12]
        return zip(x, w).reduce(bias[column]) { $0 + $1.0 * $1.1 }
      }
    }
    let keys = try (0..<34).map { try projected("key", $0) }
    var sums = [Double](repeating: 0, count: 34)
    for frame in 0..<2 {
      let query = try projected("query", frame * 17)
      for head in 0..<3 {
        let columns = head * 4..<head * 4 + 4
        let powers = keys.map { key -> Double in
          let product = zip(query[columns], key[columns]).reduce(0.0) { $0 + $1.0 * $1.1 }
          return exp(product / 2)
        }
        let sum = powers.reduce(0, +)
        for token in 0..<34 { sums[token] += powers[token] / sum }
      }
    }
    return sums
  }

  @Test(arguments: [1, 2])
  func theHalfThatClassTokensAttendToStaysInItsOrder(layers: Int) throws {
    let whole = try decoderRows(.none)
    let dropped = try decoderRows(GIT.TokenReduction(dropAfterLayers: layers))
    for layer in 0..<3 {
      #expect(dropped.rows[layer].shape == [1, (layer < layers ? 34 : 18) + 3, 12])
      if layer < layers { #expect(dropped.rows[layer].values == whole.rows[layer].values) }
    }
    let scores = try attention(
      whole.rows[layers - 1], whole.weights, layer: layers - 1)
    let kept = scores.indices.sorted { scores[$0] > scores[$1] }.prefix(18).sorted()
    let all = whole.rows[layers].values
    let expected = (kept + [34, 35, 36]).flatMap { all[$0 * 12..<($0 + 1) * 12] }
    #expect(dropped.rows[layers].values == expected)
  }
}
