import Diagnostics
import FoundationEssentials
import Graph
import Testing

@Suite struct GITConfigurationTests {
  @Test func presetsAreValid() throws {
    for preset in [
      .gitMicro(vocabularySize: 200), .gitBase, .gitLarge, .coswinMicro(vocabularySize: 64),
      GITConfiguration.coswinTiny,
    ] {
      #expect(try preset.validated(place: "preset") == preset)
    }
  }

  @Test func jsonKeepsEveryField() throws {
    for preset in [GITConfiguration.gitMicro(vocabularySize: 77), .coswinTiny] {
      var configuration = preset
      configuration.epsilons.textEmbedding = 1e-8
      configuration.tiedHead = true
      let json = try JSONEncoder().encode(configuration)
      #expect(try JSONDecoder().decode(GITConfiguration.self, from: json) == configuration)
    }
  }

  /// Files written before there was a choice of encoder, and those of a ViT today.
  @Test func sizesWithoutAnEncoderAreThoseOfAViT() throws {
    let vision = GITConfiguration.gitBase.vision
    let json = Data(
      #"{"heads":12,"imageSize":224,"layers":12,"mlpWidth":3072,"patchSize":16,"width":768}"#.utf8)
    #expect(try JSONDecoder().decode(GITConfiguration.Vision.self, from: json) == vision)
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    #expect(try encoder.encode(vision) == json)
  }

  @Test func anUnknownEncoderIsRefused() {
    let json = Data(#"{"encoder":"resnet","imageSize":224}"#.utf8)
    #expect(throws: DecodingError.self) {
      try JSONDecoder().decode(GITConfiguration.Vision.self, from: json)
    }
  }

  /// A ViT of the micro preset's sizes, but for a change.
  private static func vit(
    _ change: (inout GITConfiguration.ViT) -> Void
  ) -> GITConfiguration.Vision {
    var vit = GITConfiguration.ViT(
      imageSize: 96, patchSize: 16, width: 192, layers: 6, heads: 6, mlpWidth: 768)
    change(&vit)
    return .vit(vit)
  }

  /// A CoSwin of the micro preset's sizes, but for a change.
  private static func coswin(_ change: (inout CoSwin) -> Void) -> GITConfiguration.Vision {
    var coswin = CoSwin(
      imageSize: 32, stem: .init(size: 3, stride: 2, padding: 1), width: 48, depths: [2, 2, 2],
      heads: [3, 6, 12], window: 4)
    change(&coswin)
    return .coswin(coswin)
  }

  /// Each change makes one field unusable.
  static let mistakes: [(String, @Sendable (inout GITConfiguration) -> Void)] = [
    ("vision.imageSize", { $0.vision.imageSize = 0 }),
    ("vision.patchSize", { $0.vision = vit { $0.patchSize = 97 } }),
    ("vision.width", { $0.vision = vit { $0.width = -1 } }),
    ("vision.heads", { $0.vision = vit { $0.heads = 7 } }),
    ("vision.mlpWidth", { $0.vision = vit { $0.mlpWidth = 0 } }),
    ("vision.imageSize", { $0.vision = coswin { $0.imageSize = 0 } }),
    ("vision.stem.size", { $0.vision = coswin { $0.stem.size = 35 } }),
    ("vision.stem.stride", { $0.vision = coswin { $0.stem.stride = 0 } }),
    ("vision.stem.padding", { $0.vision = coswin { $0.stem.padding = 3 } }),
    ("vision.width", { $0.vision = coswin { $0.width = 65536 } }),
    ("vision.depths", { $0.vision = coswin { $0.depths = [] } }),
    ("vision.depths", { $0.vision = coswin { $0.depths[1] = 0 } }),
    ("vision.heads", { $0.vision = coswin { $0.heads = [3, 6] } }),
    ("vision.heads", { $0.vision = coswin { $0.heads[2] = 5 } }),
    ("vision.window", { $0.vision = coswin { $0.window = 0 } }),
    ("vision.window", { $0.vision = coswin { $0.window = 7 } }),
    ("vision.mlpRatio", { $0.vision = coswin { $0.mlpRatio = 0 } }),
    ("text.layers", { $0.text.layers = 1_000_000 }),
    ("text.heads", { $0.text.heads = 5 }),
    ("text.vocabularySize", { $0.text.vocabularySize = 1 }),
    ("text.maximumTextLength", { $0.text.maximumTextLength = 0 }),
    ("frames", { $0.frames = -1 }),
    ("epsilons.decoder", { $0.epsilons.decoder = 0 }),
    ("epsilons.vision", { $0.epsilons.vision = .nan }),
  ]

  @Test(arguments: mistakes.indices)
  func errorNamesTheFieldOutOfRange(index: Int) throws {
    let (field, change) = Self.mistakes[index]
    var configuration = GITConfiguration.gitMicro(vocabularySize: 200)
    change(&configuration)
    let error = try #require(throws: InputError.self) {
      try configuration.validated(place: "model.ckpt")
    }
    #expect(error.place == "model.ckpt, field \(field)")
  }
}
