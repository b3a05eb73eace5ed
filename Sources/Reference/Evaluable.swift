import Graph

/// The meaning of one op.
protocol Evaluable {
  /// The results for `inputs`, whose types the op's shape inference has accepted.
  ///
  /// Inputs listed in `changedInputs` are changed here; `bindings` has the value of every symbol in
  /// the op's attributes.
  func evaluate(_ inputs: inout [Tensor], _ bindings: [String: Int]) throws(GraphError) -> [Tensor]

  /// The inputs that the op changes in place, by index.
  var changedInputs: [Int] { get }
}

extension Evaluable {
  var changedInputs: [Int] { [] }
}

extension Op {
  var evaluable: any Evaluable {
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
}

/// The value of a dimension that an attribute carries.
func length(_ dimension: Dimension, _ bindings: [String: Int]) throws(GraphError) -> Int {
  guard let value = dimension.value(bindings) else { throw GraphError("\(dimension) has no value") }
  return value
}

/// The value of a shape that an attribute carries.
func lengths(_ shape: Shape, _ bindings: [String: Int]) throws(GraphError) -> [Int] {
  guard let values = shape.values(bindings), values.allSatisfy({ $0 >= 0 }) else {
    throw GraphError("shape \(shape) has no value")
  }
  return values
}
