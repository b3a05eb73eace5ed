import Diagnostics
import Formats

/// A valid plan that uses every opcode, small enough to break at every byte.
struct SamplePlan {
  var plan: Plan
  var weights: [UInt8]

  var bytes: [UInt8] { PlanFile.bytes(of: plan, weights: weights) }

  /// Tensors and steps of one function; a result is a tensor's index.
  private struct Builder {
    static let batch = PlanDimension(terms: [.init(coefficient: 1, symbols: [0])])
    static let text = PlanDimension(terms: [.init(coefficient: 1, symbols: [1])])
    /// 2·F + T.
    static let sequence = PlanDimension(terms: [
      .init(coefficient: 2, symbols: [0]), .init(coefficient: 1, symbols: [1]),
    ])

    var function: PlanFunction
    var table: [PlanWeight]

    init(_ name: String, _ symbols: [String], _ table: [PlanWeight]) {
      function = PlanFunction(
        name: name, symbols: symbols, tensors: [], steps: [], inputs: [], outputs: [])
      self.table = table
    }

    mutating func tensor(_ dtype: PlanDType, _ shape: [PlanDimension]) -> Int {
      function.tensors.append(PlanTensor(dtype: dtype, shape: shape))
      return function.tensors.count - 1
    }

    mutating func f32(_ shape: [PlanDimension]) -> Int { tensor(.f32, shape) }

    mutating func input(_ name: String, _ dtype: PlanDType, _ shape: [PlanDimension]) -> Int {
      let tensor = tensor(dtype, shape)
      function.inputs.append(PlanPort(name: name, tensor: tensor))
      return tensor
    }

    mutating func weight(_ name: String) -> Int {
      guard let index = table.firstIndex(where: { $0.name == name }) else {
        preconditionFailure("no weight \(name)")
      }
      let tensor = tensor(table[index].dtype, table[index].shape.map { PlanDimension($0) })
      function.tensors[tensor].weight = index
      return tensor
    }

    mutating func step(
      _ opcode: PlanOpcode, _ operands: [Int], _ results: [Int],
      _ set: (inout PlanStep) -> Void = { _ in }
    ) {
      var step = PlanStep(opcode, operands: operands, results: results)
      set(&step)
      function.steps.append(step)
    }

    mutating func output(_ name: String, _ tensor: Int) {
      function.outputs.append(PlanPort(name: name, tensor: tensor))
    }
  }

  init() {
    var table = [
      PlanWeight(name: "patch", dtype: .f32, shape: [6, 12], layout: .dense),
      PlanWeight(name: "gamma", dtype: .f32, shape: [6], layout: .dense),
      PlanWeight(name: "qkv", dtype: .s8, shape: [18, 6], layout: .packedN8K4),
      PlanWeight(name: "qkv.scale", dtype: .f32, shape: [18], layout: .dense),
      PlanWeight(name: "table", dtype: .f32, shape: [3, 6], layout: .dense),
    ]
    let count = table.placeInOrder()
    weights = [UInt8](repeating: 0, count: count)
    let packed = Self.packed(18, 6) { Int8(($0 * 71 + $1 * 37) % 255 - 127) }
    weights.replaceSubrange(table[2].offset..<(table[2].offset + table[2].byteCount), with: packed)
    plan = Plan(
      producer: "gitc test", functions: [Self.encode(table), Self.step(table), Self.train(table)],
      weights: table,
      model: PlanModel(
        preprocessing: Preprocessing(
          imageSize: 4, mean: [0.5, 0.4, 0.3], standardDeviation: [0.2, 0.3, 0.4]),
        vocabulary: ["[PAD]", "[CLS]", "é"],
        maximumTextLength: 8, maximumFrames: 0, precision: "int8"))
  }

