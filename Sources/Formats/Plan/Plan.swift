/// A compiled model, between compiler and runtime: `formats/plan.proto` in Swift.
///
/// Weights are not in here: the table says where in the weight segment each one lies.
package struct Plan: Sendable, Equatable {
  package var producer: String
  package var functions: [PlanFunction]
  package var weights: [PlanWeight]
  /// nil for a program that is no captioner, such as a training step.
  package var model: PlanModel?

  package init(
    producer: String, functions: [PlanFunction], weights: [PlanWeight], model: PlanModel?
  ) {
    self.producer = producer
    self.functions = functions
    self.weights = weights
    self.model = model
  }

  /// The function of this name, nil when there is none.
  package func function(_ name: String) -> PlanFunction? { functions.first { $0.name == name } }
}

/// What the program around the functions needs: preprocessing, text, geometry.
package struct PlanModel: Sendable, Equatable {
  package var preprocessing: Preprocessing
  /// One entry per token id.
  package var vocabulary: [String]
  /// Longest text, [CLS] and [SEP] included.
  package var maximumTextLength: Int
  /// 0 for a model of single images, else the most frames of a clip.
  package var maximumFrames: Int
  /// "int8" or "fp32": what compile was asked for.
  package var precision: String

  package init(
    preprocessing: Preprocessing, vocabulary: [String], maximumTextLength: Int,
    maximumFrames: Int, precision: String
  ) {
    self.preprocessing = preprocessing
    self.vocabulary = vocabulary
    self.maximumTextLength = maximumTextLength
    self.maximumFrames = maximumFrames
    self.precision = precision
  }
}

/// The number type of a tensor in a plan.
package enum PlanDType: Int, Sendable, CaseIterable {
  case f32 = 1
  case i32, u8, s8, f16

  /// Bytes of one element.
  package var byteCount: Int {
    switch self {
    case .f32, .i32: 4
    case .f16: 2
    case .u8, .s8: 1
    }
  }
}

/// How a weight's bytes are arranged.
package enum PlanLayout: Int, Sendable, CaseIterable {
  /// Row-major.
  case dense = 1
  /// s8 [N, K] as [N/8][K/4][8][4], then int32 column sums [N] at the next multiple of 64 bytes.
  case packedN8K4
  /// s8 [N, K] as four bits times a multiplier per 32 inputs (`ck_pack_s4`), then int32 column sums [N]
  /// at the next multiple of 64 bytes.
  case packedN8K32

  /// The axis of inputs in blocks, and column sums behind.
  package var isPacked: Bool { self != .dense }
}

/// Where one weight lies in the weight segment.
package struct PlanWeight: Sendable, Equatable {
  package var name: String
  package var dtype: PlanDType
  package var shape: [Int]
  package var layout: PlanLayout
  /// Bytes from the start of the segment; a multiple of 64.
  package var offset: Int
  package var byteCount: Int
  /// Of a weight of layout `packedN8K4`, bounds of its sums in 16 bits, one for each length of runs; see
  /// ``PartialSums``.
  ///
  /// Empty where nothing is known. A reader does not believe them:
  /// ``LoadedPlan/partialSums(ofWeight:)``.
  package var partialSums: [Int]
  /// Of the bytes, for all weights of a plan or for none: those of version 1 and those that were never
  /// a file have none.
  package var sha256: SHA256Digest?

  package init(
    name: String, dtype: PlanDType, shape: [Int], layout: PlanLayout, offset: Int, byteCount: Int,
    partialSums: [Int] = [], sha256: SHA256Digest? = nil
  ) {
    self.name = name
    self.dtype = dtype
    self.shape = shape
    self.layout = layout
    self.offset = offset
    self.byteCount = byteCount
    self.partialSums = partialSums
    self.sha256 = sha256
  }
}

/// A program over tensors whose dimensions are polynomials in its symbols.
package struct PlanFunction: Sendable, Equatable {
  package var name: String
  package var symbols: [String]
  package var tensors: [PlanTensor]
  /// In running order.
  package var steps: [PlanStep]
  package var inputs: [PlanPort]
  package var outputs: [PlanPort]

  package init(
    name: String, symbols: [String], tensors: [PlanTensor], steps: [PlanStep],
    inputs: [PlanPort], outputs: [PlanPort]
  ) {
    self.name = name
    self.symbols = symbols
    self.tensors = tensors
    self.steps = steps
    self.inputs = inputs
    self.outputs = outputs
  }
}

/// A tensor that callers know by name.
package struct PlanPort: Sendable, Equatable {
  package var name: String
  /// Index into the function's tensors.
  package var tensor: Int

  package init(name: String, tensor: Int) {
    self.name = name
    self.tensor = tensor
  }
}

