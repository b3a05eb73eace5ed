import CKernels
import Diagnostics
import Formats
import Kernels

/// Turns the steps of a plan function into kernel calls, checking that no kernel can be led astray.
///
/// Reading a plan compares what does not depend on symbols. Here every length is known, so every
/// relation between the tensors of a step is checked: after this, whatever the file said, no kernel
/// reads or writes outside the tensors of its step.
struct Binder {
  /// The longest axis: that of the plan's limits would let products of three lengths overflow.
  static let maximumLength = Int(Int32.max)

  let function: PlanFunction
  let weights: WeightMemory
  /// By symbol of the function.
  let symbols: [Int]
  let isa: ISA
  let threads: Int
  /// "model.plan, function 'encode'".
  let place: String
  let tensors: [BoundTensor]
  private(set) var calls: [KernelCall] = []
  /// By call, whether it computes the same at every run, from weights alone.
  private(set) var isConstant: [Bool] = []
  /// By buffer, whether its bytes are those of a weight, or computed from weights alone.
  private var hasConstantBytes: [Bool]
  /// The step that is being bound.
  private(set) var stepIndex = 0
  /// The first call of that step.
  private(set) var stepStart = 0
  /// The input that can be given as samples too; see ``emitSamples(of:)``.
  let sampled: SampledInput?
  /// The buffer of those samples and how many there are, if the function allows it.
  var samples: (buffer: Int, count: Int)?
  /// The output whose greatest columns are wanted too; see ``emitTop(of:arguments:)``.
  let ranked: String?
  /// Where those are found, if the output allows it.
  var top: TopBuffers?
  /// Slices that are never made; see ``joinedSlices(_:)``.
  let joinedSlices: Set<Int>
  /// Of which tensor each of them is a part, and at which element it starts.
  var parts: [Int: (whole: BoundTensor, offset: Int)] = [:]
  /// Results that are never written as they are; see ``joinedResults(_:layout:)``.
  let joinedResults: Set<Int>
  /// By those results, how they are made.
  var joinedProducts: [Int: JoinedProduct] = [:]
  var joinedEmbeddings: [Int: JoinedEmbedding] = [:]
  /// Bytes of each buffer: of each tensor that is a root (0 for aliases), then of each scratch.
  private(set) var bufferBytes: [Int]

  /// Evaluates every shape of `function`.
  init(
    _ function: PlanFunction, weights: WeightMemory, symbols values: [String: Int], isa: ISA,
    threads: Int, sampled: SampledInput? = nil, ranked: String? = nil, place: String
  ) throws(InputError) {
    self.function = function
    self.sampled = sampled
    self.ranked = ranked
    self.weights = weights
    self.isa = isa
    self.threads = threads
    self.place = "\(place), function '\(function.name)'"
    var symbols: [Int] = []
    for name in function.symbols {
      guard let value = values[name] else {
        throw InputError(
          .badData, "symbol '\(name)' has no value",
          expected: "one of \(values.keys.sorted())", found: "'\(name)'", in: self.place,
          advice: "compile the model again")
      }
      symbols.append(value)
    }
    self.symbols = symbols
    var tensors: [BoundTensor] = []
    for index in function.tensors.indices {
      tensors.append(
        try Self.bind(
          index, of: function, table: weights.table, symbols: symbols, place: self.place))
    }
    for tensor in tensors where tensor.root != tensor.index {
      let root = tensors[tensor.root]
      guard tensor.dtype == root.dtype, tensor.count == root.count else {
        throw InputError(
          .badData, "an alias does not fill its tensor", expected: root.description,
          found: tensor.description, in: "\(self.place), tensors[\(tensor.index)]",
          advice: "compile the model again")
      }
    }
    self.tensors = tensors
    joinedSlices = Self.joinedSlices(function)
    joinedResults = Self.joinedResults(function) { tensor in
      tensors[tensor].weight.map { weights.table[$0].layout }
    }
    bufferBytes = tensors.map { $0.root == $0.index ? $0.byteCount : 0 }
    hasConstantBytes = tensors.map { $0.weight != nil }
  }

