import Checkpoint
import Diagnostics
import Formats
import Graph

/// A GIT that says random things about pictures, small enough to make, compile and run in a test.
enum TinyCaptioner {
  static let words = ["a", "red", "blue", "circle", "square", "moves", "left", "right"]
  static let vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "?", "what"] + words

  static let configuration = GITConfiguration(
    vision: .init(imageSize: 32, patchSize: 16, width: 16, layers: 2, heads: 2, mlpWidth: 32),
    text: .init(
      width: 16, layers: 2, heads: 2, mlpWidth: 32, vocabularySize: vocabulary.count,
      maximumTextLength: 12),
    frames: 4)

  /// A checkpoint whose weights are decided by `seed`.
  static func checkpoint(seed: UInt64) -> Checkpoint {
    let graph = GIT.logits(configuration)
    var state = seed
    /// Uniform in -1 ..< 1: SplitMix64, whose every seed is a good one.
    func uniform() -> Float {
      state &+= 0x9e37_79b9_7f4a_7c15
      var bits = state
      bits = (bits ^ bits >> 30) &* 0xbf58_476d_1ce4_e5b9
      bits = (bits ^ bits >> 27) &* 0x94d0_49bb_1331_11eb
      return Float(Int32(truncatingIfNeeded: (bits ^ bits >> 31) >> 32)) * 0x1p-31
    }
    var parameters: [String: WeightTensor] = [:]
    for named in graph.parameters {
      guard let shape = graph.shape(named.value).values([:]) else {
        preconditionFailure("parameters have known shapes")
      }
      let count = shape.reduce(1, *)
      parameters[named.name] = WeightTensor(
        shape: shape, values: (0..<count).map { _ in uniform() * 0.8 })
    }
    return Checkpoint(
      graph: graph, configuration: configuration,
      preprocessing: CheckpointPreprocessing(
        imageSize: 32, resample: .bicubic, mean: [0.5, 0.5, 0.5],
        standardDeviation: [0.25, 0.25, 0.25]),
      vocabulary: vocabulary, parameters: parameters)
  }
}
