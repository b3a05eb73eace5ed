import Compiler
import Formats
import Graph
import Reference
import Testing

@Suite struct QuantizationTests {
  /// Integers and scales that the compiler makes of a weight.
  private func quantized(
    _ rows: [[Float]]
  ) throws -> (integers: [[Int]], scales: [Float], levels: Int) {
    let columns = rows[0].count
    var graph = Graph()
    let x = graph.input("x", .f32([1, Dimension(columns)]))
    let weight = graph.parameter("w", .f32([Dimension(rows.count), Dimension(columns)]))
    graph.output("y", graph.apply(.linear(Linear(Epilogue())), [x, weight])[0])
    var store = ParameterStore([
      "w": WeightTensor(shape: [rows.count, columns], values: rows.flatMap { $0 })
    ])
    let (after, rewrites) = QuantizeProjections().run(graph, &store)
    try #require(rewrites == 1)
    try #require(after.parameters.map(\.name) == ["w.s8", "w.scales"])
    let flat = store.integers("w.s8").map { Int($0) }
    let integers = (0..<rows.count).map { Array(flat[$0 * columns..<($0 + 1) * columns]) }
    return (integers, store.floats("w.scales"), 127)
  }

  @Test func rowsAreScaledByTheirLargestMagnitude() throws {
    let padding = [Float](repeating: 0, count: 12)
    let (integers, scales, _) = try quantized([
      [127, -127, 1, 0] + padding, [-2, 1, 0.5, 0.25] + padding, [0, 0, 0, 0] + padding,
    ])
    #expect(scales == [1, 2 / Float(127), 1])
    #expect(Array(integers[0].prefix(4)) == [127, -127, 1, 0])
    #expect(Array(integers[1].prefix(4)) == [-127, 64, 32, 16])  // 63.5, 31.75 and 15.875
    #expect(integers[2] == [Int](repeating: 0, count: 16))
  }

  /// Their scale has no finite inverse.
  @Test func rowsTooSmallToScaleAreZeros() throws {
    for magnitude in [1e-36, Float.leastNonzeroMagnitude * 70_000, Float.leastNonzeroMagnitude]
      as [Float]
    {
      let (integers, scales, _) = try quantized([
        [magnitude, -magnitude] + .init(repeating: 0, count: 14)
      ])
      #expect(scales == [1])
      #expect(integers[0].allSatisfy { $0 == 0 })
    }
  }

  @Test func halvesAreRoundedToEven() throws {
    let row: [Float] =
      [127, 0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 126.5] + .init(repeating: 0, count: 8)
    let (integers, _, _) = try quantized([row])
    #expect(Array(integers[0].prefix(8)) == [127, 0, 2, 2, 0, -2, -2, 126])
  }

  /// Two neighbouring products of a 7-bit activation and a weight fit an int16, whatever the weights.
  @Test func integersKeepPairsOfProductsWithinSixteenBits() throws {
    var generator = SeededGenerator(seed: 4)
    for magnitude in [1e-25, 1e-3, 1, 1e38] as [Float] {
      let rows = (0..<4).map { _ in
        (0..<64).map { _ in Float.random(in: -1...1, using: &generator) * magnitude }
      }
      let (integers, scales, levels) = try quantized(rows)
      #expect(integers.joined().allSatisfy { (-127...127).contains($0) })
      #expect(2 * levels * 127 <= Int(Int16.max))
      for (row, (found, scale)) in zip(rows, zip(integers, scales)) {
        for (value, integer) in zip(row, found) {
          // Half a step, and the rounding of the step itself.
          #expect(abs(Double(value) - Double(integer) * Double(scale)) <= Double(scale) * 0.5001)
        }
      }
    }
  }

  struct Case: Sendable, CustomTestStringConvertible {
    var activation = Activation.none
    var hasNorm = false
    var hasResidual = false
    var magnitude = 1.0
    var testDescription: String {
      "\(activation), norm \(hasNorm), residual \(hasResidual), magnitude \(magnitude)"
    }
  }

  static let cases =
    Activation.allCases.map { Case(activation: $0) }
    + [
      Case(hasNorm: true), Case(hasNorm: true, hasResidual: true), Case(hasResidual: true),
      Case(magnitude: 1e4), Case(activation: .geluErf, hasNorm: true, magnitude: 1e-3),
    ]

  /// Each product x·w is off by at most |x| half a weight's step, |w| half a row's step, and both.
  @Test(arguments: cases)
  func quantizedProjectionsAreWithinTheirBoundOfTheFloatOnes(_ test: Case) throws {
    let (inputs, outputs): (Dimension, Dimension) = (40, 6)
    var graph = Graph()
    let x = graph.input("x", .f32([.symbol("B"), .symbol("T"), inputs]))
    let (w, b) = (
      graph.parameter("w", .f32([outputs, inputs])), graph.parameter("b", .f32([outputs]))
    )
    var rows = x
    if test.hasNorm {
      let (gamma, beta) = (
        graph.parameter("gamma", .f32([inputs])), graph.parameter("beta", .f32([inputs]))
      )
      rows = graph.layerNorm(x, gamma: gamma, beta: beta, epsilon: 1e-5)
    }
    let residual =
      test.hasResidual
      ? [graph.input("r", .f32([.symbol("B"), .symbol("T"), outputs]))] : []
    let epilogue = Epilogue(
      hasBias: true, activation: test.activation, hasResidual: test.hasResidual)
    graph.output("y", graph.apply(.linear(Linear(epilogue)), [rows, w, b] + residual)[0])
    graph.output("rows", rows)

    let parameters = TestParameters(graph, seed: 3, magnitude: test.magnitude)
    var store = parameters.store
    let (after, rewrites) = QuantizeProjections().run(graph, &store)
    #expect(rewrites == (test.hasNorm ? 2 : 1))
    let given = parameters.inputs(seed: 5)
    let expected = try Interpreter.run(graph, inputs: given, parameters: parameters.tensors)
    let found = try Interpreter.run(
      after, inputs: given, parameters: TestParameters.tensors(of: after, store))
    let (y, z) = (try #require(expected["y"]), try #require(found["y"]))
    let (float, weight) = (try #require(expected["rows"]), try #require(parameters.tensors["w"]))
    #expect(found["rows"] == float)
    for row in 0..<y.rowCount {
      let xs = float.row(row).map(abs)
      let step = (max(0, float.row(row).max() ?? 0) - min(0, float.row(row).min() ?? 0)) / 127
      for column in 0..<y.width {
        let ws = weight.row(column).map(abs)
        let weightStep = (ws.max() ?? 0) / 127
        let bound = zip(xs, ws).reduce(0) { sum, pair in
          sum + pair.0 * weightStep / 2 + pair.1 * step / 2 + step * weightStep / 4
        }
        let (a, c) = (y.values[row * y.width + column], z.values[row * y.width + column])
        // No GELU is steeper than 1.13; steps and scales are binary32, 2^-24 off.
        #expect(abs(a - c) <= 1.13 * bound * 1.0001)
        // A bound of the size of the terms themselves would let everything pass.
        let terms = zip(xs, ws).reduce(0) { $0 + $1.0 * $1.1 }
        #expect(bound < 0.1 * terms)
      }
    }
  }
}