  private static func bind(
    _ index: Int, of function: PlanFunction, table: [PlanWeight], symbols: [Int], place: String
  ) throws(InputError) -> BoundTensor {
    func fail(_ what: String, _ expected: String, _ found: String) -> InputError {
      InputError(
        .badData, what, expected: expected, found: found, in: "\(place), tensors[\(index)]",
        advice: "compile the model again, or use a smaller input")
    }
    let tensor = function.tensors[index]
    var shape: [Int] = []
    // Counts lengths of 0 as 1, so that strides fit too.
    var extent = tensor.dtype.byteCount
    for (axis, dimension) in tensor.shape.enumerated() {
      guard let length = dimension.value(symbols), (0...maximumLength).contains(length) else {
        throw fail(
          "axis \(axis) is too long", "0 ... \(maximumLength)",
          dimension.value(symbols).map(String.init) ?? "a number beyond 64 bits")
      }
      let (product, overflow) = extent.multipliedReportingOverflow(by: max(1, length))
      if overflow { throw fail("a tensor is too large", "less than 2^63 bytes", "more") }
      extent = product
      shape.append(length)
    }
    guard shape.count <= Int(CK_MAX_RANK) else {
      throw fail("a tensor has too many axes", "\(CK_MAX_RANK) or fewer", "\(shape.count)")
    }
    var root = index
    for _ in function.tensors { root = function.tensors[root].aliasOf ?? root }
    if function.tensors[root].aliasOf != nil {
      throw fail("aliases form a circle", "a tensor with bytes", "only aliases")
    }
    if let weight = tensor.weight {
      let entry = table[weight]
      guard entry.dtype == tensor.dtype, entry.shape == shape, tensor.aliasOf == nil,
        entry.byteCount
          == PlanWeight.byteCount(dtype: entry.dtype, shape: entry.shape, layout: entry.layout)
      else {
        throw fail(
          "a tensor is not like its weight", "\(entry.dtype)\(entry.shape)",
          "\(tensor.dtype)\(shape)")
      }
    }
    return BoundTensor(
      index: index, dtype: tensor.dtype, shape: shape, count: elementCount(shape), root: root,
      weight: function.tensors[root].weight)
  }

  /// The value of a dimension of a step's attribute.
  func value(_ dimension: PlanDimension?, of view: StepView, _ name: String) throws(InputError)
    -> Int
  {
    let value = dimension?.value(symbols)
    guard let value, (0...Self.maximumLength).contains(value) else {
      throw view.failure(
        name, expected: "0 ... \(Self.maximumLength)",
        found: value.map(String.init) ?? "none, or beyond 64 bits")
    }
    return value
  }

  /// A buffer of `floats` floats that lives for one call.
  mutating func scratch(floats: Int, for view: StepView) throws(InputError) -> Int {
    let (bytes, overflow) = floats.multipliedReportingOverflow(
      by: MemoryLayout<Float>.stride)
    guard !overflow, floats >= 0 else {
      throw view.failure("scratch is too large", expected: "less than 2^63 bytes", found: "more")
    }
    bufferBytes.append(bytes)
    return bufferBytes.count - 1
  }

  /// Adds a call to the program.
  mutating func emit(_ call: KernelCall) { calls.append(call) }

  /// Binds all steps, in order.
  mutating func bindSteps() throws(InputError) {
    let outputs = Set(function.outputs.map { tensors[$0.tensor].root })
    for index in function.steps.indices {
      (stepIndex, stepStart) = (index, calls.count)
      let view = try view(index)
      // Without results there is nothing to do, and kernels need not think of it.
      if view.results.allSatisfy({ $0.count == 0 }) { continue }
      try bind(view)
      // What callers see is theirs to overwrite, and to place.
      let isConstant =
        view.operands.allSatisfy { hasConstantBytes[$0.root] }
        && !view.results.contains { outputs.contains($0.root) }
      if isConstant { for result in view.results { hasConstantBytes[result.root] = true } }
      self.isConstant += repeatElement(isConstant, count: calls.count - stepStart)
    }
  }

