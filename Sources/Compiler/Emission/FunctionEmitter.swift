import Formats
import Graph

/// Writes one graph as a function of a plan.
struct FunctionEmitter {
  private let graph: Graph
  private var symbols: [String] = []
  private var tensors: [PlanTensor] = []
  private var steps: [PlanStep] = []
  private var tensorOf: [Value: Int] = [:]
  /// Levels of each quantized value, which its readers need.
  private var levelsOf: [Value: Int] = [:]

  /// The function `name`.
  ///
  /// - Parameters:
  ///   - graph: verified.
  ///   - name: what callers know the function by.
  ///   - weights: the index in the weight table of each parameter, by name.
  /// - Returns: one tensor per value, one step per node but the reshapes, which are aliases.
  static func emit(_ graph: Graph, name: String, weights: [String: Int]) -> PlanFunction {
    var emitter = FunctionEmitter(graph)
    return emitter.run(name, weights)
  }

  private init(_ graph: Graph) { self.graph = graph }

  private mutating func run(_ name: String, _ weights: [String: Int]) -> PlanFunction {
    for input in graph.inputs { _ = define(input.value) }
    for parameter in graph.parameters {
      guard let weight = weights[parameter.name] else {
        preconditionFailure("parameter '\(parameter.name)' is not in the weight table")
      }
      _ = define(parameter.value, weight: weight)
    }
    for node in graph.nodes { append(node) }
    func ports(_ values: [NamedValue]) -> [PlanPort] {
      values.compactMap { named in
        tensorOf[named.value].map { PlanPort(name: named.name, tensor: $0) }
      }
    }
    return PlanFunction(
      name: name, symbols: symbols, tensors: tensors, steps: steps, inputs: ports(graph.inputs),
      outputs: ports(graph.outputs))
  }

  private mutating func define(_ value: Value, weight: Int? = nil, aliasOf: Int? = nil) -> Int {
    let type = graph.type(value)
    tensors.append(
      PlanTensor(
        dtype: PlanDType(type.dtype), shape: type.shape.map { dimension($0) }, weight: weight,
        aliasOf: aliasOf))
    tensorOf[value] = tensors.count - 1
    return tensors.count - 1
  }

  private mutating func dimension(_ dimension: Dimension) -> PlanDimension {
    PlanDimension(
      terms: dimension.terms.map { term in
        PlanDimension.Term(coefficient: term.coefficient, symbols: term.symbols.map { symbol($0) })
      })
  }

  private mutating func symbol(_ name: String) -> Int {
    if let index = symbols.firstIndex(of: name) { return index }
    symbols.append(name)
    return symbols.count - 1
  }

  private func tensor(_ value: Value) -> Int {
    guard let index = tensorOf[value] else { preconditionFailure("values are defined in order") }
    return index
  }

  private mutating func append(_ node: Node) {
    if case .reshape = node.op {
      let source = tensor(node.inputs[0])
      _ = define(node.results[0], aliasOf: tensors[source].aliasOf ?? source)
      return
    }
    let operands = node.inputs.map { tensor($0) }
    let results = node.results.map { define($0) }
    var step = PlanStep(opcode(node.op), operands: operands, results: results)
    setAttributes(&step, node)
    steps.append(step)
  }

  private func opcode(_ op: Op) -> PlanOpcode {
    switch op {
    case .constant: .fill
    case .add: .add
    case .multiply: .multiply
    case .scale: .scale
    case .exp: .exp
    case .rsqrt: .rsqrt
    case .matMul: .matMul
    case .softmax: .softmax
    case .prefixMask: .prefixMask
    case .layerNorm, .residualLayerNorm, .layerNormQuantize: .layerNorm
    case .gelu: .gelu
    case .transpose: .transpose
    case .concat: .concat
    case .slice: .slice
    case .broadcast: .broadcast
    case .embedding: .embedding
    case .keepRows: .keepRows
    case .patches: .patches
    case .relativeIndex: .relativeIndex
    case .windowMask: .windowMask
    case .interpolate: .interpolate
    case .dropout: .dropout
    case .crossEntropy: .crossEntropy
    case .sum: .sum
    case .geluGradient: .geluGradient
    case .softmaxGradient: .softmaxGradient
    case .layerNormGradient: .layerNormGradient
    case .attentionGradient: .attentionGradient
    case .embeddingGradient: .embeddingGradient
    case .interpolateGradient: .interpolateGradient
    case .crossEntropyGradient: .crossEntropyGradient
    case .patchesGradient: .patchesGradient
    case .pad: .pad
    case .linear: .linear
    case .attention: .attention
    case .cachedAttention: .cachedAttention
    case .quantizedAttention: .quantizedAttention
    case .quantizeRows: .quantizeRows
    case .toHalf: .toHalf
    case .quantizedLinear: .quantizedLinear
    case .quantizedEmbedding: .quantizedEmbedding
    case .reshape: preconditionFailure("a reshape is an alias, not a step")
    }
  }

