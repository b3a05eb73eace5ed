import Diagnostics
import Formats
import Testing

/// One way to break the sample, and the field the reader must name.
struct Damage: Sendable, CustomTestStringConvertible {
  var name: String
  var field: String
  var apply: @Sendable (inout SamplePlan) -> Void

  init(_ name: String, _ field: String, _ apply: @escaping @Sendable (inout SamplePlan) -> Void) {
    self.name = name
    self.field = field
    self.apply = apply
  }

  /// Damage to the first step of this opcode; `field` is within that step.
  init(
    _ name: String, _ opcode: PlanOpcode, _ field: String,
    _ apply: @escaping @Sendable (inout PlanStep, inout PlanFunction) -> Void
  ) {
    let plan = SamplePlan().plan
    var place = (function: 0, step: 0)
    for (f, function) in plan.functions.enumerated() {
      if let s = function.steps.firstIndex(where: { $0.opcode == opcode }) { place = (f, s) }
    }
    let (f, s) = place
    let suffix = field.isEmpty ? "" : "." + field
    self.init("\(opcode.protoName) \(name)", "functions[\(f)].steps[\(s)]\(suffix)") { sample in
      var function = sample.plan.functions[f]
      var step = function.steps[s]
      apply(&step, &function)
      function.steps[s] = step
      sample.plan.functions[f] = function
    }
  }

  var testDescription: String { name }
}

extension PlanFunction {
  /// The shape of a step's operand or result.
  fileprivate subscript(_ tensor: Int) -> [PlanDimension] {
    get { tensors[tensor].shape }
    set { tensors[tensor].shape = newValue }
  }
}

@Suite("What a plan reader rejects")
struct PlanRejectionTests {
  private static let q = PlanDimension(terms: [.init(coefficient: 1, symbols: [0])])

