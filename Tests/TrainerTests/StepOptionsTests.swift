import Formats
import Graph
import Kernels
import Randomness
import Reference
import Testing

@testable import Trainer

/// How a step is computed must not change what it computes.
@Suite("The options of a training step") struct StepOptionsTests {
  private static let vit = GITConfiguration(
    vision: .init(imageSize: 8, patchSize: 4, width: 16, layers: 2, heads: 2, mlpWidth: 20),
    text: .init(
      width: 12, layers: 2, heads: 3, mlpWidth: 24, vocabularySize: 13, maximumTextLength: 6),
    frames: 3)
  private static let coswin: GITConfiguration = {
    var other = vit
    other.vision = .coswin(
      CoSwin(
        imageSize: 8, stem: .init(size: 3, stride: 2, padding: 1), width: 8, depths: [2, 1],
        heads: [2, 2], window: 2, mlpRatio: 2))
    return other
  }()

  private static func program(
    _ configuration: GITConfiguration = vit, dropout: Float = 0,
    _ options: TrainingProgram.Options = .init()
  ) throws -> TrainingProgram {
    let program = try TrainingProgram(
      configuration, dropout: dropout, smoothing: .init(form: .kl, amount: 0.1), options: options,
      kernels: KernelSet(), threads: 2)
    for (index, weight) in program.buffers.table.enumerated() {
      let values = program.buffers.slice(program.buffers.values, weight)
      let random = Tensor.random(weight.shape, seed: UInt64(300 + index), in: -0.6...0.6)
      for element in values.indices { values[element] = Float(random.values[element]) }
    }
    return program
  }

  /// Three samples, in which 3, 2 and 1 tokens are learnt.
  private static func batch(side: Int? = nil, frames: Int = 2) -> Batch {
    let pixels = side ?? 8
    return Batch(
      shape: .init(count: 3, frames: frames, tokens: 4, side: side),
      pixels: Tensor.random([3, frames, 3, pixels, pixels], seed: 21, in: -2...2).values.map {
        Float($0)
      },
      tokens: [2, 5, 6, 7, 2, 11, 0, 0, 2, 4, 9, 1],
      goal: .next([-1, 6, 7, 3, 11, 3, -1, -1, -1, -1, -1, 5]), keys: ["a", "b", "c"])
  }

  private static func labels(_ batch: Batch) -> [Int32] {
    if case .next(let labels) = batch.goal { labels } else { [] }
  }

  private static func gradients(_ program: TrainingProgram) -> [Float] {
    Array(UnsafeBufferPointer(start: program.buffers.gradients, count: program.buffers.count))
  }

  @Test("recomputing layers gives the same bits in less memory", arguments: [vit, coswin])
  func recomputation(_ configuration: GITConfiguration) throws {
    let keeping = try Self.program(configuration, dropout: 0.3)
    let recomputing = try Self.program(configuration, dropout: 0.3, .init(recomputes: true))
    for seed in [Int32(5), -7] {
      let loss = try keeping.step(Self.batch(), seed: seed)
      #expect(try recomputing.step(Self.batch(), seed: seed) == loss)
      #expect(Self.gradients(recomputing) == Self.gradients(keeping))
    }
  }

  @Test("parts of a batch give its loss and gradients within rounding", arguments: [1, 3])
  func parts(_ size: Int) throws {
    let whole = try Self.program()
    let divided = try Self.program(Self.vit, .init(partSize: size))
    var (first, second) = (SeededRandom(1), SeededRandom(1))
    // The second batch starts a sum of its own.
    for _ in 0..<2 {
      let loss = try whole.step(Self.batch(), random: &first)
      // Means over 6 tokens, in two orders: a few roundings apart.
      #expect(abs(try divided.step(Self.batch(), random: &second) - loss) <= 8 * loss.ulp)
      let (expected, found) = (Self.gradients(whole), Self.gradients(divided))
      // Each is a sum over tokens, of terms that cancel to some hundredth, in another order: see
      // TrainingProgramTests.
      let norm = expected.reduce(0) { $0 + $1 * $1 }.squareRoot()
      let error = zip(expected, found).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
      #expect(error.squareRoot() <= 1e-5 * norm)
    }
  }

