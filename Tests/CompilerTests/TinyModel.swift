import Checkpoint
import Formats
import Graph

/// GIT small enough for the interpreter.
enum TinyModel {
  /// 8-pixel images in 5 tokens of twice the decoder's width; 13 words.
  static func configuration(
    layers: Int = 2, heads: Int = 2, frames: Int = 0, isTied: Bool = false
  ) -> GITConfiguration {
    GITConfiguration(
      vision: .init(
        imageSize: 8, patchSize: 4, width: 8 * heads, layers: layers, heads: heads, mlpWidth: 20),
      text: .init(
        width: 4 * heads, layers: layers, heads: heads, mlpWidth: 24, vocabularySize: 13,
        maximumTextLength: 8),
      frames: frames, tiedHead: isTied)
  }

  /// The same with a CoSwin: maps of 4 tokens a side in windows of 2, shifted once; then of 2.
  static func coswin(frames: Int = 0) -> GITConfiguration {
    var other = configuration(frames: frames)
    other.vision = .coswin(
      CoSwin(
        imageSize: 8, stem: .init(size: 3, stride: 2, padding: 1), width: 8, depths: [2, 1],
        heads: [2, 2], window: 2, mlpRatio: 2))
    return other
  }
}

extension TinyModel {
  /// A checkpoint of random weights.
  static func checkpoint(
    _ configuration: GITConfiguration, seed: UInt64 = 1
  ) -> Checkpoint {
    let graph = GIT.logits(configuration)
    return Checkpoint(
      graph: graph, configuration: configuration,
      preprocessing: Preprocessing(
        imageSize: configuration.vision.imageSize, mean: [0.5, 0.5, 0.5],
        standardDeviation: [0.25, 0.25, 0.25]),
      vocabulary: (0..<configuration.text.vocabularySize).map { "word\($0)" },
      parameters: TestParameters(graph, seed: seed, magnitude: 0.6).weights)
  }
}
