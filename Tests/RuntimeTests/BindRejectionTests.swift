import Diagnostics
import Formats
import Kernels
import Runtime
import Testing

/// Functions that a reader of plans may let through, since lengths hang on symbols, but whose kernels
/// would stray.
struct BindRejectionTests {
  /// One step on inputs of type f32, whose every length is a symbol, so that only binding can tell.
  struct Case: Sendable, CustomTestStringConvertible {
    let what: String
    let opcode: PlanOpcode
    var operands: [(PlanDType, [Int])]
    var results: [(PlanDType, [Int])]
    var set: @Sendable (inout PlanStep) -> Void = { _ in }
    /// A part of the message.
    let message: String

    var testDescription: String { "\(opcode), \(what)" }

    /// Operands and results of type f32.
    init(
      _ opcode: PlanOpcode, _ what: String, _ operands: [[Int]], _ results: [[Int]],
      says message: String, _ set: @escaping @Sendable (inout PlanStep) -> Void = { _ in }
    ) {
      (self.opcode, self.what, self.message, self.set) = (opcode, what, message, set)
      self.operands = operands.map { (.f32, $0) }
      self.results = results.map { (.f32, $0) }
    }

    func typed(operands types: [Int: PlanDType] = [:], results: [Int: PlanDType] = [:]) -> Case {
      var copy = self
      for (index, type) in types { copy.operands[index].0 = type }
      for (index, type) in results { copy.results[index].0 = type }
      return copy
    }

    func bind() throws {
      var builder = FunctionBuilder()
      var symbols: [String: Int] = [:]
      func shape(_ lengths: [Int]) -> [PlanDimension] {
        lengths.map { length in
          if !builder.function.symbols.contains("s\(length)") {
            builder.function.symbols.append("s\(length)")
            symbols["s\(length)"] = length
          }
          let index = builder.function.symbols.firstIndex(of: "s\(length)") ?? 0
          return FunctionBuilder.symbol(index)
        }
      }
      var inputs: [Int] = []
      for (index, operand) in operands.enumerated() {
        inputs.append(builder.input("x\(index)", operand.0, shape(operand.1)))
      }
      let outputs = results.map { builder.tensor($0.0, shape($0.1)) }
      builder.step(opcode, inputs, outputs, set)
      for (index, output) in outputs.enumerated() { builder.output("y\(index)", output) }
      _ = try builder.bound(symbols)
    }
  }

