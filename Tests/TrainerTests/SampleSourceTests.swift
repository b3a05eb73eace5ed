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
    augmentation: Recipe.Augmentation = .none, matchesTexts: Bool = false
  ) throws -> SampleSource {
    try data.write("rows", rows)
    return try opened(
      maximumFrames: maximumFrames, augmentation: augmentation, matchesTexts: matchesTexts)
  }

  /// The source of the rows that are written.
  private func opened(
    maximumFrames: Int = 2, augmentation: Recipe.Augmentation = .none, matchesTexts: Bool = false
  ) throws -> SampleSource {
    let tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "a", "b", "c", "d"]
    return try SampleSource(
      TSVDataset(data["rows.img.tsv"]),
      tokenizer: WordPieceTokenizer(vocabulary: Vocabulary(tokens: tokens, place: "test")),
      maximumTextLength: 4, maximumFrames: maximumFrames,
      preprocessing: Preprocessing(imageSize: 4), augmentation: augmentation,
      matchesTexts: matchesTexts)
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
    #expect(batch.goal == .next([6, 3, -1, -1, 4, 5, 3, -1]))
    let preprocessing = Preprocessing(imageSize: 4)
    let pixels = try [blue, red, red, blue].flatMap {
      preprocessing.pixels(of: try RGBImage.decode($0, place: "test"))
    }
    #expect(batch.pixels == pixels)
  }

  @Test("gives texts to be matched with where they end, and equal texts one number")
  func matching() throws {
    let source = try source(
      [("x", [red], ["a b"]), ("y", [red], ["c", "A  b"]), ("z", [red], ["c"])],
      matchesTexts: true)
    let first = try source.batch(rows: [0, 2, 1], random: nil)
    #expect(first.tokens == [2, 4, 5, 3, 2, 6, 3, 0, 2, 6, 3, 0])
    #expect(first.goal == .match(texts: [0, 1, 1], ends: [3, 6, 10]))
    // The second text of y, in time, is that of x.
    var seen: Set<[Int32]> = []
    for step in 0..<20 {
      let batch = try source.batch(rows: [1, 0]) { SeededRandom(UInt64(step), UInt64($0)) }
      guard case .match(let texts, let ends) = batch.goal else { continue }
      seen.insert(texts)
      #expect(ends == [texts[0] == 0 ? 3 : 2, 7])
    }
    #expect(seen == [[0, 0], [1, 0]])
  }

  @Test("does not match answers, and leaves out rows that have nothing else")
  func answers() throws {
    var writer = try TSVWriter(prefix: data["rows"])
    func answer(_ key: String) -> TextSample {
      TextSample(key: key, caption: "d", question: "c")
    }
    try writer.append(
      key: "x", images: [red], annotations: [answer("x"), TextSample(key: "x", caption: "a b")])
    try writer.append(key: "y", images: [red], annotations: [answer("y")])
    try writer.finish()
    let source = try opened(matchesTexts: true)
    #expect(source.count == 1)
    #expect(source.skipped.summary?.contains("key y") == true)
    #expect(try source.batch(rows: [0], random: nil).tokens == [2, 4, 5, 3])
    #expect(try opened().count == 2)
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

  @Test("leaves out a row without text, naming its key")
  func noCaption() throws {
    let source = try source([("x", [red], ["a"]), ("lonely", [red], []), ("y", [red], ["b"])])
    #expect(source.count == 2)
    #expect(source.skipped.count == 1)
    #expect(source.skipped.named.first?.place == "\(data["rows.img.tsv"]), key lonely")
    #expect(try source.batch(rows: [1], random: nil).keys == ["y"])
    let error = try error { _ = try self.source([("lonely", [red], [])]) }
    #expect(error.what == "data set is empty")
    #expect(error.found.contains("lonely"))
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

  @Test("samples a clip of another length than the first")
  func unequalFrames() throws {
    let source = try source([("x", [red, red], ["a"]), ("short", [red], ["a"])])
    let batch = try source.batch(rows: [0, 1], random: nil)
    #expect(batch.shape == .init(count: 2, frames: 2, tokens: 2))
    #expect(
      batch.pixels.prefix(batch.pixels.count / 2) == batch.pixels.suffix(batch.pixels.count / 2))
  }

  @Test("replaces an image that cannot be decoded by the next, and names it once")
  func corrupt() throws {
    let broken = Array(red.prefix(60))
    let source = try source([
      ("x", [red], ["a"]), ("broken", [broken], ["a"]), ("worse", [broken], ["a"]),
      ("y", [red], ["b"]),
    ])
    for _ in 0..<2 {
      let batch = try source.batch(rows: [1, 0, 2]) { SeededRandom(1, UInt64($0)) }
      #expect(batch.keys == ["y", "x", "y"])
      #expect(batch.shape.count == 3)
    }
    let problems = source.takeProblems()
    #expect(problems.map { $0.place.split(separator: " ").last ?? "" } == ["broken", "worse"])
    #expect(source.takeProblems().isEmpty)
    #expect(source.skipped.count == 2)
    // Validation measures what can be read.
    #expect(try source.batch(rows: [0, 1, 3], random: nil).keys == ["x", "y"])
    let none = try self.source([("broken", [broken], ["a"]), ("worse", [broken], ["a"])])
    let error = try error { _ = try none.batch(rows: [0]) { SeededRandom(1, UInt64($0)) } }
    #expect(error.what == "no image of the data set can be read")
    #expect(error.found.contains("2 samples skipped"))
  }
}
