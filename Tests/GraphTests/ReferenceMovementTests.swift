import Graph
import Reference
import TestSupport
import Testing

@Suite struct ReferenceMovementTests {
  static let x = matrix([1, 2, 3], [4, 5, 6])

  @Test func reshapeKeepsTheOrder() throws {
    try expect(
      .reshape(Reshape(shape: [3, 2])), [Self.x], gives: [matrix([1, 2], [3, 4], [5, 6])])
    try expect(
      .reshape(Reshape(shape: [2, 1])), [.i32([2], [7, 8])], gives: [.i32([2, 1], [7, 8])])
  }

  @Test func transposeMovesAxes() throws {
    try expect(
      .transpose(Transpose(permutation: [1, 0])), [Self.x],
      gives: [matrix([1, 4], [2, 5], [3, 6])])
    // Result axis i is input axis permutation[i]: [2, 1, 3] by [2, 0, 1] is [3, 2, 1].
    try expect(
      .transpose(Transpose(permutation: [2, 0, 1])), [.f32([2, 1, 3], Self.x.values)],
      gives: [.f32([3, 2, 1], [1, 4, 2, 5, 3, 6])])
  }

  @Test func concatPutsInputsInARow() throws {
    let y = matrix([7], [8])
    try expect(
      .concat(Concat(axis: 1)), [Self.x, y, y],
      gives: [matrix([1, 2, 3, 7, 7], [4, 5, 6, 8, 8])])
    try expect(
      .concat(Concat(axis: 0)), [y, y], gives: [matrix([7], [8], [7], [8])])
  }

  @Test func sliceTakesARange() throws {
    try expect(
      .slice(Slice(axis: 1, start: 1, end: 3)), [Self.x], gives: [matrix([2, 3], [5, 6])])
    try expect(.slice(Slice(axis: 0, start: 1, end: 1)), [Self.x], gives: [.f32([0, 3], [])])
  }