  /// The bytes of layout PACKED_N8K4, as `plan.proto` words it.
  static func packed(_ rows: Int, _ columns: Int, _ value: (Int, Int) -> Int8) -> [UInt8] {
    let (paddedRows, paddedColumns) = ((rows + 7) / 8 * 8, (columns + 3) / 4 * 4)
    var bytes = [UInt8](repeating: 0, count: (paddedRows * paddedColumns + 63) / 64 * 64)
    for n in 0..<rows {
      for k in 0..<columns {
        let block = (n / 8 * (paddedColumns / 4) + k / 4) * 32
        bytes[block + n % 8 * 4 + k % 4] = UInt8(bitPattern: value(n, k))
      }
    }
    for n in 0..<rows {
      let sum = (0..<columns).reduce(Int32(0)) { $0 + Int32(value(n, $1)) }
      bytes += (0..<4).map { UInt8(truncatingIfNeeded: sum >> ($0 * 8)) }
    }
    return bytes
  }

  private static func encode(_ table: [PlanWeight]) -> PlanFunction {
    var f = Builder("encode", ["B"], table)
    let b = Builder.batch
    let pixels = f.input("pixels", .f32, [b, 3, 4, 5])
    let gamma = f.weight("gamma")
    let patches = f.f32([b, 4, 12])
    f.step(.patches, [pixels], [patches]) { $0.axes = [2, 2, 0, 1] }
    let x = f.f32([b, 4, 6])
    f.step(.linear, [patches, f.weight("patch"), gamma], [x]) {
      $0.activation = .geluQuick
      $0.hasBias = true
    }
    let (y, u8, rows) = (f.f32([b, 4, 6]), f.tensor(.u8, [b, 4, 6]), f.f32([b, 4, 2]))
    f.step(.layerNorm, [x, x, gamma, gamma], [y, u8, rows]) {
      $0.epsilon = 1e-5
      $0.hasResidual = true
      $0.levels = 127
      $0.keepsFloat = true
    }
    let qkv = [f.f32([b, 4, 6]), f.f32([b, 4, 6]), f.f32([b, 4, 6])]
    f.step(.quantizedLinear, [u8, rows, f.weight("qkv"), f.weight("qkv.scale")], qkv) {
      $0.levels = 127
    }
    let attended = f.f32([b, 4, 6])
    f.step(.attention, qkv, [attended]) {
      $0.heads = 2
      $0.value = 0.5
      $0.prefix = PlanDimension(4)
    }
    f.function.tensors.append(PlanTensor(dtype: .f32, shape: [b, 24], aliasOf: attended))
    let flat = f.function.tensors.count - 1
    let (quantized, scales) = (f.tensor(.u8, [b, 24]), f.f32([b, 2]))
    f.step(.quantizeRows, [flat], [quantized, scales]) { $0.levels = 255 }
    f.output("rows", scales)
    f.output("tokens", quantized)
    f.output("floats", y)
    return f.function
  }

  private static func step(_ table: [PlanWeight]) -> PlanFunction {
    var f = Builder("step", ["Q", "L"], table)
    let (q, l) = (Builder.batch, Builder.text)
    let ids = f.input("ids", .i32, [q, 1])
    let x = f.f32([q, 1, 6])
    f.step(.embedding, [f.weight("table"), ids], [x])
    let integers = f.f32([q, 1, 6])
    f.step(.quantizedEmbedding, [f.weight("qkv"), f.weight("qkv.scale"), ids], [integers])
    let prefix = [f.input("k", .f32, [1, 4, 6]), f.input("v", .f32, [1, 4, 6])]
    let text = [f.input("text_k", .f32, [q, l, 6]), f.input("text_v", .f32, [q, l, 6])]
    let where_ = [
      f.input("source", .i32, [q]), f.input("slots", .i32, [q, l]),
      f.input("positions", .i32, [1]),
    ]
    let y = f.f32([q, 1, 6])
    f.step(.cachedAttention, [x, x, x] + prefix + text + where_, [y]) {
      $0.heads = 3
      $0.value = 1
    }
    f.output("y", y)
    return f.function
  }

