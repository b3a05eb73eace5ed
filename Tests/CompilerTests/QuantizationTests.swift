import Compiler
import Formats
import Graph
import Kernels
import Randomness
import Reference
import Testing

@Suite struct QuantizationTests {
  /// The passes whose numbers these tests bound.
  static let passes = [QuantizeProjections.name, QuantizeAttention.name, HalvePrefix.name]

  /// Integers and scales that the compiler makes of a weight.
  private func quantized(
    _ rows: [[Float]], groups: ProductGroups = .exactly(1)
  ) throws -> (integers: [[Int]], scales: [Float], levels: Int) {
    let columns = rows[0].count
    var graph = Graph()
    let x = graph.input("x", .f32([1, Dimension(columns)]))
    let weight = graph.parameter("w", .f32([Dimension(rows.count), Dimension(columns)]))
    graph.output("y", graph.apply(.linear(Linear(Epilogue())), [x, weight])[0])
    var store = ParameterStore([
      "w": WeightTensor(shape: [rows.count, columns], values: rows.flatMap { $0 })
    ])
    let (after, rewrites) = QuantizeProjections(QuantizationOptions(groups: groups))
      .run(graph, &store)
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
    var generator = SeededRandom(seed: 4)
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

  /// A bell, whose sums seldom reach far; equal weights of one sign, whose sums always do; and one
  /// weight far above the others.
  private static func rows(_ columns: Int) -> [[Float]] {
    var generator = SeededRandom(seed: 9)
    func bell() -> Float {
      (0..<12).reduce(-6) { sum, _ in sum + Float.random(in: 0...1, using: &generator) }
    }
    return [
      (0..<columns).map { _ in bell() }, [Float](repeating: -0.25, count: columns),
      (0..<columns).map { $0 == 5 ? 40 : bell() },
      (0..<columns).map { $0.isMultiple(of: 2) ? 1 : -1 },
    ]
  }

  /// Integers of four bits, multiplied by those of their groups, and scales.
  private func fourBits(
    _ values: [Float], rows: Int
  ) throws -> (integers: [Int8], scales: [Float]) {
    let columns = values.count / rows
    var graph = Graph()
    let x = graph.input("x", .f32([1, Dimension(columns)]))
    let weight = graph.parameter("w", .f32([Dimension(rows), Dimension(columns)]))
    graph.output("y", graph.apply(.linear(Linear(Epilogue())), [x, weight])[0])
    var store = ParameterStore(["w": WeightTensor(shape: [rows, columns], values: values)])
    let pass = QuantizeProjections(QuantizationOptions(stepWeights: .int4), function: "step")
    let after = pass.run(graph, &store).graph
    try #require(after.parameters.map(\.name) == ["w.s4", "w.scales"])
    let integers = store.integers("w.s4")
    try #require(Packing.packS4(integers, rows: rows, columns: columns) != nil)
    return (integers, store.floats("w.scales"))
  }

  /// A group's largest weight is 2.1 deviations on average, and has 7 steps: errors of a twelfth of a step
  /// squared are 1/130 of the weights; whole multipliers and clipping change that by less than half.
  @Test func fourBitsLoseAHundredthOfBellShapedRows() throws {
    let values = Self.rows(768)[0]
    let (integers, scales) = try fourBits(values, rows: 1)
    var (signal, noise) = (0.0, 0.0)
    for (value, integer) in zip(values, integers) {
      let difference = Double(value) - Double(integer) * Double(scales[0])
      signal += Double(value) * Double(value)
      noise += difference * difference
    }
    #expect((0.005...0.012).contains(noise / signal), "\(noise / signal)")
  }

  @Test(arguments: [0, 1e-36, 1, 1e38] as [Float])
  func groupsOfAnySizeHaveFourBits(magnitude: Float) throws {
    var generator = SeededRandom(seed: 14)
    let values = (0..<8 * 64).map { index in
      index / 32 == 3 ? 0 : Float.random(in: -1...1, using: &generator) * magnitude
    }
    let (_, scales) = try fourBits(values, rows: 8)
    #expect(scales.allSatisfy { $0 > 0 && $0.isFinite })
  }

  @Test(arguments: [2, 4, 8, 16], [16, 66, 256])
  func sumsOfGroupsFitSixteenBits(groups: Int, columns: Int) throws {
    let (integers, _, levels) = try quantized(Self.rows(columns), groups: .exactly(groups))
    for row in integers {
      for start in stride(from: 0, to: columns, by: 4 * groups) {
        for lane in [0, 2] {
          let weights = (start..<min(start + 4 * groups, columns)).filter { $0 & 2 == lane }
            .map { row[$0] }
          let (positive, negative) = (
            weights.filter { $0 > 0 }.reduce(0, +), weights.filter { $0 < 0 }.reduce(0, +)
          )
          #expect(levels * max(positive, -negative) <= Int(Int16.max))
        }
      }
      #expect(row.allSatisfy { (-127...127).contains($0) })
    }
  }

  /// Squared errors as a share of the squares of a bell-shaped row.
  ///
  /// Each doubling of the groups asks for sums that are 1/2 and, by the scale searched, weights down to
  /// 1/√2 as fine. One more bit of room than that is allowed for.
  @Test(arguments: [1, 2, 4])
  func boundsCostLittleOfTheWeights(groups: Int) throws {
    let row = Self.rows(768)[0]
    let (integers, scales, _) = try quantized([row], groups: .exactly(groups))
    let noise = zip(row, integers[0]).reduce(0.0) { sum, pair in
      let error = Double(pair.0) - Double(pair.1) * Double(scales[0])
      return sum + error * error
    }
    let signal = row.reduce(0.0) { $0 + Double($1) * Double($1) }
    // Steps of max / 127 with max about 3.3 deviations: 1/12 · (3.3/127)² of the signal.
    let expected = 3.3 * 3.3 / (127 * 127 * 12.0)
    #expect(noise / signal <= 2 * Double(groups) * expected)
    #expect(noise > 0)
  }

  /// Bells of several widths together have few weights near their largest: sums of four seldom reach far.
  ///
  /// Where weights are all of one sign and near their largest every sum does: those lose 6 dB of 45, and 1.1
  /// with activations, where 0.6 are allowed. Zeros lose nothing.
  @Test func longSumsAreChosenWhereWeightsLoseLittle() throws {
    var generator = SeededRandom(seed: 23)
    let bell = Self.rows(16 * 768)[0]
    let bells = (0..<16).map { row in
      bell[row * 768..<(row + 1) * 768].map { $0 * Float.random(in: 0.5...1.5, using: &generator) }
    }
    let flat = (0..<4).map { _ in
      (0..<768).map { _ in Float.random(in: 0.5...1, using: &generator) }
    }
    let zeros = [[Float](repeating: 0, count: 768)]
    for (rows, groups) in [(bells, 4), (flat, 2), (zeros, 4)] {
      let chosen = try quantized(rows, groups: .chosen)
      let exact = try quantized(rows, groups: .exactly(groups))
      #expect(chosen.integers == exact.integers, "\(groups) blocks")
      #expect(chosen.scales == exact.scales)
    }
    // Which of the two it is shows in either.
    for rows in [bells, flat] {
      #expect(
        try quantized(rows, groups: .exactly(4)).integers
          != quantized(rows, groups: .exactly(2)).integers)
    }
  }

