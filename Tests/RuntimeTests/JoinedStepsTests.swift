import Formats
import Kernels
import Randomness
import Runtime
import Testing

/// Steps that make what they read row by row, against the same steps one after the other.
struct JoinedStepsTests {
  /// What keeps the first of two steps apart from the second.
  private enum Obstacle: CaseIterable {
    /// Nothing does.
    case none
    /// The result in between is an output.
    case output
    /// Another step reads it.
    case reader
    /// It has another name.
    case alias
    /// A step stands between the two.
    case step
  }

  /// Puts an obstacle in the way of the step that reads `tensor` of `rows` rows next.
  private static func put(
    _ obstacle: Obstacle, at tensor: Int, rows: Int, width: Int,
    in builder: inout FunctionBuilder
  ) {
    switch obstacle {
    case .none: return
    case .output: builder.output("between", tensor)
    case .alias: _ = builder.tensor(.f32, [rows * width], aliasOf: tensor)
    case .reader, .step:
      let other = builder.f32([1])
      builder.step(.fill, [], [other]) { $0.value = 1 }
      builder.output("other", other)
    }
  }

  private static func floats(_ count: Int, _ random: inout SeededRandom) -> [Float] {
    (0..<count).map { _ in Float(random.unit()) - 0.5 }
  }

  /// x → layer norm in integers → projection → quantize.
  private static func requantized(
    _ obstacle: Obstacle, hasResidual: Bool = false, rows: Int, threads: Int, isa: ISA = .best
  ) throws -> (bytes: [UInt8], calls: Int) {
    let (width, inner) = (24, 70)
    var random = SeededRandom(3)
    var builder = FunctionBuilder()
    let x = builder.input("x", [rows, width])
    let gamma = builder.weight("gamma", [width], floats(width, &random))
    let beta = builder.weight("beta", [width], floats(width, &random))
    let (u8, scales) = (builder.tensor(.u8, [rows, width]), builder.f32([rows, 2]))
    builder.step(.layerNorm, [x, gamma, beta], [u8, scales]) { $0.levels = 127 }
    let weights = (0..<inner * width).map { _ in Int8(random.index(81) - 40) }
    let weight = builder.packed("w", rows: inner, columns: width, weights)
    let scale = builder.weight("w.scale", [inner], floats(inner, &random))
    let bias = builder.weight("bias", [inner], floats(inner, &random))
    let addend = hasResidual ? [builder.weight("addend", [inner], floats(inner, &random))] : []
    let middle = builder.f32([rows, inner])
    builder.step(.quantizedLinear, [u8, scales, weight, scale, bias] + addend, [middle]) {
      $0.levels = 127
      $0.activation = .geluQuick
      $0.hasBias = true
      $0.hasResidual = hasResidual
    }
    if obstacle != .reader {
      put(obstacle, at: middle, rows: rows, width: inner, in: &builder)
    }
    let (result, resultScales) = (builder.tensor(.u8, [rows, inner]), builder.f32([rows, 2]))
    builder.step(.quantizeRows, [middle], [result, resultScales]) { $0.levels = 127 }
    if obstacle == .reader {
      let twice = builder.f32([rows, inner])
      builder.step(.scale, [middle], [twice]) { $0.value = 2 }
      builder.output("twice", twice)
    }
    builder.output("result", result)
    builder.output("scales", resultScales)
    let program = try builder.bound(threads: threads, isa: isa)
    program.set("x", floats(rows * width, &random))
    program.function.run()
    return (
      program.bytes("result") + program.bytes("scales"), program.function.facts.calls
    )
  }

  @Test(arguments: [1, 5, 64, 130, 300])
  func aProjectionThatIsQuantizedNextIsNeverWritten(rows: Int) throws {
    let apart = try Self.requantized(.output, rows: rows, threads: 1, isa: .scalar)
    #expect(apart.calls == 3)
    #expect(Set(apart.bytes).count > 20)
    for isa in ISA.allCases where isa.isSupported {
      for threads in 1...3 {
        let joined = try Self.requantized(.none, rows: rows, threads: threads, isa: isa)
        #expect(joined.calls == 2)
        #expect(joined.bytes == apart.bytes, "\(isa), \(threads) threads")
      }
    }
  }