  static let cases: [Case] = [
    Case(.linear, "K differs", [[2, 4], [3, 5]], [[2, 3]], says: "weight"),
    Case(.linear, "rows differ", [[2, 4], [3, 4]], [[5, 3]], says: "y"),
    Case(.linear, "columns differ", [[2, 4], [3, 4]], [[2, 5]], says: "columns"),
    Case(
      .linear, "splits do not add up", [[2, 4], [6, 4]], [[2, 3], [2, 2]], says: "columns"),
    Case(.linear, "a long bias", [[2, 4], [3, 4], [4]], [[2, 3]], says: "bias") {
      $0.hasBias = true
    },
    Case(.linear, "an odd residual", [[4, 4], [3, 4], [2, 3]], [[4, 3]], says: "residual") {
      $0.hasResidual = true
    },
    Case(
      .linear, "a residual of splits", [[2, 4], [3, 4], [2, 3]], [[2, 1], [2, 2]], says: "columns"
    ) { $0.hasResidual = true },
    Case(.linear, "no K", [[2, 0], [3, 0]], [[2, 3]], says: "columns of x"),
    Case(
      .quantizedLinear, "a dense weight", [[2, 4], [2, 2], [3, 4], [3]], [[2, 3]], says: "weight"
    ) { $0.levels = 127 }.typed(operands: [0: .u8, 2: .s8]),
    Case(.matMul, "K differs", [[2, 3, 4], [2, 5, 6]], [[2, 3, 6]], says: "shapes"),
    Case(.matMul, "batches differ", [[2, 3, 4], [3, 4, 6]], [[2, 3, 6]], says: "shapes"),
    Case(.matMul, "a transposed K differs", [[3, 4], [4, 6]], [[4, 6]], says: "shapes") {
      $0.transposeA = true
    },
    Case(
      .attention, "keys and values differ", [[1, 2, 4], [1, 3, 4], [1, 5, 4]], [[1, 2, 4]],
      says: "v"
    ) { $0.heads = 2 },
    Case(
      .attention, "heads do not divide", [[1, 2, 4], [1, 2, 4], [1, 2, 4]], [[1, 2, 4]],
      says: "heads"
    ) { $0.heads = 3 },
    Case(
      .attention, "more masked queries than keys", [[1, 5, 4], [1, 2, 4], [1, 2, 4]], [[1, 5, 4]],
      says: "keys"
    ) {
      $0.heads = 2
      $0.prefix = PlanDimension(1)
    },
    Case(
      .attention, "no keys", [[1, 5, 4], [1, 0, 4], [1, 0, 4]], [[1, 5, 4]], says: "keys"
    ) { $0.heads = 2 },
    Case(
      .quantizedAttention, "heads too wide", [[1, 2, 1025], [1, 2, 1025], [1, 2, 1025]],
      [[1, 2, 1025]], says: "columns of a head"
    ) { ($0.heads, $0.value) = (1, 1) },
    Case(
      .quantizedAttention, "more keys than sums have room for",
      [[1, 1, 1], [1, 66001, 1], [1, 66001, 1]], [[1, 1, 1]], says: "keys"
    ) { ($0.heads, $0.value) = (1, 1) },
    Case(
      .attention, "a bias for no part of the batch",
      [[4, 2, 4], [4, 3, 4], [4, 3, 4], [3, 1, 2, 3]], [[4, 2, 4]], says: "the bias"
    ) {
      $0.heads = 1
      $0.hasBias = true
    },
    Case(
      .attention, "a bias of other heads",
      [[4, 2, 4], [4, 3, 4], [4, 3, 4], [2, 2, 2, 3]], [[4, 2, 4]], says: "the bias"
    ) {
      $0.heads = 1
      $0.hasBias = true
    },
    Case(.windowMask, "other windows", [], [[3, 4, 4]], says: "windows") {
      $0.axes = [2, 4, 2, 1]
    },
    Case(
      .attentionGradient, "dy differs", [[1, 2, 4], [1, 3, 4], [1, 3, 4], [1, 3, 4]],
      [[1, 2, 4], [1, 3, 4], [1, 3, 4]], says: "dy"
    ) { $0.heads = 2 },
    Case(.layerNorm, "a short gamma", [[2, 4], [3], [4]], [[2, 4]], says: "gamma"),
    Case(.layerNorm, "an odd residual", [[4, 4], [3, 4], [4], [4]], [[4, 4]], says: "residual") {
      $0.hasResidual = true
    },
    Case(.layerNorm, "no width", [[4, 0], [0], [0]], [[4, 2]], says: "y"),
    Case(
      .layerNorm, "odd levels", [[2, 4], [4], [4]], [[2, 4], [2, 2]], says: "levels"
    ) { $0.levels = 128 }.typed(results: [0: .u8]),
    Case(
      .layerNormGradient, "a long dgamma", [[2, 4], [4], [2, 4]], [[2, 4], [5], [4]], says: "dg"),
    Case(.quantizeRows, "rows of three", [[2, 4]], [[2, 4], [2, 3]], says: "rows") {
      $0.levels = 127
    }.typed(results: [0: .u8]),
    Case(.softmax, "a shorter result", [[2, 4]], [[2, 3]], says: "y"),
    Case(.softmaxGradient, "dy differs", [[2, 4], [2, 3]], [[2, 4]], says: "dy"),
    Case(.prefixMask, "not square", [[2, 4, 3]], [[2, 4, 3]], says: "x") {
      $0.prefix = PlanDimension(0)
    },
    Case(.prefixMask, "a negative prefix", [[4, 4]], [[4, 4]], says: "prefix") {
      $0.prefix = PlanDimension(-1)
    },
    Case(.gelu, "a longer result", [[2, 4]], [[3, 4]], says: "y") { $0.activation = .geluErf },
    Case(.gelu, "no form", [[2, 4]], [[2, 4]], says: "activation"),
    Case(.geluGradient, "dy differs", [[2, 4], [2, 5]], [[2, 4]], says: "dy") {
      $0.activation = .geluErf
    },
    Case(.add, "no common shape", [[2, 4], [3]], [[2, 4]], says: "shapes"),
    Case(.add, "a larger result", [[2, 1], [1]], [[2, 4]], says: "shapes"),
    Case(.multiply, "a smaller result", [[2, 4], [2, 4]], [[2, 1]], says: "shapes"),
    Case(.scale, "a longer result", [[2, 4]], [[2, 5]], says: "y"),
    Case(.exp, "a longer result", [[2, 4]], [[2, 5]], says: "y"),
    Case(.rsqrt, "a longer result", [[2, 4]], [[2, 5]], says: "y"),
    Case(.dropout, "two seeds", [[4], [2]], [[4]], says: "seed").typed(operands: [1: .i32]),
    Case(.dropout, "a rate of 1", [[4], [1]], [[4]], says: "rate") { $0.value = 1 }
      .typed(operands: [1: .i32]),
    Case(.dropout, "a negative salt", [[4], [1]], [[4]], says: "salt") { $0.salt = -1 }
      .typed(operands: [1: .i32]),
    Case(.sum, "another shape", [[2, 3, 4]], [[2, 3]], says: "axes") { $0.axes = [1] },
    Case(.sum, "an axis twice", [[2, 3, 4]], [[2, 4]], says: "axes") { $0.axes = [1, 1] },
    Case(.sum, "an axis outside", [[2, 3]], [[2]], says: "axes") { $0.axes = [2] },
    Case(.transpose, "no permutation", [[2, 3]], [[2, 3]], says: "axes") { $0.axes = [0, 0] },
    Case(.transpose, "another shape", [[2, 3]], [[2, 3]], says: "axes") { $0.axes = [1, 0] },
    Case(.concat, "a part too long", [[2, 3], [2, 4]], [[2, 6]], says: "operand 1") {
      $0.axes = [1]
    },
    Case(.concat, "parts too short", [[2, 3], [2, 2]], [[2, 6]], says: "result") { $0.axes = [1] },
    Case(.concat, "a part that differs", [[2, 3], [3, 3]], [[2, 6]], says: "operand 1") {
      $0.axes = [1]
    },
    Case(.concat, "integers among floats", [[2], [2]], [[4]], says: "operand 1") { $0.axes = [0] }
      .typed(operands: [1: .i32]),
    Case(.slice, "beyond the end", [[2, 5]], [[2, 3]], says: "start") {
      $0.axes = [1]
      $0.start = PlanDimension(3)
    },
    Case(.slice, "before the start", [[2, 5]], [[2, 3]], says: "start") {
      $0.axes = [1]
      $0.start = PlanDimension(-1)
    },
    Case(.slice, "other rows", [[2, 5]], [[3, 3]], says: "start") {
      $0.axes = [1]
      $0.start = PlanDimension(0)
    },
    Case(.slice, "an axis outside", [[2, 5]], [[2, 3]], says: "axes") {
      $0.axes = [2]
      $0.start = PlanDimension(0)
    },
    Case(.pad, "beyond the end", [[2, 3]], [[2, 5]], says: "start") {
      $0.axes = [1]
      $0.start = PlanDimension(3)
    },
    Case(.broadcast, "a shrinking axis", [[2, 3]], [[2, 1]], says: "result"),
    Case(.broadcast, "fewer axes", [[2, 3]], [[3]], says: "result"),
    Case(.embedding, "another width", [[7, 4], [3]], [[3, 5]], says: "y")
      .typed(operands: [1: .i32]),
    Case(.embedding, "float ids", [[7, 4], [3]], [[3, 4]], says: "ids"),
    Case(.embeddingGradient, "fewer rows of dy", [[3], [2, 4]], [[7, 4]], says: "dy")
      .typed(operands: [0: .i32]),
    Case(.keepRows, "more than there are", [[1, 3, 4], [1, 3]], [[1, 4, 4]], says: "result"),
    Case(.keepRows, "scores of fewer", [[1, 3, 4], [1, 2]], [[1, 2, 4]], says: "scores"),
    Case(.interpolate, "from nothing", [[0, 2, 4]], [[3, 2, 4]], says: "grids"),
    Case(.interpolate, "to other vectors", [[2, 2, 4]], [[3, 2, 5]], says: "y"),
    Case(.interpolateGradient, "of nothing", [[2, 0, 4]], [[3, 2, 4]], says: "grids"),
    Case(.patches, "too many", [[1, 3, 4, 4]], [[1, 5, 12]], says: "patches") {
      $0.axes = [2, 2, 0, 1]
    },
    Case(.patches, "too wide", [[1, 3, 4, 4]], [[1, 4, 13]], says: "patches") {
      $0.axes = [2, 2, 0, 1]
    },
    Case(.patches, "of no size", [[1, 3, 4, 4]], [[1, 4, 12]], says: "patches") {
      $0.axes = [0, 2, 0, 1]
    },
    Case(.patchesGradient, "too few", [[1, 3, 12]], [[1, 3, 4, 4]], says: "patches") {
      $0.axes = [2, 2, 0, 1]
    },
    Case(.patchesGradient, "of other channels", [[1, 4, 12]], [[1, 4, 4, 2]], says: "patches") {
      $0.axes = [2, 2, 0, 3]
    },
    Case(.relativeIndex, "other tokens", [], [[9, 9]], says: "windows") { $0.axes = [2] }
      .typed(results: [0: .i32]),
    Case(.crossEntropy, "labels short", [[2, 3, 6], [2, 2]], [[]], says: "labels")
      .typed(operands: [1: .i32]),
    Case(.crossEntropy, "no columns", [[2, 0], [2]], [[]], says: "columns")
      .typed(operands: [1: .i32]),
    Case(.crossEntropyGradient, "dloss of rows", [[2, 6], [2], [2]], [[2, 6]], says: "dloss")
      .typed(operands: [1: .i32]),
  ]

