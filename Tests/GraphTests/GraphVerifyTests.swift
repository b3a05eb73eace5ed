import Graph
import TestSupport
import Testing

@Suite struct GraphVerifyTests {
  /// x, w → %2 = matmul → %3 = scale → output.
  static let good: Graph = {
    var graph = Graph()
    let x = graph.input("x", .f32([.symbol("T"), 4]))
    let w = graph.parameter("w", .f32([5, 4]))
    let y = graph.scale(graph.matMul(x, w, transposeB: true), by: 2)
    graph.output("y", y)
    return graph
  }()

  /// The parts of `good`, to break one.
  struct Parts: Sendable {
    var types = good.types
    var inputs = good.inputs
    var parameters = good.parameters
    var nodes = good.nodes
    var outputs = good.outputs

    var graph: Graph {
      Graph(types: types, inputs: inputs, parameters: parameters, nodes: nodes, outputs: outputs)
    }
  }

  @Test func wholeGraphsAreAccepted() throws {
    try Parts().graph.verify()
    try GIT.logits(.gitMicro(vocabularySize: 200)).verify()
    for sample in OpSamples.all { try sample.graph.verify() }
  }

  static let mistakes: [(says: String, break: @Sendable (inout Parts) -> Void)] = [
    ("input %3 is not defined before its use", { $0.nodes[0].inputs[0] = Value(id: 3) }),
    ("input %2 is not defined before its use", { $0.nodes[0].inputs[0] = Value(id: 2) }),
    ("input %-1 is not defined", { $0.nodes[0].inputs[0] = Value(id: -1) }),
    ("value %2 is not defined in order", { $0.nodes.swapAt(0, 1) }),
    ("value %3 is not defined in order", { $0.nodes[1].results = [Value(id: 2)] }),
    ("value %3 is not defined in order", { $0.nodes[1].results = [Value(id: 3), Value(id: 3)] }),
    ("value %2 is not defined in order", { $0.nodes[0].results = [] }),
    ("value %4 is not defined in order", { $0.types.append(.f32([])) }),
    ("more is defined than the 3 values", { $0.types.removeLast() }),
    ("more is defined than the 4 values", { $0.nodes.append($0.nodes[1]) }),
    ("expected results [f32[T, 5]], found [f32[T, 6]]", { $0.types[3] = .f32([.symbol("T"), 6]) }),
    ("do not multiply", { $0.types[1] = .f32([5, 3]) }),
    ("too many elements", { $0.types[0] = .f32([Dimension(1 << 40), 4]) }),
    ("output 'y' is %9, which is not defined", { $0.outputs[0].value = Value(id: 9) }),
    ("two of output named 'y'", { $0.outputs.append($0.outputs[0]) }),
    ("two of input or parameter named 'x'", { $0.parameters[0].name = "x" }),
    ("is not printable", { $0.outputs[0].name = "" }),
    ("is not printable", { $0.inputs[0].name = "x\n" }),
  ]

  @Test(arguments: mistakes.indices)
  func everyBrokenRuleIsNamed(index: Int) throws {
    let mistake = Self.mistakes[index]
    var parts = Parts()
    mistake.break(&parts)
    let error = try #require(throws: GraphError.self) { try parts.graph.verify() }
    #expect(error.message.contains(mistake.says), "\(error)")
  }
}
