import Checkpoint
import Compiler
import FoundationEssentials
import Formats
import Graph
import Kernels
import Reference
import Runtime
import Testing

/// Compiled models against Hugging Face's `generate` on the same weights; Tools/goldens/git.py wrote
/// what it finds.
struct GITGenerateTests {
  struct Golden: Decodable {
    struct Model: Decodable {
      var name: String
      /// The token that ends a text.
      var end: Int
      var cases: [Case]
    }

    struct Case: Decodable, CustomStringConvertible {
      var prompt: [Int]
      var beams: Int
      var lengthPenalty: Double
      var maximumTokens: Int
      var texts: [[Int]]
      var scores: [Double]

      var description: String {
        "\(beams) beams, penalty \(lengthPenalty), \(maximumTokens) tokens after \(prompt)"
      }
    }

    var models: [Model]
  }

  /// Of a score: up to 12 logarithms of probabilities in binary32, of logits whose error is that of sums
  /// of up to 40 terms in four layers; and five decimals there.
  private static let tolerance: Double = 12 * 4 * 40 * 0x1p-24 + 1e-5

  /// The golden's weights as an fp32 plan, and a session with its first input encoded.
  private static func encoded(_ golden: GITGolden) throws -> (CaptionSession, ImageState) {
    let size = golden.configuration.text.vocabularySize
    let checkpoint = Checkpoint(
      graph: GIT.logits(golden.configuration), configuration: golden.configuration,
      preprocessing: Preprocessing(
        imageSize: golden.configuration.vision.imageSize, resample: .bicubic, mean: [0, 0, 0],
        standardDeviation: [1, 1, 1]),
      vocabulary: ["[PAD]", "[UNK]", "[CLS]", "[SEP]"] + (4..<size).map { "word\($0)" },
      parameters: golden.parameters.mapValues { tensor in
        WeightTensor(shape: tensor.shape, values: tensor.values.map { Float($0) })
      })
    let path = FileManager.default.temporaryDirectory.appending(path: "gitc-\(UUID()).plan").path
    try Compiler.compile(checkpoint, precision: .fp32, place: "golden").write(to: path)
    defer { try? FileManager.default.removeItem(atPath: path) }
    let session = CaptionSession(
      try CaptionModel(path: path), kernels: try KernelSet(), threads: 2)
    let frames = golden.pixels.shape[1]
    let pixels = golden.pixels.values.prefix(golden.pixels.values.count / golden.pixels.shape[0])
    return (session, try session.encode(pixels.map { Float($0) }, frames: frames))
  }

  @Test func textsAndScoresAreThoseOfGenerate() throws {
    let expected = try JSONDecoder().decode(Golden.self, from: goldenFile("git/generate.json"))
    #expect(expected.models.map(\.name) == ["image", "video"])
    for (model, golden) in zip(expected.models, [GITGolden.image, GITGolden.video]) {
      let (session, state) = try Self.encoded(golden.get())
      for example in model.cases {
        let found = try session.generate(
          state, prompt: example.prompt,
          options: SearchOptions(
            beams: example.beams, maximumTokens: example.maximumTokens,
            lengthPenalty: example.lengthPenalty, endID: model.end))
        #expect(found.map(\.tokens) == example.texts, "\(model.name), \(example)")
        for (text, score) in zip(found, example.scores) {
          let error = abs(text.score - score)
          #expect(error < Self.tolerance, "\(model.name), \(example)")
        }
      }
    }
  }
}