  private static func train(_ table: [PlanWeight]) -> PlanFunction {
    var f = Builder("train", ["F", "T"], table)
    let s = Builder.sequence
    let x = f.input("x", .f32, [s, s])
    let seed = f.input("seed", .i32, [1])
    func like(_ shape: [PlanDimension]) -> Int { f.f32(shape) }
    var last = x
    func elementwise(
      _ opcode: PlanOpcode, _ more: [Int], _ set: (inout PlanStep) -> Void = { _ in }
    ) {
      let y = like([s, s])
      f.step(opcode, [last] + more, [y], set)
      last = y
    }
    elementwise(.prefixMask, []) { $0.prefix = Builder.batch }
    elementwise(.softmax, [])
    elementwise(.gelu, []) { $0.activation = .geluErf }
    elementwise(.scale, []) { $0.value = 0 }
    elementwise(.exp, [])
    elementwise(.rsqrt, [])
    elementwise(.dropout, [seed]) {
      $0.value = 0.1
      $0.salt = Int(UInt32.max)
    }
    elementwise(.add, [x])
    elementwise(.multiply, [x])
    elementwise(.transpose, []) { $0.axes = [1, 0] }
    elementwise(.matMul, [x]) { $0.transposeB = true }
    elementwise(.softmaxGradient, [x])
    elementwise(.geluGradient, [x]) { $0.activation = .geluTanh }
    let zeros = f.f32([1, 4])
    f.step(.fill, [], [zeros]) { $0.value = -.infinity }
    let wide = f.f32([3, 4])
    f.step(.broadcast, [zeros], [wide])
    let long = f.f32([6, 4])
    f.step(.concat, [wide, wide], [long]) { $0.axes = [0] }
    let part = f.f32([2, 4])
    f.step(.slice, [long], [part]) {
      $0.axes = [0]
      $0.start = PlanDimension(4)
    }
    let padded = f.f32([6, 4])
    f.step(.pad, [part], [padded]) {
      $0.axes = [0]
      $0.start = PlanDimension(0)
    }
    let summed = f.f32([4])
    f.step(.sum, [padded], [summed]) { $0.axes = [0] }
    let labels = f.input("labels", .i32, [6])
    let (loss, logits) = (f.f32([]), f.f32([6, 4]))
    f.step(.crossEntropy, [long, labels], [loss]) { $0.smoothing = .uniform }
    f.step(.crossEntropyGradient, [long, labels, loss], [logits]) { $0.value = 0.1 }
    let (dx, dgamma, dbeta) = (f.f32([6, 4]), f.f32([4]), f.f32([4]))
    f.step(.layerNormGradient, [long, summed, logits], [dx, dgamma, dbeta]) { $0.epsilon = 1e-5 }
    let dtable = f.f32([9, 4])
    f.step(.embeddingGradient, [labels, dx], [dtable])
    let q = f.input("q", .f32, [1, 2, 4])
    let bias = f.input("bias", .f32, [1, 1, 2, 2])
    let gradients = [
      f.f32([1, 2, 4]), f.f32([1, 2, 4]), f.f32([1, 2, 4]), f.f32([1, 1, 2, 2]),
    ]
    f.step(.attentionGradient, [q, q, q, bias, q], gradients) {
      $0.heads = 1
      $0.value = 1
      $0.hasBias = true
    }
    f.step(.quantizedAttention, [q, q, q], [f.f32([1, 2, 4])]) { ($0.heads, $0.value) = (2, 0.5) }
    f.step(.keepRows, [q, f.input("scores", .f32, [1, 2])], [f.f32([1, 1, 4])])
    f.step(.toHalf, [q], [f.tensor(.f16, [1, 2, 4])])
    let (index, mask) = (f.tensor(.i32, [4, 4]), f.f32([2, 4, 4]))
    f.step(.relativeIndex, [], [index]) { $0.axes = [2] }
    f.step(.windowMask, [], [mask]) { $0.axes = [2, 4, 2, 1] }
    f.output("mask", mask)
    f.output("index", index)
    let map = f.f32([1, 4, 3, 1])
    f.step(.patchesGradient, [f.input("patches", .f32, [1, 4, 9])], [map]) {
      $0.axes = [3, 2, 1, 3]
    }
    f.output("map", map)
    let (grid, larger) = (f.f32([1, 2, 4]), f.f32([s, 3, 4]))
    f.step(.interpolate, [q], [larger])
    f.step(.interpolateGradient, [larger], [grid])
    f.output("loss", loss)
    f.output("last", last)
    return f.function
  }
}

extension PlanWeight {
  init(name: String, dtype: PlanDType, shape: [Int], layout: PlanLayout) {
    self.init(name: name, dtype: dtype, shape: shape, layout: layout, offset: 0, byteCount: 0)
  }
}
