import Graph
import Reference
import TestSupport
import Testing

@Suite struct InterpreterTests {
  static let (b, t) = (Dimension.symbol("B"), Dimension.symbol("T"))

  /// x [B, 2·T + 1] + w [B].
  static let graph: Graph = {
    var graph = Graph()
    let x = graph.input("x", .f32([b, 2 * t + 1]))
    let w = graph.parameter("w", .f32([b, 1]))
    graph.output("y", graph.add(x, w))
    return graph
  }()

  @Test func symbolsFollowFromShapes() throws {
    let y = try Interpreter.run(
      Self.graph, inputs: ["x": matrix([1, 2, 3], [4, 5, 6])],
      parameters: ["w": matrix([10], [20])])
    #expect(y == ["y": matrix([11, 12, 13], [24, 25, 26])])
  }

  @Test func symbolsThatNothingTellsAreNamed() throws {
    var graph = Graph()
    let x = graph.input("x", .f32([Self.b * Self.t]))
    graph.output("y", x)
    let inputs = ["x": vector(1, 2, 3, 4)]
    let error = try #require(throws: GraphError.self) { try Interpreter.run(graph, inputs: inputs) }
    #expect(error.message.contains("B*T"))
    #expect(
      try Interpreter.run(graph, inputs: inputs, symbols: ["B": 2]) == ["y": vector(1, 2, 3, 4)])
    #expect(throws: GraphError.self) {
      try Interpreter.run(graph, inputs: inputs, symbols: ["B": 3])
    }
  }

  static let mistakes: [(inputs: [String: Tensor], parameters: [String: Tensor], says: String)] = [
    ([:], ["w": matrix([1])], "input 'x' is not given"),
    (["x": matrix([1, 2, 3])], [:], "parameter 'w' is not given"),
    (["x": matrix([1, 2])], ["w": matrix([1])], "nothing tells the symbols"),
    (["x": matrix([1, 2, 3])], ["w": matrix([1], [2])], "expected f32[B, 1], found f32[2, 1]"),
    (["x": .i32([1, 3], [1, 2, 3])], ["w": matrix([1])], "found i32[1, 3]"),
  ]

  @Test(arguments: mistakes.indices)
  func tensorsThatDoNotFitAreRefused(index: Int) throws {
    let mistake = Self.mistakes[index]
    let error = try #require(throws: GraphError.self) {
      try Interpreter.run(Self.graph, inputs: mistake.inputs, parameters: mistake.parameters)
    }
    #expect(error.message.contains(mistake.says), "\(error)")
  }

  @Test func equalSeedsGiveEqualTensors() {
    #expect(Tensor.random([3], seed: 5) == Tensor.random([3], seed: 5))
    #expect(Tensor.random([3], seed: 5) != Tensor.random([3], seed: 6))
    let x = Tensor.random([1000], seed: 1, in: -3...2)
    #expect(x.values.allSatisfy { (-3...2).contains($0) && $0 == Double(Float($0)) })
    let ids = Tensor.random(.i32, [1000], seed: 1, in: 0...4)
    #expect(Set(ids.values) == [0, 1, 2, 3, 4])
  }

  @Test func differenceSeesEveryKindOfMismatch() {
    #expect(largestDifference(vector(1, .nan), vector(1.5, .nan)) == 0.5)
    #expect(largestDifference(vector(.nan), vector(1)) == .infinity)
    #expect(largestDifference(vector(.infinity), vector(-.infinity)) == .infinity)
    #expect(largestDifference(vector(.infinity), vector(.infinity)) == 0)
    #expect(largestDifference(vector(1), matrix([1])) == .infinity)
  }
}