/// A tensor of a function: an input, a weight, another tensor's bytes, or the result of a step.
package struct PlanTensor: Sendable, Equatable {
  package var dtype: PlanDType
  package var shape: [PlanDimension]
  /// Index into `Plan.weights`.
  package var weight: Int?
  /// Index of the tensor whose bytes these are under another shape.
  package var aliasOf: Int?

  package init(
    dtype: PlanDType, shape: [PlanDimension], weight: Int? = nil, aliasOf: Int? = nil
  ) {
    self.dtype = dtype
    self.shape = shape
    self.weight = weight
    self.aliasOf = aliasOf
  }
}

/// Σ coefficient · Π symbols: the length of an axis.
package struct PlanDimension: Sendable, Equatable, ExpressibleByIntegerLiteral {
  package struct Term: Sendable, Equatable {
    package var coefficient: Int
    /// Indices into the function's symbols.
    package var symbols: [Int]

    package init(coefficient: Int, symbols: [Int]) {
      self.coefficient = coefficient
      self.symbols = symbols
    }
  }

  package var terms: [Term]

  package init(terms: [Term]) { self.terms = terms }

  /// A known length.
  package init(_ value: Int) {
    terms = value == 0 ? [] : [Term(coefficient: value, symbols: [])]
  }

  /// A known length.
  package init(integerLiteral value: Int) { self.init(value) }

  /// The value when symbol i is `values[i]`; nil when it overflows.
  package func value(_ values: [Int]) -> Int? {
    var sum = 0
    for term in terms {
      var product = term.coefficient
      for symbol in term.symbols {
        let (next, overflow) = product.multipliedReportingOverflow(by: values[symbol])
        if overflow { return nil }
        product = next
      }
      let (next, overflow) = sum.addingReportingOverflow(product)
      if overflow { return nil }
      sum = next
    }
    return sum
  }
}

/// What a step computes; the raw values are the file's.
package enum PlanOpcode: Int, Sendable, CaseIterable {
  case linear = 1
  case quantizedLinear, matMul, attention, cachedAttention, layerNorm, quantizeRows, softmax
  case prefixMask, gelu, add, multiply, scale, fill, transpose, concat, slice, broadcast, pad, sum
  case embedding, patches, dropout, crossEntropy
  case geluGradient, softmaxGradient, layerNormGradient, attentionGradient, embeddingGradient
  case crossEntropyGradient, patchesGradient, relativeIndex, windowMask, quantizedEmbedding
  case interpolate, interpolateGradient, exp, rsqrt, quantizedAttention, toHalf, keepRows
}

/// The activation of a projection.
package enum PlanActivation: Int, Sendable, CaseIterable {
  case none = 0
  case geluErf, geluTanh, geluQuick
}

/// The form of label smoothing.
package enum PlanSmoothing: Int, Sendable, CaseIterable {
  case kl = 0
  case uniform
}

/// One op.
///
/// Operands and results are indices of tensors; ``OpcodeSignature`` says which each opcode needs,
/// and validation checks them.
package struct PlanStep: Sendable, Equatable {
  package var opcode: PlanOpcode
  package var operands: [Int]
  package var results: [Int]

  /// LINEAR, QUANTIZED_LINEAR, GELU, GELU_GRADIENT.
  package var activation: PlanActivation = .none
  /// LINEAR, QUANTIZED_LINEAR: a bias follows the weights; ATTENTION, ATTENTION_GRADIENT: it follows v.
  package var hasBias = false
  /// LINEAR, QUANTIZED_LINEAR: a residual is the last operand; LAYER_NORM: it is the second.
  package var hasResidual = false
  /// LAYER_NORM with levels: the float rows are the first result.
  package var keepsFloat = false
  /// LAYER_NORM, LAYER_NORM_GRADIENT.
  package var epsilon: Float = 0
  /// SCALE: factor; FILL: value; ATTENTION…: scale; DROPOUT: rate; CROSS_ENTROPY…: smoothing.
  package var value: Float = 0
  /// QUANTIZE_ROWS, LAYER_NORM (0: no quantization), QUANTIZED_LINEAR: 127 or 255.
  package var levels = 0
  /// ATTENTION, QUANTIZED_ATTENTION, CACHED_ATTENTION, ATTENTION_GRADIENT.
  package var heads = 0
  /// PREFIX_MASK; ATTENTION, ATTENTION_GRADIENT when masked.
  package var prefix: PlanDimension?
  /// MATMUL.
  package var transposeA = false
  package var transposeB = false
  /// TRANSPOSE: the permutation; SUM: the axes; CONCAT, SLICE, PAD: the one axis; PATCHES,
  /// PATCHES_GRADIENT: size, stride, padding, axis of channels (``PlanPatches``); RELATIVE_INDEX: the
  /// window; WINDOW_MASK: height, width, window, shift.
  package var axes: [Int] = []
  /// SLICE: first index kept; PAD: zeros before.
  package var start: PlanDimension?
  /// DROPOUT.
  package var salt = 0
  /// CROSS_ENTROPY, CROSS_ENTROPY_GRADIENT.
  package var smoothing: PlanSmoothing = .kl

  package init(_ opcode: PlanOpcode, operands: [Int], results: [Int]) {
    self.opcode = opcode
    self.operands = operands
    self.results = results
  }
}
