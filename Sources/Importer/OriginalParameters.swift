import Diagnostics
import Formats
import FoundationEssentials
import Graph
import Yams

/// `parameter.yaml` of the original repository; what it does not say has the defaults of GIT_BASE,
/// three models of which have no such file.
struct OriginalParameters {
  /// The image encoders there are.
  enum Encoder: String, CaseIterable {
    case base = "CLIPViT_B_16"
    case large = "CLIPViT_L_14"

    /// Its sizes at 224 pixels.
    var sizes: GITConfiguration.ViT {
      let released = self == .base ? GITConfiguration.gitBase : .gitLarge
      guard case .vit(let sizes) = released.vision else {
        preconditionFailure("the released encoders are ViTs")
      }
      return sizes
    }
  }

  private(set) var encoder = Encoder.base
  /// S, in pixels.
  private(set) var imageSize = 224
  /// The longest side of whole images; nil where the model sees the square in the middle.
  private(set) var maximumSide: Int?
  /// The most frames of a clip; 0 for images alone.
  private(set) var frames = 0
  /// The image encoder's; nil where the tensors alone say it.
  private(set) var width: Int?

  var preprocessing: Preprocessing {
    Preprocessing(
      imageSize: imageSize,
      geometry: maximumSide.map { .keepAspect(maximumSide: $0) } ?? .centerCrop(.halfEven))
  }

  /// Reads the folder's file.
  ///
  /// - Throws: `.badData` naming a key that is unknown or out of range.
  static func read(_ folder: SourceFolder) throws(InputError) -> OriginalParameters {
    var parameters = OriginalParameters()
    if folder.has("parameter.yaml") {
      let place = folder.path("parameter.yaml")
      let text = String(decoding: try folder.bytes("parameter.yaml"), as: UTF8.self)
      for (key, value) in try pairs(text, place: place) {
        try parameters.set(key, value, place: place)
      }
    }
    return parameters
  }

  private static func pairs(
    _ yaml: String, place: String
  ) throws(InputError) -> [(key: String, value: String)] {
    let failure = { (found: String) in
      InputError(
        .badData, "not a parameter.yaml", expected: "key: value lines",
        found: found.split(whereSeparator: \.isNewline).joined(separator: " "), in: place,
        advice: "use the file of the original repository")
    }
    let root: Yams.Node?
    do { root = try Yams.compose(yaml: yaml) } catch { throw failure("\(error)") }
    guard let root, root.null == nil else { return [] }
    guard case .mapping(let mapping) = root else { throw failure("no mapping") }
    var pairs: [(key: String, value: String)] = []
    for (key, value) in mapping {
      guard let key = key.string, let value = value.scalar?.string else {
        throw failure("a list or section")
      }
      pairs.append((key, value))
    }
    return pairs
  }

  private mutating func set(
    _ key: String, _ value: String, place: String
  ) throws(InputError) {
    func number(_ range: ClosedRange<Int>) throws(InputError) -> Int {
      guard let number = Int(value), range.contains(number) else {
        throw fail("\(range.lowerBound) to \(range.upperBound)")
      }
      return number
    }
    func fail(_ expected: String) -> InputError {
      InputError(
        .badData, "a parameter cannot be used", expected: expected, found: "'\(value.prefix(40))'",
        in: "\(place), field \(key.prefix(60))", advice: "use the file of the original repository")
    }
    switch key {
    case "test_crop_size": imageSize = try number(1...PlanLimits.imageSize)
    case "test_respect_ratio_max": maximumSide = try number(1...PlanLimits.imageSize)
    case "num_image_with_embedding": frames = try number(1...4096)
    case "image_encoder_type":
      guard let known = Encoder(rawValue: value) else {
        throw fail(Encoder.allCases.map(\.rawValue).joined(separator: " or "))
      }
      encoder = known
    case "visual_feature_size": width = try number(1...65536)
    default: throw fail("no key but those of the released models")
    }
  }
}
