import Diagnostics
package import Graph

extension Recipe {
  /// The model presets by the name recipes use.
  package enum Preset: String, CaseIterable, Sendable {
    case gitMicro = "git-micro"
    case gitBase = "git-base"
    case gitLarge = "git-large"

    /// The preset's sizes with a vocabulary of this many tokens.
    package func configuration(vocabularySize: Int) -> GITConfiguration {
      switch self {
      case .gitMicro: return .gitMicro(vocabularySize: vocabularySize)
      case .gitBase, .gitLarge:
        var configuration = self == .gitBase ? GITConfiguration.gitBase : .gitLarge
        configuration.text.vocabularySize = vocabularySize
        return configuration
      }
    }
  }

  /// The preset of the section `model`, with the sizes that the section overrides.
  ///
  /// The vocabulary's size is a first guess; training sets it once the vocabulary is known.
  static func configuration(
    _ model: RecipeReader, vocabularySize: Int
  ) throws(InputError) -> GITConfiguration {
    var c = try model.choice("preset", Preset.gitMicro).configuration(
      vocabularySize: vocabularySize)
    c.vision.imageSize = try model.int("image_size", c.vision.imageSize, in: 8...2048)
    c.vision.patchSize = try model.int("patch_size", c.vision.patchSize, in: 1...64)
    c.vision.width = try model.int("vision_width", c.vision.width, in: 8...8192)
    c.vision.layers = try model.int("vision_layers", c.vision.layers, in: 1...200)
    c.vision.heads = try model.int("vision_heads", c.vision.heads, in: 1...256)
    c.vision.mlpWidth = try model.int("vision_mlp_width", 4 * c.vision.width, in: 8...65536)
    c.text.width = try model.int("text_width", c.text.width, in: 8...8192)
    c.text.layers = try model.int("text_layers", c.text.layers, in: 1...200)
    c.text.heads = try model.int("text_heads", c.text.heads, in: 1...256)
    c.text.mlpWidth = try model.int("text_mlp_width", 4 * c.text.width, in: 8...65536)
    c.text.maximumTextLength = try model.int(
      "maximum_text_length", c.text.maximumTextLength, in: 2...4096)
    c.frames = try model.int("frames", c.frames, in: 0...256)
    return try c.validated(place: model.place)
  }
}