  static let tables: [Damage] = [
    Damage("no functions", "functions") { $0.plan.functions = [] },
    Damage("too many functions", "functions") {
      $0.plan.functions = [PlanFunction](repeating: $0.plan.functions[0], count: 65)
    },
    Damage("a long producer", "producer") {
      $0.plan.producer = String(repeating: "p", count: 1025)
    },
    Damage("two functions of one name", "functions[1].name") {
      $0.plan.functions[1].name = "encode"
    },
    Damage("a function without name", "functions[0].name") { $0.plan.functions[0].name = "" },
    Damage("a long name", "functions[0].name") {
      $0.plan.functions[0].name = String(repeating: "é", count: 513)
    },
    // Weights
    Damage("two weights of one name", "weight_table[4].name") { $0.plan.weights[4].name = "qkv" },
    Damage("a weight without elements", "weight_table[1].shape[0]") {
      $0.plan.weights[1].shape = [0]
    },
    Damage("a weight of 7 axes", "weight_table[1].shape") {
      $0.plan.weights[1].shape = [1, 1, 1, 1, 1, 1, 6]
    },
    Damage("an axis beyond the limit", "weight_table[1].shape[0]") {
      $0.plan.weights[1].shape = [1 << 41]
    },
    Damage("a size that overflows", "weight_table[1].byte_count") {
      $0.plan.weights[1].shape = [1 << 31, 1 << 31, 4]
      $0.plan.weights[1].byteCount = 0
    },
    Damage("a packed size that overflows", "weight_table[2].byte_count") {
      $0.plan.weights[2].shape = [1 << 40, 60000]
      $0.plan.weights[2].byteCount = 1
    },
    Damage("a byte count that is not the shape's", "weight_table[0].byte_count") {
      $0.plan.weights[0].byteCount -= 4
    },
    Damage("a packed byte count without sums", "weight_table[2].byte_count") {
      $0.plan.weights[2].byteCount = 24 * 8
    },
    Damage("partial sums of floats", "weight_table[0].partial_sums") {
      $0.plan.weights[0].partialSums = [254]
    },
    Damage("too many partial sums", "weight_table[2].partial_sums") {
      $0.plan.weights[2].partialSums = [1, 2, 3, 4, 5, 6]
    },
    Damage("a partial sum that no weights reach", "weight_table[2].partial_sums[1]") {
      $0.plan.weights[2].partialSums = [254, 509]
    },
    Damage("partial sums that shrink", "weight_table[2].partial_sums[1]") {
      $0.plan.weights[2].partialSums = [254, 253]
    },
    Damage("packed floats", "weight_table[0].layout") { $0.plan.weights[0].layout = .packedN8K4 },
    Damage("four bits of six columns", "weight_table[2].shape[1]") {
      $0.plan.weights[2].layout = .packedN8K32
    },
    Damage("too many columns of four bits", "weight_table[2].shape[1]") {
      $0.plan.weights[2].layout = .packedN8K32
      $0.plan.weights[2].shape = [1, 4128]
    },
    Damage("partial sums of four bits", "weight_table[2].partial_sums") {
      $0.plan.weights[2].layout = .packedN8K32
      $0.plan.weights[2].shape = [1, 32]
      $0.plan.weights[2].partialSums = [254]
    },
    Damage("a byte count of four bits that is not the shape's", "weight_table[2].byte_count") {
      $0.plan.weights[2].layout = .packedN8K32
      $0.plan.weights[2].shape = [18, 32]
      $0.plan.weights[2].byteCount = 3 * 136
    },
    Damage("packed vectors", "weight_table[2].layout") { $0.plan.weights[2].shape = [108] },
    Damage("too many packed columns", "weight_table[2].shape[1]") {
      $0.plan.weights[2].shape = [1, 66001]
    },
    Damage("an offset that is not aligned", "weight_table[1].offset") {
      $0.plan.weights[1].offset += 4
    },
    Damage("an offset outside the segment", "weight_table[4].offset") {
      $0.plan.weights[4].offset = 1 << 62
    },
    Damage("weights that overlap", "weight_table[2].offset") { $0.plan.weights[2].offset -= 64 },
    Damage("a hole between weights", "weight_table[4].offset") {
      $0.plan.weights[4].offset += 64
      $0.weights += [UInt8](repeating: 0, count: 64)
    },
    Damage("bytes after the weights", "weights") {
      $0.weights += [UInt8](repeating: 0, count: 64)
    },
    Damage("missing weights", "weight_table[4].offset") { $0.weights.removeLast() },
    // Model
    Damage("an image of no pixels", "model.preprocessing.image_size") {
      $0.plan.model?.preprocessing.imageSize = 0
    },
    Damage("an image beyond the limit", "model.preprocessing.image_size") {
      $0.plan.model?.preprocessing.imageSize = 16385
    },
    Damage("a longer side below the shorter", "model.preprocessing.maximum_side") {
      $0.plan.model?.preprocessing.geometry = .keepAspect(maximumSide: 3)
    },
    Damage("two means", "model.preprocessing.mean") {
      $0.plan.model?.preprocessing.mean = [0, 0]
    },
    Damage("an infinite mean", "model.preprocessing.mean") {
      $0.plan.model?.preprocessing.mean[2] = .infinity
    },
    Damage("a deviation of zero", "model.preprocessing.standard_deviation") {
      $0.plan.model?.preprocessing.standardDeviation[1] = 0
    },
    Damage("a deviation that is NaN", "model.preprocessing.standard_deviation") {
      $0.plan.model?.preprocessing.standardDeviation[0] = .nan
    },
    Damage("no vocabulary", "model.vocabulary") { $0.plan.model?.vocabulary = [] },
    Damage("an empty token", "model.vocabulary[1]") { $0.plan.model?.vocabulary[1] = "" },
    Damage("no text", "model.maximum_text_length") { $0.plan.model?.maximumTextLength = 0 },
    Damage("too many frames", "model.maximum_frames") { $0.plan.model?.maximumFrames = 4097 },
    Damage("an unknown precision", "model.precision") { $0.plan.model?.precision = "int4" },
  ]