  @Test(arguments: cases)
  func aStepWhoseTensorsDoNotFitIsRefused(_ wrong: Case) {
    let error = #expect(throws: InputError.self) { try wrong.bind() }
    #expect(error?.kind == .badData)
    #expect(error?.what.contains(wrong.message) == true, "\(error.map(\.description) ?? "")")
    #expect(error?.place.contains("function 'test', steps[0]") == true)
  }

  @Test func cachedAttentionMustOwnWhatItChanges() {
    var builder = FunctionBuilder()
    let rows = builder.input("rows", [2, 1, 4])
    let text = builder.input("text", [2, 3, 4])
    let prefix = builder.input("prefix", [1, 3, 4])
    let source = builder.input("source", .i32, [2])
    let slots = builder.input("slots", .i32, [2, 3])
    let positions = builder.input("positions", .i32, [1])
    let y = builder.f32([2, 1, 4])
    builder.step(
      .cachedAttention, [rows, rows, rows, prefix, prefix, text, text, source, slots, positions],
      [y]
    ) { $0.heads = 2 }
    builder.output("y", y)
    let error = #expect(throws: InputError.self) { try builder.bound() }
    #expect(error?.what.contains("text_k and text_v") == true)
  }

  @Test(arguments: [
    (["N": -1], "axis 0"), (["N": 1 << 40], "axis 0"), (["N": 1 << 31 - 1], "a tensor"),
    (["M": 3], "symbol 'N'"),
  ])
  func lengthsOutOfRangeAreRefused(symbols: [String: Int], message: String) {
    var builder = FunctionBuilder(symbols: ["N"])
    let n = FunctionBuilder.symbol(0)
    let x = builder.input("x", .f32, [n, n, n])
    builder.output("y", x)
    let error = #expect(throws: InputError.self) { try builder.bound(symbols) }
    #expect(error?.what.contains(message) == true)
  }

