/// An attribute of an op as files and the text form carry it.
package enum Attribute: Hashable, Sendable {
  case int(Int)
  case float(Float)
  case string(String)
  case ints([Int])
  case dimension(Dimension)
  case shape(Shape)
}

/// The attributes of one op, by name.
///
/// Typed structs are made from it and give it back.
package typealias Attributes = [String: Attribute]

/// One kind of op: its typed attributes and its only shape inference.
///
/// An op knows nothing of kernels, devices or files. Its meaning is in `Reference`, its derivative
/// in `Trainer`.
package protocol OpDefinition: Hashable, Sendable {
  /// The name in the text form and in files; never changes.
  static var mnemonic: String { get }
  /// Everything needed to make the op again.
  var attributes: Attributes { get }
  /// Reads the attributes a file or the text form gave.
  init(_ attributes: Attributes) throws(GraphError)
  /// The types of the results for inputs of these types, or why they do not fit.
  func resultTypes(_ inputs: [TensorType]) throws(GraphError) -> [TensorType]
}

/// An op that is told nothing beyond its inputs.
package protocol PlainOp: OpDefinition {
  init()
}

extension PlainOp {
  package init(_: Attributes) throws(GraphError) { self.init() }

  package var attributes: Attributes { [:] }
}

/// The closed set of ops: the compiler lists every place a new one must be handled.
package enum Op: Hashable, Sendable {
  // Primitive: what models are written in.
  case constant(Constant)
  case add(Add)
  case multiply(Multiply)
  case scale(Scale)
  case exp(Exp)
  case rsqrt(Rsqrt)
  case matMul(MatMul)
  case softmax(Softmax)
  case prefixMask(PrefixMask)
  case layerNorm(LayerNorm)
  case gelu(Gelu)
  case reshape(Reshape)
  case transpose(Transpose)
  case concat(Concat)
  case slice(Slice)
  case broadcast(Broadcast)
  case embedding(Embedding)
  case keepRows(KeepRows)
  case patches(Patches)
  case relativeIndex(RelativeIndex)
  case windowMask(WindowMask)
  case interpolate(Interpolate)
  case dropout(Dropout)
  case crossEntropy(CrossEntropy)
  case sum(Sum)
  // Derivatives: made by autodiff.
  case geluGradient(GeluGradient)
  case softmaxGradient(SoftmaxGradient)
  case layerNormGradient(LayerNormGradient)
  case attentionGradient(AttentionGradient)
  case embeddingGradient(EmbeddingGradient)
  case patchesGradient(PatchesGradient)
  case interpolateGradient(InterpolateGradient)
  case crossEntropyGradient(CrossEntropyGradient)
  case pad(Pad)
  // Fused: made by the compiler's passes; each has a decomposition into the above.
  case linear(Linear)
  case attention(Attention)
  case cachedAttention(CachedAttention)
  case quantizedAttention(QuantizedAttention)
  case residualLayerNorm(ResidualLayerNorm)
  case quantizeRows(QuantizeRows)
  case toHalf(ToHalf)
  case layerNormQuantize(LayerNormQuantize)
  case quantizedLinear(QuantizedLinear)
  case quantizedEmbedding(QuantizedEmbedding)

  /// Every kind, for readers of the text form and of files.
  package static let kinds: [String: @Sendable (Attributes) throws(GraphError) -> Op] = [
    Constant.mnemonic: { (a) throws(GraphError) in .constant(try Constant(a)) },
    Add.mnemonic: { (a) throws(GraphError) in .add(try Add(a)) },
    Multiply.mnemonic: { (a) throws(GraphError) in .multiply(try Multiply(a)) },
    Scale.mnemonic: { (a) throws(GraphError) in .scale(try Scale(a)) },
    Exp.mnemonic: { (a) throws(GraphError) in .exp(try Exp(a)) },
    Rsqrt.mnemonic: { (a) throws(GraphError) in .rsqrt(try Rsqrt(a)) },
    MatMul.mnemonic: { (a) throws(GraphError) in .matMul(try MatMul(a)) },
    Softmax.mnemonic: { (a) throws(GraphError) in .softmax(try Softmax(a)) },
    PrefixMask.mnemonic: { (a) throws(GraphError) in .prefixMask(try PrefixMask(a)) },
    LayerNorm.mnemonic: { (a) throws(GraphError) in .layerNorm(try LayerNorm(a)) },
    Gelu.mnemonic: { (a) throws(GraphError) in .gelu(try Gelu(a)) },
    Reshape.mnemonic: { (a) throws(GraphError) in .reshape(try Reshape(a)) },
    Transpose.mnemonic: { (a) throws(GraphError) in .transpose(try Transpose(a)) },
    Concat.mnemonic: { (a) throws(GraphError) in .concat(try Concat(a)) },
    Slice.mnemonic: { (a) throws(GraphError) in .slice(try Slice(a)) },
    Broadcast.mnemonic: { (a) throws(GraphError) in .broadcast(try Broadcast(a)) },
    Embedding.mnemonic: { (a) throws(GraphError) in .embedding(try Embedding(a)) },
    KeepRows.mnemonic: { (a) throws(GraphError) in .keepRows(try KeepRows(a)) },
    Patches.mnemonic: { (a) throws(GraphError) in .patches(try Patches(a)) },
    RelativeIndex.mnemonic: { (a) throws(GraphError) in .relativeIndex(try RelativeIndex(a)) },
    WindowMask.mnemonic: { (a) throws(GraphError) in .windowMask(try WindowMask(a)) },
    Interpolate.mnemonic: { (a) throws(GraphError) in .interpolate(try Interpolate(a)) },
    Dropout.mnemonic: { (a) throws(GraphError) in .dropout(try Dropout(a)) },
    CrossEntropy.mnemonic: { (a) throws(GraphError) in .crossEntropy(try CrossEntropy(a)) },
    Sum.mnemonic: { (a) throws(GraphError) in .sum(try Sum(a)) },
    GeluGradient.mnemonic: { (a) throws(GraphError) in .geluGradient(try GeluGradient(a)) },
    SoftmaxGradient.mnemonic: { (a) throws(GraphError) in
      .softmaxGradient(try SoftmaxGradient(a))
    },
    LayerNormGradient.mnemonic: { (a) throws(GraphError) in
      .layerNormGradient(try LayerNormGradient(a))
    },
    AttentionGradient.mnemonic: { (a) throws(GraphError) in
      .attentionGradient(try AttentionGradient(a))
    },
    EmbeddingGradient.mnemonic: { (a) throws(GraphError) in
      .embeddingGradient(try EmbeddingGradient(a))
    },
    PatchesGradient.mnemonic: { (a) throws(GraphError) in
      .patchesGradient(try PatchesGradient(a))
    },
    InterpolateGradient.mnemonic: { (a) throws(GraphError) in
      .interpolateGradient(try InterpolateGradient(a))
    },
    CrossEntropyGradient.mnemonic: { (a) throws(GraphError) in
      .crossEntropyGradient(try CrossEntropyGradient(a))
    },
    Pad.mnemonic: { (a) throws(GraphError) in .pad(try Pad(a)) },
    Linear.mnemonic: { (a) throws(GraphError) in .linear(try Linear(a)) },
    Attention.mnemonic: { (a) throws(GraphError) in .attention(try Attention(a)) },
    CachedAttention.mnemonic: { (a) throws(GraphError) in
      .cachedAttention(try CachedAttention(a))
    },
    QuantizedAttention.mnemonic: { (a) throws(GraphError) in
      .quantizedAttention(try QuantizedAttention(a))
    },
    ResidualLayerNorm.mnemonic: { (a) throws(GraphError) in
      .residualLayerNorm(try ResidualLayerNorm(a))
    },
    QuantizeRows.mnemonic: { (a) throws(GraphError) in .quantizeRows(try QuantizeRows(a)) },
    ToHalf.mnemonic: { (a) throws(GraphError) in .toHalf(try ToHalf(a)) },
    LayerNormQuantize.mnemonic: { (a) throws(GraphError) in
      .layerNormQuantize(try LayerNormQuantize(a))
    },
    QuantizedLinear.mnemonic: { (a) throws(GraphError) in
      .quantizedLinear(try QuantizedLinear(a))
    },
    QuantizedEmbedding.mnemonic: { (a) throws(GraphError) in
      .quantizedEmbedding(try QuantizedEmbedding(a))
    },
  ]

  /// The op's own struct.
  package var definition: any OpDefinition {
    switch self {
    case .constant(let op): op
    case .add(let op): op
    case .multiply(let op): op
    case .scale(let op): op
    case .exp(let op): op
    case .rsqrt(let op): op
    case .matMul(let op): op
    case .softmax(let op): op
    case .prefixMask(let op): op
    case .layerNorm(let op): op
    case .gelu(let op): op
    case .reshape(let op): op
    case .transpose(let op): op
    case .concat(let op): op
    case .slice(let op): op
    case .broadcast(let op): op
    case .embedding(let op): op
    case .keepRows(let op): op
    case .patches(let op): op
    case .relativeIndex(let op): op
    case .windowMask(let op): op
    case .interpolate(let op): op
    case .dropout(let op): op
    case .crossEntropy(let op): op
    case .sum(let op): op
    case .geluGradient(let op): op
    case .softmaxGradient(let op): op
    case .layerNormGradient(let op): op
    case .attentionGradient(let op): op
    case .embeddingGradient(let op): op
    case .patchesGradient(let op): op
    case .interpolateGradient(let op): op
    case .crossEntropyGradient(let op): op
    case .pad(let op): op
    case .linear(let op): op
    case .attention(let op): op
    case .cachedAttention(let op): op
    case .residualLayerNorm(let op): op
    case .quantizedAttention(let op): op
    case .quantizeRows(let op): op
    case .toHalf(let op): op
    case .layerNormQuantize(let op): op
    case .quantizedLinear(let op): op
    case .quantizedEmbedding(let op): op
    }
  }

  /// The name in the text form.
  package var mnemonic: String { type(of: definition).mnemonic }

  /// The op a file or the text form names, with exactly its attributes.
  package init(mnemonic: String, _ attributes: Attributes) throws(GraphError) {
    guard let make = Self.kinds[mnemonic] else { throw GraphError("unknown op '\(mnemonic)'") }
    do { self = try make(attributes) } catch {
      throw GraphError("\(mnemonic): \(error.message)")
    }
    let known = definition.attributes
    for name in attributes.keys.sorted() where known[name] == nil {
      throw GraphError("\(mnemonic): unknown attribute '\(name)'")
    }
  }

  /// The types of the results for inputs of these types, or why they do not fit.
  ///
  /// Beyond the op's own rules, results are within the limits that every shape has to keep.
  package func resultTypes(_ inputs: [TensorType]) throws(GraphError) -> [TensorType] {
    guard inputs.count <= Limits.inputs else {
      throw GraphError("\(mnemonic): more than \(Limits.inputs) inputs, found \(inputs.count)")
    }
    let results = try definition.resultTypes(inputs)
    for result in results { try result.shape.checkLimits(mnemonic) }
    return results
  }
}
