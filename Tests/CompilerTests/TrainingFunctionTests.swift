import Compiler
import Formats
import Graph
import Reference
import Testing

@Suite struct TrainingFunctionTests {
  private static let configuration = TinyModel.configuration(layers: 2, frames: 2)

  private static func training(dropout: Float) -> Graph {
    GIT.logits(
      configuration,
      training: TrainingOptions(dropout: dropout, smoothing: Smoothing(form: .kl, amount: 0.1)))
  }

  private static func inputs() -> [String: Tensor] {
    [
      "pixels": .random([2, 2, 3, 8, 8], seed: 1),
      "tokens": .random(.i32, [2, 4], seed: 2, in: 0...12),
      "labels": .i32([2, 4], [1, 2, 3, -1, 4, 5, 6, -1]), "seed": .i32([1], [7]),
    ]
  }

  /// With dropout the rows are dropped as in the graph as written: by their place in it.
  @Test(arguments: [Float(0), 0.2])
  func preparedGraphsHaveTheSameLoss(dropout: Float) throws {
    let graph = Self.training(dropout: dropout)
    let prepared = Compiler.prepareForTraining(graph, outputs: ["loss"])
    try prepared.verify()
    #expect(prepared.outputs.map(\.name) == ["loss"])
    #expect(prepared.nodes.contains { $0.op.mnemonic == Attention.mnemonic })
    #expect(!prepared.nodes.contains { $0.op.mnemonic == Softmax.mnemonic })
    let parameters = TestParameters(graph, seed: 4, magnitude: 0.6).tensors
    let expected = try Interpreter.run(graph, inputs: Self.inputs(), parameters: parameters)
    let found = try Interpreter.run(prepared, inputs: Self.inputs(), parameters: parameters)
    let (a, b) = (try #require(expected["loss"]).values[0], try #require(found["loss"]).values[0])
    #expect(abs(a - b) <= 1e-10 * abs(a))
  }

  @Test func withoutDropoutNobodyComputesTheLastImageRows() {
    let prepared = Compiler.prepareForTraining(Self.training(dropout: 0), outputs: ["loss"])
    let sequence = 5 * Dimension.symbol("F") + .symbol("T")
    // Keys and values alone run over the whole sequence.
    let whole = prepared.nodes.filter {
      prepared.shape($0.results[0]).dropFirst().first == sequence
    }
    #expect(Set(whole.map(\.op.mnemonic)) == [Concat.mnemonic])
    #expect(whole.count == 4)
  }

  @Test func allParametersAreInTheTableInOrder() throws {
    let graph = Self.training(dropout: 0)
    let compiled = Compiler.compileTraining(
      Compiler.prepareForTraining(graph, outputs: ["loss"]), name: "validate")
    #expect(compiled.weights.map(\.name) == graph.parameters.map(\.name))
    var end = 0
    for weight in compiled.weights {
      #expect(weight.offset % 64 == 0)
      #expect(weight.offset >= end && weight.offset < end + 64)
      end = weight.offset + weight.byteCount
    }
    #expect(end == compiled.weightByteCount)
    let plan = Plan(
      producer: "test", functions: [compiled.function], weights: compiled.weights, model: nil)
    _ = try LoadedPlan(
      plan, weights: [UInt8](repeating: 0, count: compiled.weightByteCount), place: "test")
    #expect(compiled.function.inputs.map(\.name) == graph.inputs.map(\.name))
  }

  @Test func parametersThatNobodyReadsAreInTheTableToo() {
    var graph = Graph()
    let used = graph.parameter("used", .f32([3]))
    _ = graph.parameter("unused", .f32([2, 2]))
    graph.output("loss", graph.sum(used, axes: [0]))
    let compiled = Compiler.compileTraining(graph, name: "train")
    #expect(compiled.weights.map(\.name) == ["used", "unused"])
    #expect(compiled.function.tensors.compactMap(\.weight) == [0])
  }

  /// The derivative of an activation reads what went into it.
  @Test func whatABackwardPassReadsStaysApart() {
    var graph = Graph()
    let x = graph.input("x", .f32([.symbol("B"), 4]))
    let (w, b) = (graph.parameter("w", .f32([3, 4])), graph.parameter("b", .f32([3])))
    let before = graph.add(graph.matMul(x, w, transposeB: true), b)
    let after = graph.gelu(before, .erf)
    graph.output("y", after)
    graph.output("dx", graph.apply(.geluGradient(GeluGradient(form: .erf)), [before, after])[0])
    let function = Compiler.compileTraining(graph, name: "train").function
    #expect(function.steps.map(\.opcode) == [.linear, .gelu, .geluGradient])
    #expect(function.steps[0].hasBias && function.steps[0].activation == .none)
  }
}