  private mutating func setAttributes(_ step: inout PlanStep, _ node: Node) {
    switch node.op {
    case .add, .multiply, .exp, .rsqrt, .softmax, .broadcast, .embedding, .embeddingGradient,
      .keepRows, .interpolate, .interpolateGradient, .softmaxGradient, .reshape,
      .quantizedEmbedding, .toHalf:
      break
    case .constant(let op): step.value = op.value
    case .scale(let op): step.value = op.factor
    case .matMul(let op): (step.transposeA, step.transposeB) = (op.transposeA, op.transposeB)
    case .prefixMask(let op): step.prefix = dimension(op.prefix)
    case .layerNorm(let op): step.epsilon = op.epsilon
    case .layerNormGradient(let op): step.epsilon = op.epsilon
    case .residualLayerNorm(let op): (step.epsilon, step.hasResidual) = (op.epsilon, true)
    case .layerNormQuantize(let op):
      (step.epsilon, step.hasResidual) = (op.epsilon, op.hasResidual)
      (step.levels, step.keepsFloat) = (op.levels, op.keepsFloat)
      levelsOf[node.results[op.keepsFloat ? 1 : 0]] = op.levels
    case .quantizeRows(let op):
      step.levels = op.levels
      levelsOf[node.results[0]] = op.levels
    case .gelu(let op): step.activation = PlanActivation(Activation(op.form))
    case .geluGradient(let op): step.activation = PlanActivation(Activation(op.form))
    case .transpose(let op): step.axes = op.permutation
    case .concat(let op): step.axes = [op.axis]
    case .slice(let op): (step.axes, step.start) = ([op.axis], dimension(op.start))
    case .pad(let op): (step.axes, step.start) = ([op.axis], dimension(op.before))
    case .patches(let op): step.axes = axes(op.form)
    case .patchesGradient(let op): step.axes = axes(op.form)
    case .relativeIndex(let op): step.axes = [op.window]
    case .windowMask(let op): step.axes = [op.height, op.width, op.window, op.shift]
    case .sum(let op): step.axes = op.axes
    case .dropout(let op): (step.value, step.salt) = (op.rate, op.salt)
    case .crossEntropy(let op): set(op.smoothing, &step)
    case .crossEntropyGradient(let op): set(op.smoothing, &step)
    case .attention(let op): set(op.form, &step)
    case .attentionGradient(let op): set(op.form, &step)
    case .cachedAttention(let op): set(op.form, &step)
    case .quantizedAttention(let op): set(op.form, &step)
    case .linear(let op): set(op.epilogue, &step)
    case .quantizedLinear(let op):
      set(op.epilogue, &step)
      guard let levels = levelsOf[node.inputs[0]] else {
        preconditionFailure("x of quantized_linear comes from a quantizing op")
      }
      step.levels = levels
    }
  }

  private func set(_ epilogue: Epilogue, _ step: inout PlanStep) {
    step.activation = PlanActivation(epilogue.activation)
    (step.hasBias, step.hasResidual) = (epilogue.hasBias, epilogue.hasResidual)
  }

  private mutating func set(_ form: AttentionForm, _ step: inout PlanStep) {
    (step.heads, step.value, step.hasBias) = (form.heads, form.scale, form.hasBias)
    step.prefix = form.prefix.map { dimension($0) }
  }

  private func axes(_ form: PatchForm) -> [Int] {
    [form.size, form.stride, form.padding, form.channelsLast ? 3 : 1]
  }

  private func set(_ smoothing: Smoothing, _ step: inout PlanStep) {
    step.value = smoothing.amount
    step.smoothing = smoothing.form == .kl ? .kl : .uniform
  }
}

extension PlanDType {
  /// The plan's name for a graph's element type.
  init(_ dtype: DType) {
    switch dtype {
    case .f32: self = .f32
    case .i32: self = .i32
    case .u8: self = .u8
    case .s8: self = .s8
    case .f16: self = .f16
    }
  }
}

extension PlanActivation {
  /// The plan's name for a graph's activation.
  init(_ activation: Activation) {
    switch activation {
    case .none: self = .none
    case .geluErf: self = .geluErf
    case .geluTanh: self = .geluTanh
    case .geluQuick: self = .geluQuick
    }
  }
}
