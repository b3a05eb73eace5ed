import Diagnostics
import FoundationEssentials
import Graph
import Testing

@Suite struct GITConfigurationTests {
  @Test func presetsAreValid() throws {
    for preset in [.gitMicro(vocabularySize: 200), .gitBase, GITConfiguration.gitLarge] {
      #expect(try preset.validated(place: "preset") == preset)
    }
  }

  @Test func jsonKeepsEveryField() throws {
    var configuration = GITConfiguration.gitMicro(vocabularySize: 77)
    configuration.epsilons.textEmbedding = 1e-8
    configuration.tiedHead = true
    let json = try JSONEncoder().encode(configuration)
    #expect(try JSONDecoder().decode(GITConfiguration.self, from: json) == configuration)
  }

  /// Each change makes one field unusable.
  static let mistakes: [(String, @Sendable (inout GITConfiguration) -> Void)] = [
    ("vision.imageSize", { $0.vision.imageSize = 0 }),
    ("vision.patchSize", { $0.vision.patchSize = 97 }),
    ("vision.width", { $0.vision.width = -1 }),
    ("vision.heads", { $0.vision.heads = 7 }),
    ("vision.mlpWidth", { $0.vision.mlpWidth = 0 }),
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