  @Test func sliceOutsideTheAxisThrows() throws {
    var graph = Graph()
    let x = graph.input("x", .f32([3]))
    graph.output("y", graph.slice(x, axis: 0, from: 0, to: .symbol("T")))
    let inputs = ["x": vector(1, 2, 3)]
    #expect(try Interpreter.run(graph, inputs: inputs, symbols: ["T": 2])["y"] == vector(1, 2))
    #expect(throws: GraphError.self) {
      try Interpreter.run(graph, inputs: inputs, symbols: ["T": 4])
    }
  }

  @Test func padPutsZerosAround() throws {
    try expect(
      .pad(Pad(axis: 1, before: 1, after: 2)), [Self.x],
      gives: [matrix([0, 1, 2, 3, 0, 0], [0, 4, 5, 6, 0, 0])])
    try expect(
      .pad(Pad(axis: 0, before: 0, after: 1)), [Self.x],
      gives: [matrix([1, 2, 3], [4, 5, 6], [0, 0, 0])])
  }

  @Test func broadcastRepeats() throws {
    try expect(
      .broadcast(Broadcast(shape: [2, 2, 2])), [matrix([1], [2])],
      gives: [.f32([2, 2, 2], [1, 1, 2, 2, 1, 1, 2, 2])])
  }

  /// One image of two channels, 2 × 5, patches of 2: the fifth column is dropped.
  @Test func patchesAreChannelRowColumn() throws {
    let pixels = Tensor.f32(
      [1, 2, 2, 5], [1, 2, 3, 4, 0, 5, 6, 7, 8, 0, 11, 12, 13, 14, 0, 15, 16, 17, 18, 0])
    try expect(
      .patches(Patches(PatchForm(size: 2))), [pixels],
      gives: [.f32([1, 2, 8], [1, 2, 5, 6, 11, 12, 15, 16, 3, 4, 7, 8, 13, 14, 17, 18])])
  }

  /// 1 × 2 patches down and across: patches go row by row.
  @Test func patchesGoRowByRow() throws {
    try expect(
      .patches(Patches(PatchForm(size: 1))), [.f32([2, 1, 2, 2], [1, 2, 3, 4, 5, 6, 7, 8])],
      gives: [.f32([2, 4, 1], [1, 2, 3, 4, 5, 6, 7, 8])])
  }

  /// 2 × 3 with a border of zeros, patches of 3 by 2: two across, each with the border's corner.
  @Test func patchesOverlapAndSeeZerosAround() throws {
    let form = PatchForm(size: 3, stride: 2, padding: 1)
    try expect(
      .patches(Patches(form)), [.f32([1, 1, 2, 3], [1, 2, 3, 4, 5, 6])],
      gives: [.f32([1, 2, 9], [0, 0, 0, 0, 1, 2, 0, 4, 5, 0, 0, 0, 2, 3, 0, 5, 6, 0])])
  }

  /// The same with two channels, which stand inside: (row, column, channel).
  @Test func patchesWithChannelsLast() throws {
    let form = PatchForm(size: 2, stride: 1, channelsLast: true)
    try expect(
      .patches(Patches(form)), [.f32([1, 2, 3, 2], (1...12).map { Double($0) })],
      gives: [.f32([1, 2, 8], [1, 2, 3, 4, 7, 8, 9, 10, 3, 4, 5, 6, 9, 10, 11, 12])])
  }

  /// 1 × 3, patches of 2 by 1 of a row with padding: the middle is in two patches of each row.
  @Test func patchesGradientAddsWhatOverlaps() throws {
    let form = PatchForm(size: 2, stride: 1, padding: 1)
    try expect(
      .patchesGradient(PatchesGradient(form, of: [1, 1, 1, 3])),
      [.f32([1, 8, 4], (0..<32).map { Double($0) })],
      // Row 0 of the map: elements 2, 3 of patches 0 ... 3, elements 0, 1 of patches 4 ... 7.
      gives: [.f32([1, 1, 1, 3], [3 + 6 + 17 + 20, 7 + 10 + 21 + 24, 11 + 14 + 25 + 28])])
  }

  /// A window of 2: down and across one row of 3 offsets each; the middle, 4, is the token itself.
  @Test func relativeIndexCountsOffsets() throws {
    try expect(
      .relativeIndex(RelativeIndex(window: 2)), [],
      gives: [.i32([4, 4], [4, 3, 1, 0, 5, 4, 2, 1, 7, 6, 4, 3, 8, 7, 5, 4])])
  }

  /// A map of 2 × 4 rolled by one, in two windows.
  ///
  /// Down there is one window, of which the second row came round; across only the second window has a
  /// column that did.
  @Test func windowMaskHidesWhatCameRound() throws {
    let no = -Double.infinity
    try expect(
      .windowMask(WindowMask(height: 2, width: 4, window: 2, shift: 1)), [],
      gives: [
        .f32(
          [2, 4, 4],
          [0, 0, no, no, 0, 0, no, no, no, no, 0, 0, no, no, 0, 0]
            + [0, no, no, no, no, 0, no, no, no, no, 0, no, no, no, no, 0])
      ])
  }

  @Test func embeddingPicksRows() throws {
    try expect(
      .embedding(Embedding()), [Self.x, .i32([1, 3], [1, 0, 1])],
      gives: [.f32([1, 3, 3], [4, 5, 6, 1, 2, 3, 4, 5, 6])])
  }

  @Test(arguments: [-1, 2])
  func embeddingOfAnUnknownIdThrows(id: Int) {
    #expect(throws: GraphError.self) {
      try evaluate(.embedding(Embedding()), [Self.x, .i32([1], [id])])
    }
  }

  @Test func embeddingGradientAddsUpById() throws {
    try expect(
      .embeddingGradient(EmbeddingGradient(rows: 3)),
      [.i32([3], [2, 0, 2]), matrix([1, 2], [3, 4], [10, 20])],
      gives: [matrix([3, 4], [0, 0], [11, 22])])
    #expect(throws: GraphError.self) {
      try evaluate(
        .embeddingGradient(EmbeddingGradient(rows: 1)), [.i32([1], [1]), matrix([1, 2])])
    }
  }
}