  @Test func sizesThatOverflowAreRefused() {
    var builder = FunctionBuilder(symbols: ["N"])
    // N times 2^40, eight times: beyond 64 bits.
    let x = builder.input(
      "x", .f32, [PlanDimension(terms: [.init(coefficient: 1 << 40, symbols: [0, 0, 0])])])
    builder.output("y", x)
    let error = #expect(throws: InputError.self) { try builder.bound(["N": 1 << 20]) }
    #expect(error?.found == "a number beyond 64 bits")
  }

  @Test func moreMemoryThanThereIsIsAnErrorNotACrash() {
    var builder = FunctionBuilder(symbols: ["N"])
    let n = FunctionBuilder.symbol(0)
    let x = builder.input("x", .f32, [n, n])
    builder.output("y", x)
    let error = #expect(throws: InputError.self) { try builder.bound(["N": 1 << 28]) }
    #expect(error?.kind == .io)
    #expect(error?.what == "not enough memory")
  }

  @Test func anAliasMustFillItsTensor() {
    var builder = FunctionBuilder(symbols: ["N"])
    let x = builder.input("x", .f32, [FunctionBuilder.symbol(0), PlanDimension(2)])
    let flat = builder.tensor(.f32, [PlanDimension(6)], aliasOf: x)
    builder.output("y", flat)
    #expect(throws: Never.self) { try builder.bound(["N": 3]) }
    let error = #expect(throws: InputError.self) { try builder.bound(["N": 2]) }
    #expect(error?.what == "an alias does not fill its tensor")
  }

  @Test func aTensorMustHaveAValueBeforeItIsRead() {
    var builder = FunctionBuilder()
    let (x, y, z) = (builder.input("x", [4]), builder.f32([4]), builder.f32([4]))
    builder.step(.scale, [y], [z])
    builder.step(.scale, [x], [y])
    builder.output("z", z)
    #expect(throws: InputError.self) { try builder.bound() }
    builder.function.steps.swapAt(0, 1)
    #expect(throws: Never.self) { try builder.bound() }
  }

  @Test func aTensorGetsItsValueOnce() {
    var builder = FunctionBuilder()
    let x = builder.input("x", [4])
    let w = builder.weight("w", [4], [1, 2, 3, 4])
    let y = builder.f32([4])
    let alias = builder.tensor(.f32, [2, 2], aliasOf: y)
    builder.step(.scale, [x], [y])
    builder.output("y", y)
    #expect(throws: Never.self) { try builder.bound() }
    for target in [x, w, y] {
      var wrong = builder
      wrong.step(.scale, [x], [target])
      #expect(throws: InputError.self) { try wrong.bound() }
    }
    var wrong = builder
    let square = wrong.input("square", [2, 2])
    wrong.step(.scale, [square], [alias])
    #expect(throws: InputError.self) { try wrong.bound() }
  }
}