  static let functions: [Damage] = [
    Damage("two symbols of one name", "functions[1].symbols[1]") {
      $0.plan.functions[1].symbols[1] = "Q"
    },
    Damage("no outputs", "functions[0].outputs") { $0.plan.functions[0].outputs = [] },
    Damage("two outputs of one name", "functions[0].outputs[1].name") {
      $0.plan.functions[0].outputs[1].name = "rows"
    },
    Damage("an output that is no tensor", "functions[0].outputs[0].tensor") {
      $0.plan.functions[0].outputs[0].tensor = $0.plan.functions[0].tensors.count
    },
    Damage("an input that is no tensor", "functions[0].inputs[0].tensor") {
      $0.plan.functions[0].inputs[0].tensor = 99
    },
    Damage("one tensor as two inputs", "functions[1].inputs[1].tensor") {
      $0.plan.functions[1].inputs[1].tensor = $0.plan.functions[1].inputs[0].tensor
    },
    Damage("a weight as input", "functions[0].inputs[0].tensor") {
      $0.plan.functions[0].inputs[0].tensor = 1
    },
    Damage("a tensor that nothing gives", "functions[0].tensors[17]") {
      $0.plan.functions[0].tensors.append(PlanTensor(dtype: .f32, shape: []))
    },
    Damage("a tensor of 7 axes", "functions[0].tensors[0].shape") {
      $0.plan.functions[0][0] = [1, 1, 1, 1, 1, 1, 1]
    },
    Damage("a symbol that is not there", "functions[0].tensors[0].shape[0].terms[0].symbols[0]") {
      $0.plan.functions[0][0][0].terms[0].symbols = [1]
    },
    Damage("a term of nothing", "functions[0].tensors[0].shape[0].terms[0]") {
      $0.plan.functions[0][0][0].terms[0].coefficient = 0
    },
    Damage("a product given twice", "functions[2].tensors[0].shape[0].terms[1]") {
      $0.plan.functions[2][0][0].terms[1].symbols = [0]
    },
    Damage(
      "a coefficient beyond the limit", "functions[0].tensors[0].shape[1].terms[0].coefficient"
    ) {
      $0.plan.functions[0][0][1] = PlanDimension(1 << 41)
    },
    Damage("a negative length", "functions[0].tensors[0].shape[1]") {
      $0.plan.functions[0][0][1] = -1
    },
    Damage("too many terms", "functions[0].tensors[0].shape[0].terms") {
      $0.plan.functions[0][0][0].terms = (1...9).map {
        .init(coefficient: 1, symbols: [Int](repeating: 0, count: $0))
      }
    },
    Damage("too many factors", "functions[0].tensors[0].shape[0].terms[0].symbols") {
      $0.plan.functions[0][0][0].terms[0].symbols = [Int](repeating: 0, count: 9)
    },
    Damage("a weight that is not there", "functions[0].tensors[1].weight") {
      $0.plan.functions[0].tensors[1].weight = 5
    },
    Damage("a weight of another shape", "functions[0].tensors[1].weight") {
      $0.plan.functions[0][1] = [7]
    },
    Damage("a weight of another type", "functions[0].tensors[1].weight") {
      $0.plan.functions[0].tensors[1].dtype = .i32
    },
    Damage("a weight and an alias", "functions[0].tensors[1].alias_of") {
      $0.plan.functions[0].tensors[1].aliasOf = 0
    },
    Damage("an alias of itself", "functions[0].tensors[14].alias_of") {
      $0.plan.functions[0].tensors[14].aliasOf = 14
    },
    Damage("an alias of nothing", "functions[0].tensors[14].alias_of") {
      $0.plan.functions[0].tensors[14].aliasOf = 1000
    },
    Damage("aliases in a circle", "functions[0].tensors[13].alias_of") {
      $0.plan.functions[0].tensors[13].aliasOf = 14
    },
    Damage("an alias of other size", "functions[0].tensors[14].alias_of") {
      $0.plan.functions[0][14][1] = 25
    },
    Damage("an alias of other type", "functions[0].tensors[14].alias_of") {
      $0.plan.functions[0].tensors[14].dtype = .i32
    },
    Damage("an alias of a packed weight", "functions[0].tensors[17].alias_of") {
      $0.plan.functions[0].tensors.append(PlanTensor(dtype: .s8, shape: [108], aliasOf: 11))
    },
    Damage("an alias of too many terms", "functions[2].tensors[0].alias_of") {
      let many = PlanDimension(
        terms: (1...8).map { .init(coefficient: $0, symbols: [Int](repeating: 0, count: $0)) })
      let other = PlanDimension(
        terms: (1...8).map { .init(coefficient: $0, symbols: [Int](repeating: 1, count: $0)) })
      $0.plan.functions[2].tensors[0] = PlanTensor(dtype: .f32, shape: [many, other], aliasOf: 1)
      $0.plan.functions[2].tensors[1] = PlanTensor(dtype: .f32, shape: [many, other])
    },
  ]

