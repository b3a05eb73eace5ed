import Formats
import Graph
import Reference
import TestSupport

/// A tiny model with random weights, inputs, and the logits that HuggingFace's port of the original
/// gives for them; written by Tools/goldens/git.py and coswin.py.
struct GITGolden {
  /// By the model's own names.
  let parameters: [String: Tensor]
  /// f32[B, F, 3, H, W].
  let pixels: Tensor
  /// i32[B, T].
  let tokens: Tensor
  /// f32[B, T, V], computed in float64.
  let logits: Tensor
  /// The sizes in the script.
  let configuration: GITConfiguration

  static let image = Result { try GITGolden(file: "image", tiny(frames: 0)) }
  /// An image that is larger than the positions were made for, and not square.
  static let sizes = Result { try GITGolden(file: "sizes", tiny(frames: 0)) }
  static let video = Result { try GITGolden(file: "video", tiny(frames: 3)) }
  static let coswin = Result {
    try GITGolden(
      file: "coswin",
      GITConfiguration(
        vision: .coswin(
          CoSwin(imageSize: 32, width: 8, depths: [4, 1], heads: [2, 4], window: 4)),
        text: GITConfiguration.Text(
          width: 16, layers: 1, heads: 2, mlpWidth: 24, vocabularySize: 23, maximumTextLength: 8)))
  }

  private static func tiny(frames: Int) -> GITConfiguration {
    GITConfiguration(
      vision: GITConfiguration.Vision(
        imageSize: 20, patchSize: 8, width: 16, layers: 2, heads: 4, mlpWidth: 40),
      text: GITConfiguration.Text(
        width: 32, layers: 2, heads: 2, mlpWidth: 40, vocabularySize: 41, maximumTextLength: 12),
      frames: frames)
  }

  private init(file: String, _ configuration: GITConfiguration) throws {
    let root = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(2)
    let path = root.joined(separator: "/") + "/Goldens/git/\(file).safetensors"
    let file = try SafetensorsFile(path: path)
    func tensor(_ name: String, _ dtype: DType = .f32) throws -> Tensor {
      let weights = try file.floats(name)
      return Tensor(dtype, weights.shape, weights.floats.map(Double.init))
    }
    pixels = try tensor("pixels")
    tokens = try tensor("tokens", .i32)
    logits = try tensor("logits")
    var parameters: [String: Tensor] = [:]
    for name in file.names where !["pixels", "tokens", "logits"].contains(name) {
      parameters[name] = try tensor(name)
    }
    self.parameters = parameters
    self.configuration = configuration
  }

  /// How far `found` is from the golden's logits, in units of what is allowed.
  ///
  /// The golden is stored in f32, so it is off by half of its last digit; the same again is left for
  /// epsilons, which are f32 here and float64 there.
  func error(_ found: Tensor?) -> Double {
    guard let found else { return .infinity }
    let largest = logits.values.map(abs).max() ?? 0
    return largestDifference(found, logits) / (largest * 0x1p-23)
  }
}