  /// The product with the mean row is what it was, up to rounding, with a bias of its own or without.
  @Test(arguments: [true, false])
  func correctedBiasesMakeUpForRoundedWeights(hasBias: Bool) throws {
    let mean = (0..<40).map { Float($0) / 8 - 1 }
    var graph = Graph()
    let x = graph.input("x", .f32([1, 40]))
    let (w, b) = (graph.parameter("w", .f32([6, 40])), graph.parameter("b", .f32([6])))
    graph.output(
      "y",
      graph.apply(.linear(Linear(Epilogue(hasBias: hasBias))), hasBias ? [x, w, b] : [x, w])[0])
    let parameters = TestParameters(graph, seed: 3)
    var store = parameters.store
    let options = QuantizationOptions(groups: .exactly(1), means: ["step": ["w": mean]])
    let (after, _) = QuantizeProjections(options, function: "step").run(graph, &store)
    let tensors = TestParameters.tensors(of: after, store)
    let (integers, scales) = (try #require(tensors["w.s8"]), try #require(tensors["w.scales"]))
    let corrected = try #require(tensors[hasBias ? "b.corrected" : "w.bias.corrected"])
    let (weight, bias) = (try #require(parameters.tensors["w"]), parameters.tensors["b"])
    for n in 0..<6 {
      var (right, found) = (hasBias ? bias?.values[n] ?? 0 : 0, corrected.values[n])
      let uncorrected = found
      for k in 0..<40 {
        right += Double(mean[k]) * weight.values[n * 40 + k]
        found += Double(mean[k]) * integers.values[n * 40 + k] * scales.values[n]
      }
      // The bias is rounded to binary32 once.
      #expect(abs(right - found) <= abs(uncorrected) * 0x1p-23 + 1e-12)
    }
  }

  /// A long row has more to gain from finer steps than one weight loses to clipping.
  @Test func clippingLowersTheErrorOfALongRow() throws {
    var row = Self.rows(20_000)[0]
    let largest = row.map(abs).max() ?? 0
    row[7] = 1.06 * largest
    let (integers, scales, _) = try quantized([row])
    #expect(scales[0] < row[7] / 127)
    func error(_ scale: Float) -> Double {
      row.reduce(0.0) { sum, weight in
        let integer = max(-127, min(127, (weight / scale).rounded(.toNearestOrEven)))
        let error = Double(weight) - Double(integer) * Double(scale)
        return sum + error * error
      }
    }
    let found = zip(row, integers[0]).reduce(0.0) { sum, pair in
      let error = Double(pair.0) - Double(pair.1) * Double(scales[0])
      return sum + error * error
    }
    // The same number in two orders of rounding: w · (1 / s) may round to the other neighbour of a tie.
    #expect(abs(found - error(scales[0])) <= 1e-4 * found)
    for factor in [1, 0.9025, 0.857375] as [Float] {
      #expect(found <= 1.0001 * error(row[7] / 127 * factor))
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
    let (after, rewrites) = QuantizeProjections(QuantizationOptions(groups: .exactly(1)))
      .run(graph, &store)
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
