import Compiler
import Graph
import Reference
import Testing

@Suite struct SplitTests {
  struct Case: Sendable {
    var seed: UInt64
    var images = 2
    var frames = 1
    var temporal = 0
    /// How many text rows each step takes, in order.
    var rows: [Int]
    var layers = 2
    var heads = 2
  }

  static let cases = [
    Case(seed: 1, rows: [1, 1, 1, 1]),
    Case(seed: 2, images: 1, frames: 3, temporal: 4, rows: [1, 1, 1]),
    Case(seed: 3, frames: 2, temporal: 2, rows: [3, 1, 1]),
    Case(seed: 4, rows: [2, 2], layers: 1, heads: 1),
    Case(seed: 5, images: 3, frames: 2, rows: [1, 3], layers: 3, heads: 4),
  ]

  @Test(arguments: cases)
  func encodePrefixAndStepsEqualTheFullGraph(_ test: Case) throws {
    let model = TinyModel(
      seed: test.seed, frames: test.temporal, visionLayers: test.layers, textLayers: test.layers,
      heads: test.heads)
    let lowered = try CaptionerGraphs(model.graph, model.weights, precision: .fp32)
    let length = test.rows.reduce(0, +)
    let pixels = Tensor.random([test.images, test.frames, 3, 8, 8], seed: test.seed + 50)
    let tokens = Tensor.random(.i32, [test.images, length], seed: test.seed + 60, in: 0...12)
    let full = try #require(
      Interpreter.run(
        model.graph, inputs: ["pixels": pixels, "tokens": tokens], parameters: model.parameters)[
          "logits"])

    let features = try #require(
      Interpreter.run(
        lowered.encode,
        inputs: ["pixels": Tensor.f32([test.images * test.frames, 3, 8, 8], pixels.values)],
        parameters: TestParameters.tensors(of: lowered.encode, lowered.parameters))["features"])
    let prefix = try Interpreter.run(
      lowered.prefix, inputs: ["features": features],
      parameters: TestParameters.tensors(of: lowered.prefix, lowered.parameters),
      symbols: ["B": test.images, "F": test.frames])
    #expect(prefix.count == 2 * test.layers)

    let capacity = 8
    let stepParameters = TestParameters.tensors(of: lowered.step, lowered.parameters)
    var state = prefix
    for layer in 0..<test.layers {
      for name in ["text_k", "text_v"] {
        state["\(name).\(layer)"] = .filled([test.images, capacity, 4 * test.heads])
      }
    }
    state["source"] = .i32([test.images], Array(0..<test.images))
    state["slots"] = .i32(
      [test.images, capacity], (0..<test.images).flatMap { [Int](repeating: $0, count: capacity) })
    var past = 0
    for rows in test.rows {
      state["positions"] = .i32([rows], Array(past..<past + rows))
      state["tokens"] = .i32(
        [test.images, rows],
        (0..<test.images).flatMap { image in
          tokens.integers[(image * length + past)..<(image * length + past + rows)]
        })
      let results = try Interpreter.run(lowered.step, inputs: state, parameters: stepParameters)
      let logits = try #require(results["logits"])
      state.merge(results) { _, new in new }
      // Both sides are Double; they differ by the order of sums, of size 1e-15 times their terms.
      for image in 0..<test.images {
        for row in 0..<rows {
          let expected = full.row(image * length + past + row)
          let found = logits.row(image * rows + row)
          for (a, b) in zip(expected, found) { #expect(abs(a - b) <= 1e-9 * max(1, abs(a))) }
        }
      }
      past += rows
    }
  }

  @Test func theLastLayersImageRowsFallAway() throws {
    let model = TinyModel(seed: 9, frames: 0, textLayers: 2)
    let lowered = try CaptionerGraphs(model.graph, model.weights, precision: .fp32)
    func count(_ graph: Graph, _ mnemonic: String) -> Int {
      graph.nodes.count { $0.op.mnemonic == mnemonic }
    }
    // Projection, one whole layer (qkv, output, two of the feed-forward), the last layer's k and v.
    #expect(count(lowered.prefix, "linear") == 1 + 4 + 1)
    #expect(count(lowered.prefix, "attention") == 1)
    #expect(count(lowered.step, "cached_attention") == 2)
    #expect(count(lowered.step, "linear") == 2 * 4 + 1)
    #expect(count(lowered.encode, "attention") == 2)
    #expect(!lowered.step.inputs.contains { $0.name == "pixels" })
  }
}