  @Test func aProjectionThatOthersSeeIsWritten() throws {
    let joined = try Self.requantized(.none, rows: 9, threads: 2)
    for (obstacle, calls) in [(Obstacle.output, 3), (.reader, 4), (.alias, 3), (.step, 4)] {
      let apart = try Self.requantized(obstacle, rows: 9, threads: 2)
      #expect(apart.calls == calls, "\(obstacle)")
      #expect(apart.bytes == joined.bytes, "\(obstacle)")
    }
    #expect(try Self.requantized(.none, hasResidual: true, rows: 9, threads: 2).calls == 3)
  }

  /// Words and positions → layer norm, in floats and in integers.
  private static func normalized(
    _ obstacle: Obstacle, isPacked: Bool, positionsFirst: Bool = false, threads: Int,
    isa: ISA = .best
  ) throws -> (bytes: [UInt8], calls: Int) {
    let (sequences, length, width, count) = (3, 4, 20, 11)
    var random = SeededRandom(4)
    var builder = FunctionBuilder()
    let ids = builder.input("ids", .i32, [sequences, length])
    let at = builder.input("positions", .i32, [length])
    let words = builder.f32([sequences, length, width])
    let positions = builder.f32([length, width])
    let integers = (0..<count * width).map { _ in Int8(random.index(255) - 127) }
    let table =
      isPacked
      ? [
        builder.packed("words", rows: count, columns: width, integers),
        builder.weight("words.scale", [count], floats(count, &random)),
      ] : [builder.weight("words", [count, width], floats(count * width, &random))]
    let positionTable = builder.weight("positions", [6, width], floats(6 * width, &random))
    if positionsFirst { builder.step(.embedding, [positionTable, at], [positions]) }
    builder.step(isPacked ? .quantizedEmbedding : .embedding, table + [ids], [words])
    if !positionsFirst { builder.step(.embedding, [positionTable, at], [positions]) }
    if obstacle != .reader {
      put(obstacle, at: words, rows: sequences * length, width: width, in: &builder)
    }
    let gamma = builder.weight("gamma", [width], floats(width, &random))
    let beta = builder.weight("beta", [width], floats(width, &random))
    let y = builder.f32([sequences, length, width])
    let (u8, scales) = (
      builder.tensor(.u8, [sequences, length, width]), builder.f32([sequences, length, 2])
    )
    builder.step(.layerNorm, [words, positions, gamma, beta], [y, u8, scales]) {
      $0.epsilon = 1e-5
      $0.levels = 127
      $0.hasResidual = true
      $0.keepsFloat = true
    }
    if obstacle == .reader {
      let twice = builder.f32([sequences, length, width])
      builder.step(.scale, [words], [twice]) { $0.value = 2 }
      builder.output("twice", twice)
    }
    for (name, tensor) in [("y", y), ("u8", u8), ("scales", scales)] {
      builder.output(name, tensor)
    }
    let program = try builder.bound(threads: threads, isa: isa)
    program.set("ids", integers: (0..<12).map { Int32($0) })
    program.set("positions", integers: [5, 0, 1, 7])
    program.function.run()
    return (
      ["y", "u8", "scales"].flatMap(program.bytes), program.function.facts.calls
    )
  }

  @Test(arguments: [false, true])
  func embeddingsThatAreNormalizedNextAreNeverWritten(isPacked: Bool) throws {
    let apart = try Self.normalized(.output, isPacked: isPacked, threads: 1, isa: .scalar)
    // The positions could be joined, but rows are from memory or are not.
    #expect(apart.calls == 3)
    for isa in ISA.allCases where isa.isSupported {
      for threads in 1...3 {
        for positionsFirst in [false, true] {
          let joined = try Self.normalized(
            .none, isPacked: isPacked, positionsFirst: positionsFirst, threads: threads, isa: isa)
          #expect(joined.calls == 1)
          #expect(joined.bytes == apart.bytes, "\(isa), \(threads) threads")
        }
      }
    }
  }

  @Test func embeddingsThatOthersSeeAreWritten() throws {
    let joined = try Self.normalized(.none, isPacked: false, threads: 2)
    for (obstacle, calls) in [(Obstacle.output, 3), (.reader, 4), (.alias, 3), (.step, 4)] {
      let apart = try Self.normalized(obstacle, isPacked: false, threads: 2)
      #expect(apart.calls == calls, "\(obstacle)")
      #expect(apart.bytes == joined.bytes, "\(obstacle)")
    }
  }
}
