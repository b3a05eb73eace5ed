import Diagnostics
package import Graph

extension Recipe {
  /// The model presets by the name recipes use.
  package enum Preset: String, CaseIterable, Sendable {
    case gitMicro = "git-micro"
    case gitBase = "git-base"
    case gitLarge = "git-large"
    case coswinMicro = "coswin-micro"
    case coswinTiny = "coswin-tiny"

    /// The preset's sizes with a vocabulary of this many tokens.
    package func configuration(vocabularySize: Int) -> GITConfiguration {
      switch self {
      case .gitMicro: return .gitMicro(vocabularySize: vocabularySize)
      case .coswinMicro: return .coswinMicro(vocabularySize: vocabularySize)
      case .gitBase: return Self.sized(.gitBase, vocabularySize)
      case .gitLarge: return Self.sized(.gitLarge, vocabularySize)
      case .coswinTiny: return Self.sized(.coswinTiny, vocabularySize)
      }
    }

    private static func sized(
      _ configuration: GITConfiguration, _ vocabularySize: Int
    ) -> GITConfiguration {
      var configuration = configuration
      configuration.text.vocabularySize = vocabularySize
      return configuration
    }
  }

  /// The image encoders by the names recipes use.
  private enum Encoder: String, CaseIterable { case vit, coswin }

  /// The preset of the section `model`, with the sizes that the section overrides.
  ///
  /// The vocabulary's size is a first guess; training sets it once the vocabulary is known.
  static func configuration(
    _ model: RecipeReader, vocabularySize: Int
  ) throws(InputError) -> GITConfiguration {
    var c = try model.choice("preset", Preset.gitMicro).configuration(
      vocabularySize: vocabularySize)
    c.vision = try vision(model, preset: c.vision)
    c.text.width = try model.int("text_width", c.text.width, in: 8...8192)
    c.text.layers = try model.int("text_layers", c.text.layers, in: 1...200)
    c.text.heads = try model.int("text_heads", c.text.heads, in: 1...256)
    c.text.mlpWidth = try model.int("text_mlp_width", 4 * c.text.width, in: 8...65536)
    c.text.maximumTextLength = try model.int(
      "maximum_text_length", c.text.maximumTextLength, in: 2...4096)
    c.frames = try model.int("frames", c.frames, in: 0...256)
    return try c.validated(place: model.place)
  }
  /// The encoder with the sizes that the section overrides; one that is not the preset's starts from
  /// the micro preset of its kind.
  private static func vision(
    _ model: RecipeReader, preset: GITConfiguration.Vision
  ) throws(InputError) -> GITConfiguration.Vision {
    let own: Encoder = if case .vit = preset { .vit } else { .coswin }
    var vision = preset
    switch (try model.choice("encoder", own), preset) {
    case (.vit, .coswin): vision = GITConfiguration.gitMicro(vocabularySize: 2).vision
    case (.coswin, .vit): vision = GITConfiguration.coswinMicro(vocabularySize: 2).vision
    default: break
    }
    vision.imageSize = try model.int("image_size", preset.imageSize, in: 8...2048)
    switch vision {
    case .vit(var vit):
      vit.patchSize = try model.int("patch_size", vit.patchSize, in: 1...64)
      vit.width = try model.int("vision_width", vit.width, in: 8...8192)
      vit.layers = try model.int("vision_layers", vit.layers, in: 1...200)
      vit.heads = try model.int("vision_heads", vit.heads, in: 1...256)
      vit.mlpWidth = try model.int("vision_mlp_width", 4 * vit.width, in: 8...65536)
      return .vit(vit)
    case .coswin(var coswin):
      coswin.stem.size = try model.int("stem_size", coswin.stem.size, in: 1...64)
      coswin.stem.stride = try model.int("stem_stride", coswin.stem.stride, in: 1...64)
      coswin.stem.padding = try model.int("stem_padding", coswin.stem.padding, in: 0...63)
      coswin.width = try model.int("embed_width", coswin.width, in: 8...8192)
      coswin.depths = try model.ints("depths", coswin.depths, in: 1...200)
      coswin.heads = try model.ints("heads", coswin.heads, in: 1...256)
      coswin.window = try model.int("window", coswin.window, in: 1...64)
      coswin.mlpRatio = try model.int("mlp_ratio", coswin.mlpRatio, in: 1...16)
      return .coswin(coswin)
    }
  }
}
