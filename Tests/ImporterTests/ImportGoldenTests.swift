import Checkpoint
import Formats
import Foundation
import Graph
import Importer
import Testing

@testable import Runtime

/// Imported models, compiled to floats, against the references that their weights come from.
@Suite struct ImportGoldenTests {
  private func encode(
    _ golden: ImportGolden, _ index: Int, _ session: CaptionSession
  ) throws -> ImageState {
    let pixels = try golden.pixels(index)
    return try pixels.withFloats { values in
      try session.encode(.normalised(Array(values)), frames: pixels.shape[0])
    }
  }

  private func logProbs(_ logits: ArraySlice<Double>) -> [Double] {
    let largest = logits.max() ?? 0
    let sum = logits.reduce(0) { $0 + exp($1 - largest) }
    return logits.map { $0 - largest - log(sum) }
  }

  /// Bounds of 1e-4 of the largest logit and 1e-3 nats.
  ///
  /// Sums of at most 64 products in binary32, in at most 5 layers whose norms keep rows near 1, are off by
  /// about 5 · 64 · 2⁻²⁴ = 2e-5 of the largest.
  @Test(arguments: ImportGolden.names)
  func logitsAreTheReferences(_ name: String) throws {
    let golden = try ImportGolden(name)
    let session = try golden.session()
    for (index, test) in golden.cases.enumerated() {
      let expected = try golden.logits(index)
      let width = expected.shape[1]
      let values = expected.floats.map(Double.init)
      let largest = values.map(abs).max() ?? 0
      let decoder = Decoder(session, try encode(golden, index, session))
      try decoder.read(test.greedy)
      for position in test.greedy.indices {
        let row = values[position * width..<(position + 1) * width]
        let found = decoder.logits(image: 0, position: position).map { Double($0) }
        #expect(found.count == width)
        for (a, b) in zip(row, found) { #expect(abs(a - b) <= 1e-4 * largest, "case \(index)") }
        for (a, b) in zip(logProbs(row), logProbs(found[...])) {
          #expect(abs(a - b) <= 1e-3, "case \(index)")
        }
      }
    }
  }

  @Test(arguments: ImportGolden.names)
  func searchesFindWhatTheReferenceFinds(_ name: String) throws {
    let golden = try ImportGolden(name)
    let session = try golden.session()
    for (index, test) in golden.cases.enumerated() {
      let state = try encode(golden, index, session)
      let greedy = try session.generate(
        state, prompt: test.prompt,
        options: SearchOptions(
          beams: 1, maximumTokens: test.limit, endID: ImportGolden.endID))
      #expect(greedy.map(\.tokens) == [test.greedy], "case \(index)")
      for (beams, expected) in test.beams {
        let found = try session.generate(
          state, prompt: test.prompt,
          options: SearchOptions(
            beams: try #require(Int(beams)), maximumTokens: test.limit, lengthPenalty: 1,
            endID: ImportGolden.endID))
        #expect(found.map(\.tokens) == expected.texts, "case \(index), \(beams) beams")
        // Sums of up to 8 log-probabilities, each off by 1e-3 at most, divided by their number.
        for (generation, score) in zip(found, expected.scores) {
          #expect(abs(generation.score - score) <= 1e-3, "case \(index), \(beams) beams")
        }
      }
    }
  }

  /// What the sources say in different ways, or not at all.
  @Test func constantsAreTheSources() throws {
    let image = try ModelImport.checkpoint(folder: ImportGolden.path("hf-image"))
    #expect(
      image.configuration.vision
        == .init(
          imageSize: 29, patchSize: 14, width: 15, layers: 2, heads: 3, mlpWidth: 22))
    #expect(image.configuration.epsilons.textEmbedding == 1e-12)
    #expect(image.preprocessing == Preprocessing(imageSize: 29, geometry: .centerCrop(.floor)))
    #expect(!image.configuration.tiedHead)

    let video = try ModelImport.checkpoint(folder: ImportGolden.path("hf-video"))
    #expect(video.configuration.frames == 3)
    #expect(video.configuration.tiedHead, "equal tables are one")
    #expect(video.parameters["output.weight"] == nil)
    #expect(
      video.preprocessing
        == Preprocessing(
          imageSize: 16, geometry: .centerCrop(.floor), resample: .bilinear,
          mean: [0.5, 0.5, 0.5], standardDeviation: [0.5, 0.5, 0.5]))
    #expect(!video.preprocessing.preparesLikeOriginal)
    let again = try ModelImport.checkpoint(
      folder: ImportGolden.path("hf-video"), preprocessing: .original)
    #expect(again.preprocessing == Preprocessing(imageSize: 16))

    let original = try ModelImport.checkpoint(folder: ImportGolden.path("original-video"))
    #expect(original.configuration.frames == 2)
    #expect(original.configuration.tiedHead)
    #expect(original.configuration.epsilons == .init(textEmbedding: 1e-8))
    #expect(original.preprocessing == Preprocessing(imageSize: 24))
    #expect(original.vocabulary.count == original.configuration.text.vocabularySize)
  }

  @Test func modelsOfQuestionsSeeWholeImagesInTheOriginal() {
    for (size, maximum) in [(480, 640), (420, 560)] {
      let preprocessing = Preprocessing.original(imageSize: size)
      #expect(preprocessing.geometry == .keepAspect(maximumSide: maximum))
      #expect(preprocessing.preparesLikeOriginal)
    }
    #expect(Preprocessing.original(imageSize: 224).geometry == .centerCrop(.halfEven))
  }

  @Test func aModelThatSeesWholeImagesTakesAnySize() throws {
    var preprocessing = Preprocessing.original(imageSize: 480)
    #expect(preprocessing.imageSizes == .any)
    preprocessing.geometry = .centerCrop(.floor)
    #expect(preprocessing.imageSizes == .one)
  }

  @Test func anImportedCheckpointReadsAsItWasWritten() throws {
    let path = FileManager.default.temporaryDirectory.appending(path: "gitc-\(UUID()).ckpt").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    for name in ImportGolden.names {
      let checkpoint = try ModelImport.checkpoint(folder: ImportGolden.path(name))
      try checkpoint.write(to: path)
      let read = try Checkpoint.read(path: path)
      #expect(read.configuration == checkpoint.configuration)
      #expect(read.preprocessing == checkpoint.preprocessing)
      #expect(
        read.parameters.mapValues(\.floats) == checkpoint.parameters.mapValues(\.floats), "\(name)")
    }
  }
}
