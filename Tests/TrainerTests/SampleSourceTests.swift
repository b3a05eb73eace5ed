import Data
import Diagnostics
import Formats
import Media
import Randomness
import Testing
import Tokenizer

@testable import Trainer

@Suite("A source of samples") struct SampleSourceTests {
  private let data: ColouredImages
  private let red: [UInt8]

  init() throws {
    data = try ColouredImages()
    red = ColouredImages.image(ColouredImages.colours[0])
  }

  private func source(
    _ rows: [(key: String, images: [[UInt8]], captions: [String])], maximumFrames: Int = 2,
    augmentation: Recipe.Augmentation = .none
  ) throws -> SampleSource {
    try data.write("rows", rows)
    let tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "a", "b", "c", "d"]
    return try SampleSource(
      TSVDataset(data["rows.img.tsv"]),
      tokenizer: WordPieceTokenizer(vocabulary: Vocabulary(tokens: tokens, place: "test")),
      maximumTextLength: 4, maximumFrames: maximumFrames,
      preprocessing: Preprocessing(imageSize: 4), augmentation: augmentation, place: "rows.img.tsv")
  }

  private func error(_ body: () throws -> Void) throws -> InputError {
    try #require(throws: InputError.self) { try body() }
  }

  @Test("gives batches as wide as its longest text, with pixels image after image")
  func batch() throws {
    let blue = ColouredImages.image(ColouredImages.colours[2])
    let source = try source([("x", [red, blue], ["a b"]), ("y", [blue, red], ["c", "a b d"])])
    #expect(source.frames == 2)
    #expect(source.tokenCount == 4)
    let batch = try source.batch(rows: [1, 0], random: nil)
    #expect(batch.shape == .init(count: 2, frames: 2, tokens: 4))
    #expect(batch.keys == ["y", "x"])
    // Validation takes the first text.
    #expect(batch.tokens == [2, 6, 0, 0, 2, 4, 5, 0])
    #expect(batch.labels == [6, 3, -1, -1, 4, 5, 3, -1])
    let preprocessing = Preprocessing(imageSize: 4)
    let pixels = try [blue, red, red, blue].flatMap {
      preprocessing.pixels(of: try RGBImage.decode($0, place: "test"))
    }
    #expect(batch.pixels == pixels)
  }

  @Test("takes each text of a row at random when training")
  func texts() throws {
    let source = try source([("x", [red], ["a", "b", "c"])])
    var seen: Set<Int32> = []
    for step in 0..<60 {
      let batch = try source.batch(rows: [0]) { SeededRandom(UInt64(step), UInt64($0)) }
      seen.insert(batch.labels[0])
    }
    #expect(seen == [4, 5, 6])
  }

  @Test("makes the same batch from the same random numbers")
  func deterministic() throws {
    let gradient = RGBImage(
      width: 12, height: 12, pixels: (0..<432).map { UInt8($0 % 251) }
    ).encodedPNG()
    let source = try source(
      [("x", [gradient], ["a", "b"])],
      augmentation: .init(minimumCrop: 0.3, flip: true, contextNoise: 0))
    func pixels(_ seed: UInt64) throws -> [Float] {
      try source.batch(rows: [0]) { SeededRandom(seed, UInt64($0)) }.pixels
    }
    #expect(try pixels(1) == pixels(1))
    #expect(try pixels(1) != pixels(2))
  }

  @Test("refuses an empty data set")
  func empty() throws {
    let error = try error { _ = try source([]) }
    #expect(error.kind == .badData)
    #expect(error.place.contains("rows.img.tsv"))
  }

  @Test("refuses a row without text, naming its key")
  func noCaption() throws {
    let error = try error { _ = try source([("x", [red], ["a"]), ("lonely", [red], [])]) }
    #expect(error.kind == .badData)
    #expect(error.what == "row has no caption")
    #expect(error.place == "rows.img.tsv, key lonely")
  }

  @Test("refuses clips that are longer than the model's, but takes photos for any model")
  func frames() throws {
    let clip = [(key: "x", images: [red, red, red], captions: ["a"])]
    let error = try error { _ = try source(clip, maximumFrames: 2) }
    #expect(error.kind == .badData)
    #expect(error.expected == "at most 2")
    #expect(error.found == "3")
    #expect(error.advice.contains("model.frames"))
    #expect(try source(clip, maximumFrames: 3).frames == 3)
    #expect(try source([("x", [red], ["a"])], maximumFrames: 0).frames == 1)
  }

  @Test("refuses a clip of another length than the first, naming its key")
  func unequalFrames() throws {
    let source = try source([("x", [red, red], ["a"]), ("short", [red], ["a"])])
    let error = try error { _ = try source.batch(rows: [0, 1], random: nil) }
    #expect(error.kind == .badData)
    #expect(error.place == "key short")
    #expect(error.expected == "2")
  }

  @Test("names the key of an image that cannot be decoded")
  func corrupt() throws {
    let source = try source([("x", [red], ["a"]), ("broken", [Array(red.prefix(60))], ["a"])])
    _ = try source.batch(rows: [0], random: nil)
    let error = try error { _ = try source.batch(rows: [0, 1], random: nil) }
    #expect(error.kind == .badData)
    #expect(error.place == "key broken")
  }
}