  /// A step with its tensors, matched against its opcode's signature.
  func view(_ index: Int) throws(InputError) -> StepView {
    let step = function.steps[index]
    let place = "\(place), steps[\(index)]"
    let signature = step.opcode.signature
    let (operands, results) = (step.operands.map { tensors[$0] }, step.results.map { tensors[$0] })
    var match = ShapeMatch()
    for (slots, bound, what) in [
      (signature.operands(of: step), operands, "operands"),
      (signature.results(of: step), results, "results"),
    ] {
      guard slots.count == bound.count else {
        throw InputError(
          .badData, "\(step.opcode.protoName): \(what)", expected: "\(slots.count)",
          found: "\(bound.count)", in: place, advice: "compile the model again")
      }
      for (slot, tensor) in zip(slots, bound) {
        let layout = tensor.weight.map { weights.table[$0].layout }
        let packed = layout?.isPacked ?? false
        let fits = slot.storage.takes(layout)
        let known = match
        guard fits, slot.dtypes.contains(tensor.dtype), match.matches(tensor.shape, slot.shape)
        else {
          throw InputError(
            .badData, "\(step.opcode.protoName): \(slot.name)",
            expected: "\(slot.dtypes.map { "\($0)" }.joined(separator: " or "))"
              + known.description(of: slot.shape)
              + (slot.storage == .plain ? "" : " (\(slot.storage))"),
            found: tensor.description + (packed ? " (packedWeight)" : ""), in: place,
            advice: "compile the model again")
        }
      }
    }
    return StepView(step: step, place: place, operands: operands, results: results, match: match)
  }

  private mutating func bind(_ view: StepView) throws(InputError) {
    switch view.step.opcode {
    case .linear: try bindLinear(view)
    case .quantizedLinear: try bindQuantizedLinear(view)
    case .matMul: try bindMatMul(view)
    case .attention: try bindAttention(view)
    case .cachedAttention: try bindCachedAttention(view)
    case .quantizedAttention: try bindQuantizedAttention(view)
    case .attentionGradient: try bindAttentionGradient(view)
    case .layerNorm: try bindLayerNorm(view)
    case .layerNormGradient: try bindLayerNormGradient(view)
    case .quantizeRows: try bindQuantizeRows(view)
    case .softmax: bindSoftmax(view)
    case .softmaxGradient: bindSoftmaxGradient(view)
    case .prefixMask: try bindPrefixMask(view)
    case .gelu: try bindGelu(view)
    case .geluGradient: try bindGeluGradient(view)
    case .add: try bindBinary(view, CK_BINARY_ADD)
    case .multiply: try bindBinary(view, CK_BINARY_MULTIPLY)
    case .scale: bindScale(view)
    case .exp: bindUnary(view, CK_UNARY_EXP)
    case .rsqrt: bindUnary(view, CK_UNARY_RSQRT)
    case .toHalf: bindToHalf(view)
    case .fill: bindFill(view)
    case .dropout: try bindDropout(view)
    case .sum: try bindSum(view)
    case .transpose: try bindTranspose(view)
    case .concat: try bindConcat(view)
    case .slice: try bindSlice(view)
    case .broadcast: try bindBroadcast(view)
    case .pad: try bindPad(view)
    case .embedding: bindEmbedding(view)
    case .keepRows: try bindKeepRows(view)
    case .quantizedEmbedding: bindQuantizedEmbedding(view)
    case .embeddingGradient: bindEmbeddingGradient(view)
    case .patches: try bindPatches(view)
    case .patchesGradient: try bindPatchesGradient(view)
    case .relativeIndex: try bindRelativeIndex(view)
    case .windowMask: try bindWindowMask(view)
    case .interpolate: try bindInterpolate(view)
    case .interpolateGradient: try bindInterpolateGradient(view)
    case .crossEntropy: try bindCrossEntropy(view)
    case .crossEntropyGradient: try bindCrossEntropyGradient(view)
    }
  }
}
