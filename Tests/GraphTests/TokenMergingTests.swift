import Graph
import Reference
import TestSupport
import Testing

/// Models that see half as many image tokens after some blocks.
@Suite struct TokenMergingTests {
  private static let configuration = GITConfiguration(
    vision: GITConfiguration.Vision(
      imageSize: 16, patchSize: 4, width: 8, layers: 3, heads: 2, mlpWidth: 16),
    text: GITConfiguration.Text(
      width: 12, layers: 2, heads: 3, mlpWidth: 20, vocabularySize: 11, maximumTextLength: 6),
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
      GIT.logits(Self.configuration, merging: GIT.TokenMerging(afterBlocks: blocks)))
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
}
