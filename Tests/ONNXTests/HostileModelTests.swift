import Diagnostics
import Graph
import Testing

@testable import ONNX

/// Models that no exporter writes: each is an error that says why, and none traps or takes much memory.
@Suite struct HostileModelTests {
  /// Imports a model of these nodes from `x` f32[B, 4] to `y`.
  private func model(
    _ nodes: [ONNXNode], _ constants: [ONNXTensor] = [], input: [ONNXPort.Axis]? = nil,
    name: String = "x", output: String = "y"
  ) throws -> Graph {
    let graph = ONNXGraph(
      name: "test", nodes: nodes, initializers: constants,
      inputs: [ONNXPort(name: name, type: .float, shape: input ?? [.symbol("B"), .length(4)])],
      outputs: [ONNXPort(name: output, type: .float, shape: [])])
    var importer = ONNXImporter(place: "test")
    try importer.run(ONNXModel(opset: 17, graph: graph))
    return importer.graph
  }

  /// The error that importing it gives.
  private func error(
    _ nodes: [ONNXNode], _ constants: [ONNXTensor] = [], input: [ONNXPort.Axis]? = nil,
    name: String = "x", output: String = "y"
  ) -> String {
    let error = #expect(throws: InputError.self) {
      try model(nodes, constants, input: input, name: name, output: output)
    }
    return error.map { "\($0)" } ?? ""
  }

  private func node(
    _ op: String, _ inputs: [String], _ output: String = "y",
    _ attributes: [String: ONNXAttribute] = [:]
  ) -> ONNXNode {
    ONNXNode(op: op, name: "n", inputs: inputs, outputs: [output], attributes: attributes)
  }

  private func ints(_ name: String, _ values: [Int], _ shape: [Int]? = nil) -> ONNXTensor {
    ONNXTensor(name: name, shape: shape ?? [values.count], elements: .ints(values))
  }

  private func floats(_ name: String, _ shape: [Int]) -> ONNXTensor {
    ONNXTensor(
      name: name, shape: shape,
      elements: .floats([Float](repeating: 0.5, count: shape.reduce(1, *))))
  }

  @Test func shapesKeepTheLimits() {
    #expect(error([], input: [.length(1 << 24), .length(1 << 24)]).contains("too many elements"))
    #expect(
      error([], input: [ONNXPort.Axis](repeating: .length(1), count: 9)).contains("at most 8 axes"))
    #expect(error([], input: [.symbol("inf")]).contains("no identifier"))
    #expect(error([], input: [.length(0)]).contains("axes of 1 to"))
    let empty = ints("c", [], [0, 1 << 62, 1 << 62])
    #expect(error([], [empty]).contains("initializer 0 'c'"))
    for shape in [
      [1 << 41], [1 << 21, 1 << 21], [-5], [Int](repeating: 1, count: 9), [.min, .max],
    ] {
      let text = error([node("ConstantOfShape", ["c"])], [ints("c", shape)])
      #expect(text.contains("node 0 'n' (ConstantOfShape)"), "\(text)")
    }
    #expect(error([node("Expand", ["x", "c"])], [ints("c", [1 << 41, 4])]).contains("too large"))
    #expect(error([node("Reshape", ["x", "c"])], [ints("c", [-1, -1])]).contains("below 0"))
    #expect(
      error([node("Reshape", ["x", "c"])], [ints("c", [1 << 40, 1 << 40, -1])])
        .contains("too many elements"))
  }

  @Test(arguments: [
    ("Add", Int.max, 1), ("Sub", Int.min, 1), ("Mul", Int.max, 2), ("Div", Int.min, -1),
    ("Neg", Int.min, 0),
  ])
  func integersThatOverflowAreRefused(op: String, a: Int, b: Int) {
    let inputs = op == "Neg" ? ["a"] : ["a", "b"]
    let text = error([node(op, inputs)], [ints("a", [a]), ints("b", [b])])
    #expect(text.contains("too large"), "\(text)")
  }

  /// Whatever two integers are, comparing them and dividing with a rest has a result.
  @Test func extremeIntegersAreCompared() throws {
    let extremes = [Int.min, -1, 1, .max]
    for a in extremes {
      for b in extremes {
        let (x, y) = (Known(Dimension(a)), Known(Dimension(b)))
        #expect(try Known.comparison(x, y) { $0 < 0 }.elements == .bools([a < b]))
        #expect(Dimension(a).sign(minus: Dimension(b)) == (a == b ? 0 : a < b ? -1 : 1))
        if let quotient = Dimension(a).dividedExactly(by: Dimension(b)) {
          #expect(quotient.times(Dimension(b)) == Dimension(a))
        }
      }
    }
    let constants = [ints("a", [.min]), ints("b", [-1])]
    let graph = try model([node("Mod", ["a", "b"])], constants)
    #expect(graph.nodes.map(\.op) == [.constant(Constant(value: 0, shape: [1]))])
  }

  /// (B + 1)^2, ^4, ^8, …: a polynomial of ever more terms.
  @Test func polynomialsStaySmall() {
    var nodes = [
      node("Shape", ["x"], "s"), node("Gather", ["s", "zero"], "b"),
      node("Add", ["b", "one"], "p0"),
    ]
    for index in 0..<8 { nodes.append(node("Mul", ["p\(index)", "p\(index)"], "p\(index + 1)")) }
    let text = error(nodes, [ints("zero", [0], []), ints("one", [1], [])])
    #expect(text.contains("too large"), "\(text)")
  }

  @Test func constantsOfDifferentShapesAreNotJoined() {
    let shapes = [[2, 3], [5, 3], [6], [2, 3, 1]]
    for (first, second) in [(0, 1), (0, 2), (2, 0), (0, 3), (3, 0)] {
      let nodes = [
        node("Identity", ["a"], "c"), node("Concat", ["a", "b"], "y", ["axis": .int(1)]),
      ]
      let constants = [("a", first), ("b", second)].map { name, index in
        ints(name, [Int](repeating: 1, count: shapes[index].reduce(1, *)), shapes[index])
      }
      let text = error(nodes, constants)
      #expect(text.contains("(Concat)"), "\(text)")
    }
  }

  @Test func partsLieWithinTheWhole() throws {
    let table = ints("a", [1, 2, 3, 4])
    #expect(error([node("Gather", ["a", "i"])], [table, ints("i", [4])]).contains("index 4 of 4"))
    #expect(
      error([node("Gather", ["a", "i"])], [table, ints("i", [.min, 0])]).contains("of 4"))
    let halves = ONNXNode(op: "Split", name: "n", inputs: ["a", "s"], outputs: ["y", "z"])
    #expect(error([halves], [table, ints("s", [-1, 5])]).contains("a split of 4"))
    #expect(error([halves], [table, ints("s", [.max, .max])]).contains("a split of 4"))
    let slice = ONNXNode(op: "Slice", name: "n", inputs: ["x", "s", "e", "i"], outputs: [])
    #expect(
      error([slice], [ints("s", [1, 1]), ints("e", [2, 2]), ints("i", [0, 0])])
        .contains("an axis twice"))
    let one = ints("a", [1], [1, 1])
    for (diagonal, value) in [(Int.min, 1), (.max, 0)] as [(Int, Float)] {
      let graph = try model([node("Trilu", ["a", "k"])], [one, ints("k", [diagonal], [])])
      #expect(graph.nodes.map(\.op) == [.constant(Constant(value: value, shape: [1, 1]))])
    }
    let value = ONNXTensor(name: "", shape: [0], elements: .floats([]))
    #expect(
      error([node("ConstantOfShape", ["a"], "y", ["value": .tensor(value)])], [table])
        .contains("a value of 0 elements"))
  }

  /// A few bytes ask for 2^38 elements, or for 2^20 again and again.
  @Test func littleDoesNotBecomeMuch() {
    let small = ints("a", [0, 1], [2, 1])
    let text = error(
      [node("Expand", ["a", "s"], "b"), node("Trilu", ["b"])], [small, ints("s", [2, 1 << 38])])
    #expect(text.contains("made of 2, more than"), "\(text)")

    var nodes = [node("Mul", ["v", "c"], "p0")]
    for index in 0..<200 {
      nodes.append(node("Add", ["p\(index)", "c"], "p\(index + 1)"))
    }
    let constants = [floats("v", [1, 512]), floats("c", [512, 1])]
    #expect(error(nodes, constants).contains("more to compute"))
  }

  /// Beside an axis of length 0 others may have any, and there is nothing to walk over.
  @Test(arguments: [[0xa2_0000_0003, 0], [1 << 40, 1 << 40, 0]])
  func nothingHasNoPlacesHoweverLongItsAxes(_ lengths: [Int]) {
    let text = error(
      [node("ConstantOfShape", ["s"], "o"), node("Trilu", ["o"], "l"), node("Add", ["x", "l"])],
      [ints("s", lengths)])
    #expect(!text.isEmpty)
  }

  @Test func namesAreDefinedOnce() {
    let twice = [node("Identity", ["x"], "a"), node("Identity", ["x"], "a")]
    #expect(error(twice).contains("'a', which is defined before"))
    #expect(error([], [floats("c", [1]), floats("c", [1])]).contains("initializer 1 'c'"))
  }

  @Test func messagesAreShortWhateverNamesAre() {
    let long = String(repeating: "a", count: 1 << 20)
    // One character of a million scalars.
    let tall = "a" + String(repeating: "\u{301}", count: 1 << 20)
    for name in [long, tall] {
      for text in [
        error([], name: name), error([node("Identity", ["x"])], output: name),
        error([node(name, ["x"])]), error([node("Identity", [name])]),
        error([], [floats(name, [1]), floats(name, [1])]),
      ] {
        #expect(text.utf8.count < 10_000 && text.contains("test, "), "\(text.prefix(200))")
      }
    }
  }
}
