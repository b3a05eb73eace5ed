import ArgumentParser
import Checkpoint
import Diagnostics
import Formats
import Graph

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A model of a released shape that knows nothing: how fast it is does not depend on its weights.
struct RandomModel: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "model", abstract: "Write a checkpoint of random weights.")

  enum Shape: String, ExpressibleByArgument, CaseIterable {
    case gitBase = "git-base"
    case gitLarge = "git-large"

    var configuration: GITConfiguration { self == .gitBase ? .gitBase : .gitLarge }
  }

  @Argument(help: "git-base or git-large.")
  var shape: Shape

  @Option(name: .shortAndLong, help: "Checkpoint to write.")
  var output: String

  @Option(help: "The most frames of a clip; 0 for a model of images.")
  var frames = 0

  func run() throws {
    var configuration = shape.configuration
    configuration.frames = frames
    let graph = GIT.logits(configuration)
    var parameters: [String: WeightTensor] = [:]
    var random = Gaussian()
    for named in graph.parameters {
      guard let lengths = graph.shape(named.value).values([:]) else {
        preconditionFailure("parameters have known shapes")
      }
      let count = lengths.reduce(1, *)
      // As the released models' configuration says: 0.02 for matrices, ones and zeros elsewhere.
      let values: [Float] =
        lengths.count > 1
        ? (0..<count).map { _ in 0.02 * random.next() }
        : .init(repeating: named.name.hasSuffix("weight") ? 1 : 0, count: count)
      parameters[named.name] = WeightTensor(shape: lengths, values: values)
    }
    let special = [0: "[PAD]", 100: "[UNK]", 101: "[CLS]", 102: "[SEP]", 103: "[MASK]"]
    try Checkpoint(
      graph: graph, configuration: configuration,
      preprocessing: .init(
        imageSize: configuration.vision.imageSize, resample: .bicubic,
        mean: [0.5, 0.5, 0.5], standardDeviation: [0.25, 0.25, 0.25]),
      vocabulary: (0..<configuration.text.vocabularySize).map { special[$0] ?? "word\($0)" },
      parameters: parameters
    ).write(to: output)
  }
}

/// Normal deviates, the same in every run: SplitMix64, then Box and Muller's transform.
private struct Gaussian {
  private var state: UInt64 = 1
  private var other: Float?

  mutating func next() -> Float {
    if let value = other {
      other = nil
      return value
    }
    let radius = (-2 * logf(uniform())).squareRoot()
    let angle = 2 * Float.pi * uniform()
    other = radius * sinf(angle)
    return radius * cosf(angle)
  }

  /// Above 0, at most 1.
  private mutating func uniform() -> Float {
    state &+= 0x9e37_79b9_7f4a_7c15
    var bits = state
    bits = (bits ^ bits >> 30) &* 0xbf58_476d_1ce4_e5b9
    bits = (bits ^ bits >> 27) &* 0x94d0_49bb_1331_11eb
    return (Float((bits ^ bits >> 31) >> 40) + 1) * 0x1p-24
  }
}