  static let steps: [Damage] = [
    // Definition
    Damage("reads no tensor", .gelu, "operands[0]") { step, _ in step.operands[0] = 999 },
    Damage("reads what comes later", .gelu, "operands[0]") { step, f in
      step.operands[0] = f.steps.last?.results[0] ?? 0
    },
    Damage("gives no tensor", .gelu, "results[0]") { step, _ in step.results[0] = 999 },
    Damage("gives an input", .gelu, "results[0]") { step, f in
      step.results[0] = f.inputs[0].tensor
    },
    Damage("gives a weight", .linear, "results[0]") { step, _ in step.results[0] = step.operands[1]
    },
    Damage("gives an alias", .attention, "results[0]") { step, _ in step.results[0] += 1 },
    Damage("gives the same twice", .quantizedLinear, "results[1]") { step, _ in
      step.results[1] = step.results[0]
    },
    // Arity
    Damage("without bias", .linear, "operands") { step, _ in step.operands.removeLast() },
    Damage("with a bias unsaid", .linear, "operands") { step, _ in step.hasBias = false },
    Damage("with a fifth result", .quantizedLinear, "results") { step, f in
      for _ in 0..<2 {
        f.tensors.append(f.tensors[step.results[0]])
        step.results.append(f.tensors.count - 1)
      }
    },
    Damage("without results", .linear, "results") { step, _ in step.results = [] },
    Damage("without operands", .concat, "operands") { step, _ in step.operands = [] },
    Damage("without its float rows", .layerNorm, "results") { step, _ in step.keepsFloat = false },
    Damage("not quantizing", .layerNorm, "keeps_float") { step, _ in step.levels = 0 },
    // Types and storage
    Damage("of integers", .softmax, "operands[0]") { step, f in
      step.operands[0] = f.inputs[1].tensor
    },
    Damage("of two types", .concat, "results[0]") { step, f in
      f.tensors[step.results[0]].dtype = .i32
    },
    Damage("of float ids", .embedding, "operands[1]") { step, f in
      f.tensors[step.operands[1]].dtype = .f32
    },
    Damage("with dense weights", .quantizedLinear, "operands[2]") { step, f in
      f.tensors.append(PlanTensor(dtype: .s8, shape: [18, 6]))
      f.inputs.append(PlanPort(name: "w", tensor: f.tensors.count - 1))
      step.operands[2] = f.tensors.count - 1
    },
    Damage("into a weight", .cachedAttention, "operands[5]") { step, f in
      f[step.operands[5]] = [1, 3, 6]
      step.operands[5] = 1
    },
    Damage("into its own input", .cachedAttention, "operands[5]") { step, _ in
      step.operands[6] = step.operands[5]
    },
    // Ranks and lengths
    Damage("of pixels without batch", .patches, "operands[0]") { step, f in
      f[step.operands[0]] = [3, 4, 5]
    },
    Damage("with a vector of weights", .linear, "operands[1]") { step, f in
      step.operands[1] = step.operands[2]
    },
    Damage("of another K", .linear, "operands[1]") { step, f in
      f[step.operands[0]][2] = 13
      f.steps[0].opcode = .fill
      f.steps[0].operands = []
      f.steps[0].axes = []
    },
    Damage("of another N", .linear, "results") { step, f in f[step.results[0]][2] = 7 },
    Damage("with another batch", .linear, "results[0]") { step, f in f[step.results[0]][1] = 5 },
    Damage("with wide row scales", .quantizeRows, "results[1]") { step, f in
      f[step.results[1]][1] = 3
    },
    Damage("with columns left over", .quantizedLinear, "results") { step, _ in
      step.results.removeLast()
    },
    Damage("of other width than q", .attention, "results[0]") { step, f in
      f[step.results[0]][2] = 8
      f[step.results[0] + 1][1] = 32  // its alias
    },
    Damage("of a loss with axes", .crossEntropy, "results[0]") { step, f in
      f[step.results[0]] = [1]
    },
    Damage("of two seeds", .dropout, "operands[1]") { step, f in f[step.operands[1]] = [2] },
    Damage("that does not stretch", .add, "operands[1]") { step, f in
      f.tensors.append(PlanTensor(dtype: .f32, shape: [2, 3]))
      f.inputs.append(PlanPort(name: "y", tensor: f.tensors.count - 1))
      step.operands[1] = f.tensors.count - 1
      f[step.results[0]] = [2, 4]
    },
    Damage("of more axes", .add, "results[0]") { step, f in f[step.results[0]].insert(1, at: 0) },
    Damage("that does not stretch", .broadcast, "operands[0]") { step, f in
      f[step.results[0]] = [3, 5]
    },
    Damage("with an odd product", .matMul, "operands[1]") { step, f in
      f.tensors.append(PlanTensor(dtype: .f32, shape: [2, 3, 4]))
      f.inputs.append(PlanPort(name: "y", tensor: f.tensors.count - 1))
      step.operands[1] = f.tensors.count - 1
    },
    Damage("of nobody's rows", .embeddingGradient, "results[0]") { step, f in
      f[step.results[0]] = [9, 5]
    },
    Damage("with an odd residual", .layerNorm, "operands[1]") { step, f in
      f.tensors.append(PlanTensor(dtype: .f32, shape: [3, 6]))
      f.inputs.append(PlanPort(name: "r", tensor: f.tensors.count - 1))
      step.operands[1] = f.tensors.count - 1
    },
    // Attributes
    Damage("with heads", .softmax, "") { step, _ in step.heads = 1 },
    Damage("with a prefix", .gelu, "") { step, _ in step.prefix = 1 },
    Damage("with epsilon 0", .layerNorm, "epsilon") { step, _ in step.epsilon = 0 },
    Damage("with epsilon NaN", .layerNormGradient, "epsilon") { step, _ in step.epsilon = .nan },
    Damage("with 128 levels", .quantizeRows, "levels") { step, _ in step.levels = 128 },
    Damage("with no levels", .quantizedLinear, "levels") { step, _ in step.levels = 0 },
    Damage("with no heads", .attention, "heads") { step, _ in step.heads = 0 },
    Damage("with heads that do not divide", .attention, "heads") { step, _ in step.heads = 4 },
    Damage("with a bias of other heads", .attentionGradient, "operands[3]") { step, f in
      f[step.operands[3]] = [1, 2, 2, 2]
      f[step.results[3]] = [1, 2, 2, 2]
    },
    Damage("with a bias for no part of the batch", .attentionGradient, "operands[3]") { step, f in
      f[step.operands[3]] = [2, 1, 2, 2]
      f[step.results[3]] = [2, 1, 2, 2]
    },
    Damage("with a scale of NaN", .attention, "value") { step, _ in step.value = .nan },
    Damage("with a scale of 0", .quantizedAttention, "value") { step, _ in step.value = 0 },
    Damage("with a prefix", .quantizedAttention, "") { step, _ in step.prefix = 1 },
    Damage("by infinity", .scale, "value") { step, _ in step.value = .infinity },
    Damage("with NaN", .fill, "value") { step, _ in step.value = .nan },
    Damage("of everything", .dropout, "value") { step, _ in step.value = 1 },
    Damage("with negative smoothing", .crossEntropy, "value") { step, _ in step.value = -0.1 },
    Damage("of no form", .gelu, "activation") { step, _ in step.activation = .none },
    Damage("without prefix", .prefixMask, "") { step, _ in step.prefix = nil },
    Damage("with a strange prefix", .attention, "prefix.terms[0].symbols[0]") { step, _ in
      step.prefix = PlanDimension(terms: [.init(coefficient: 1, symbols: [7])])
    },
    Damage("without start", .slice, "") { step, _ in step.start = nil },
    Damage("beyond the end", .slice, "start") { step, _ in step.start = 5 },
    Damage("beyond the end", .pad, "start") { step, _ in step.start = 5 },
    Damage("of other width", .slice, "") { step, f in f[step.results[0]][1] = 3 },
    Damage("of more axes than there are", .sum, "axes") { step, _ in
      step.axes = [Int](repeating: 0, count: 7)
    },
    Damage("along no axis", .slice, "axes") { step, _ in step.axes = [2] },
    Damage("along two axes", .concat, "axes") { step, _ in step.axes = [0, 1] },
    Damage("of other rows", .concat, "operands[0]") { step, f in f[step.results[0]][1] = 5 },
    Damage("of other length", .concat, "results[0]") { step, f in f[step.results[0]][0] = 7 },
    Damage("that drops an axis", .transpose, "axes") { step, _ in step.axes = [0, 0] },
    Damage("to another shape", .transpose, "results[0]") { step, f in
      f[step.results[0]].append(1)
    },
    Damage("of one axis twice", .sum, "axes") { step, _ in step.axes = [0, 0] },
    Damage("that keeps the axis", .sum, "results[0]") { step, f in f[step.results[0]] = [6] },
    Damage("of no window", .relativeIndex, "axes") { step, _ in step.axes = [0] },
    Damage("beyond the limit", .relativeIndex, "axes") { step, _ in step.axes = [65] },
    Damage("of other tokens", .relativeIndex, "results[0]") { step, _ in step.axes = [3] },
    Damage("that do not divide", .windowMask, "axes") { step, _ in step.axes = [2, 3, 2, 1] },
    Damage("shifted by all", .windowMask, "axes") { step, _ in step.axes = [2, 4, 2, 2] },
    Damage("in other number", .windowMask, "results[0]") { step, _ in
      step.axes = [4, 4, 2, 1]
    },
    Damage("of no size", .patches, "axes") { step, _ in step.axes = [0, 2, 0, 1] },
    Damage("of two numbers", .patches, "axes") { step, _ in step.axes = [2, 2] },
    Damage("that never move on", .patches, "axes") { step, _ in step.axes = [2, 0, 0, 1] },
    Damage("of padding alone", .patches, "axes") { step, _ in step.axes = [2, 2, 2, 1] },
    Damage("of channels anywhere", .patches, "axes") { step, _ in step.axes = [2, 2, 0, 2] },
    Damage("larger than the image", .patches, "operands[0]") { step, _ in
      step.axes = [5, 2, 0, 1]
    },
    Damage("in other number", .patches, "results[0]") { step, f in f[step.results[0]][1] = 5 },
    Damage("of other values", .patches, "results[0]") { step, f in f[step.results[0]][2] = 11 },
    Damage("in other number", .patchesGradient, "operands[0]") { step, f in
      f[step.operands[0]][1] = 5
    },
    Damage("more than there are", .keepRows, "results[0]") { step, f in
      f[step.results[0]][1] = 3
    },
    Damage("of other width", .keepRows, "results[0]") { step, f in f[step.results[0]][2] = 5 },
    Damage("by other scores", .keepRows, "operands[1]") { step, f in f[step.operands[1]][1] = 1 },
    Damage("to nothing", .interpolate, "results[0]") { step, f in f[step.results[0]][1] = 0 },
    Damage("to other vectors", .interpolate, "results[0]") { step, f in
      f[step.results[0]][2] = 5
    },
    Damage("of no grid", .interpolateGradient, "results[0]") { step, f in
      f[step.results[0]][0] = 0
    },
    Damage("of an unknown side", .patchesGradient, "results[0]") { step, f in
      f[step.results[0]][1] = q
    },
  ]

  static var all: [Damage] { tables + functions + steps }

  @Test("damaged tables, names and models are named", arguments: tables)
  func table(_ damage: Damage) throws { try reject(damage) }

  @Test("damaged functions and tensors are named", arguments: functions)
  func function(_ damage: Damage) throws { try reject(damage) }

  @Test("damaged steps are named", arguments: steps)
  func step(_ damage: Damage) throws { try reject(damage) }

  private func reject(_ damage: Damage) throws {
    var sample = SamplePlan()
    damage.apply(&sample)
    let error = #expect(throws: InputError.self) {
      try LoadedPlan(bytes: sample.bytes, place: "x.plan")
    }
    #expect(error?.kind == .badData)
    #expect(error?.place == "x.plan, field \(damage.field)", "\(error?.description ?? "")")
    // Some of the damage is in names of a thousand letters.
    #expect((error?.description.utf8.count ?? 0) < 3000)
  }
}
