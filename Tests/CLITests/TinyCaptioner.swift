import Checkpoint
import Diagnostics
import Formats
import Foundation
import Graph
import Media
import Randomness
import Testing

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

  /// A checkpoint of the captioner, or of another `graph` of its configuration, whose weights are
  /// decided by `seed`.
  static func checkpoint(seed: UInt64, graph: Graph = GIT.logits(configuration)) -> Checkpoint {
    var random = SeededRandom(seed: seed)
    /// Uniform in -1 ..< 1.
    func uniform() -> Float { Float(Int32(truncatingIfNeeded: random.next() >> 32)) * 0x1p-31 }
    var parameters: [String: WeightTensor] = [:]
    for named in graph.parameters {
      guard let shape = graph.shape(named.value).values([:]) else {
        preconditionFailure("parameters have known shapes")
      }
      // Norms are nearly ones, so that the picture's share is not lost on the way; matrices and
      // tables are large, so that it changes what is said.
      let isNorm = shape.count == 1 && named.name.hasSuffix("weight")
      let (center, spread): (Float, Float) = shape.count == 1 ? (isNorm ? 1 : 0, 0.2) : (0, 1)
      var values = (0..<shape.reduce(1, *)).map { _ in center + spread * uniform() }
      // Captions have no special tokens but the one that ends them, in time.
      if named.name == "output.bias" { values.replaceSubrange(0..<5, with: [-9, -9, -9, 2, -9]) }
      parameters[named.name] = WeightTensor(shape: shape, values: values)
    }
    return Checkpoint(
      graph: graph, configuration: configuration,
      preprocessing: Preprocessing(
        imageSize: 32, mean: [0.5, 0.5, 0.5],
        standardDeviation: [0.25, 0.25, 0.25]),
      vocabulary: vocabulary, parameters: parameters)
  }
}

/// A folder with a compiled tiny captioner and things to caption.
struct TinyWorkshop {
  let folder: TemporaryFolder

  /// Writes `tiny.ckpt` and compiles it to `tiny.plan`.
  init(seed: UInt64 = 5, precision: String = "int8") throws {
    folder = try TemporaryFolder()
    try TinyCaptioner.checkpoint(seed: seed).write(to: folder.path("tiny.ckpt"))
    let outcome = try Gitc.run(
      "compile", folder.path("tiny.ckpt"), "-o", plan, "--precision", precision)
    try #require(outcome.status == 0, "\(outcome.errors)")
  }

  var plan: String { folder.path("tiny.plan") }

  /// A picture, different for every `shade`, of a size that is not the model's.
  static func picture(shade: Int, width: Int = 40, height: Int = 36) -> RGBImage {
    let pixels = (0..<width * height * 3).map { index in
      let (x, y, channel) = (index / 3 % width, index / 3 / width, index % 3)
      return UInt8(truncatingIfNeeded: (x * (3 + shade) + y * (5 + channel) + shade * 31) % 256)
    }
    return RGBImage(width: width, height: height, pixels: pixels)
  }

  /// Writes a PNG and returns its path.
  func picture(_ name: String, shade: Int) throws -> String {
    try folder.write(name, Data(Self.picture(shade: shade).encodedPNG()))
    return folder.path(name)
  }

  /// Writes a folder of PNGs, "1.png" and on, and returns its path.
  func pictures(_ name: String, count: Int) throws -> String {
    try FileManager.default.createDirectory(
      atPath: folder.path(name), withIntermediateDirectories: true)
    for index in 1...count { _ = try picture("\(name)/\(index).png", shade: index) }
    return folder.path(name)
  }
}