  @Test("a batch in one part is the batch, bit for bit")
  func onePart() throws {
    let whole = try Self.program(dropout: 0.3)
    let divided = try Self.program(Self.vit, dropout: 0.3, .init(partSize: 3))
    var (first, second) = (SeededRandom(1), SeededRandom(1))
    let loss = try whole.step(Self.batch(), random: &first)
    #expect(try divided.step(Self.batch(), random: &second) == loss)
    #expect(Self.gradients(divided) == Self.gradients(whole))
  }

  @Test("a batch in which nothing is learnt has no gradient")
  func nothingLearnt() throws {
    let program = try Self.program(Self.vit, .init(partSize: 1))
    var (batch, random) = (Self.batch(), SeededRandom(1))
    batch.goal = .next([Int32](repeating: -1, count: 12))
    #expect(try program.step(batch, random: &random) == 0)
    #expect(Self.gradients(program).allSatisfy { $0 == 0 })
  }

  @Test("images of the model's own size are the same among many sizes")
  func ownSize() throws {
    let one = try Self.program()
    let many = try Self.program(Self.vit, .init(takesAnySize: true))
    let loss = try one.step(Self.batch(), seed: 1)
    #expect(try many.step(Self.batch(side: 8), seed: 1) == loss)
    #expect(Self.gradients(many) == Self.gradients(one))
  }

  @Test("images of other sizes are learnt from as the graph defines it", arguments: [4, 16, 8])
  func sizes(_ side: Int) throws {
    let program = try Self.program(Self.vit, .init(recomputes: true, takesAnySize: true))
    let batch = Self.batch(side: side)
    let graph = try Autodiff.differentiate(
      GIT.logits(
        Self.vit, sizes: .any,
        training: TrainingOptions(dropout: 0, smoothing: .init(form: .kl, amount: 0.1))),
      loss: "loss")
    var parameters: [String: Tensor] = [:]
    for weight in program.buffers.table {
      let values = program.buffers.slice(program.buffers.values, weight)
      parameters[weight.name] = .f32(weight.shape, values.map(Double.init))
    }
    let expected = try Interpreter.run(
      graph,
      inputs: [
        "pixels": .f32([3, 2, 3, side, side], batch.pixels.map(Double.init)),
        "tokens": .i32([3, 4], batch.tokens.map(Int.init)),
        "labels": .i32([3, 4], Self.labels(batch).map(Int.init)), "seed": .i32([1], [1]),
      ], parameters: parameters)
    let loss = try #require(expected["loss"]).values[0]
    #expect(abs(Double(try program.step(batch, seed: 1)) - loss) <= 1e-5 * loss)
    let name = "git.image_encoder.vision_model.embeddings.position_embedding.weight"
    let weight = try #require(program.buffers.table.first { $0.name == name })
    let gradient = try #require(expected["gradient.\(name)"]).values
    let found = program.buffers.slice(program.buffers.gradients, weight)
    let norm = gradient.reduce(0) { $0 + $1 * $1 }.squareRoot()
    let error = zip(found, gradient).reduce(0) {
      $0 + (Double($1.0) - $1.1) * (Double($1.0) - $1.1)
    }
    // As in TrainingProgramTests.
    #expect(error.squareRoot() <= 1e-4 * norm)
  }

  @Test("parts hold their own samples, in order")
  func division() {
    let parts = Self.batch().parts(of: 1)
    #expect(parts.map(\.keys) == [["a"], ["b"], ["c"]])
    #expect(parts.map(\.shape.count) == [1, 1, 1])
    #expect(parts.map(\.learntTokens) == [3, 2, 1])
    #expect(parts.flatMap(\.pixels) == Self.batch().pixels)
    #expect(parts.flatMap(\.tokens) == Self.batch().tokens)
    #expect(parts.flatMap(Self.labels) == Self.labels(Self.batch()))
  }
}
