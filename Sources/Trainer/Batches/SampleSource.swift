import Data
import Diagnostics
import Formats
import Media
import Randomness
import Synchronization
import Tokenizer

/// One data set, opened, tokenized and ready to give samples by row.
///
/// Rows without text, or without one that a filter lets pass, are left out when it is opened, and rows whose images cannot be read when that
/// is found out; both are counted and named.
final class SampleSource: Sendable {
  /// Frames of every row.
  let frames: Int
  /// Longest token sequence of any row: the width of its batches.
  let tokenCount: Int
  /// What the filter left out.
  let filtered: TextFilter.Tally
  private let dataset: any Dataset
  /// Rows of the data set that have text.
  private let rows: [Int]
  private let texts: [[TokenSequence]]
  /// A number for each text, the same for equal ones; empty where texts are not matched.
  private let textIDs: [[Int32]]
  private let preprocessing: Preprocessing
  private let augmentation: Recipe.Augmentation
  private let padID: Int
  private let problems: Mutex<Problems>

  private struct Problems {
    /// Rows that could not be read.
    var rows: Set<Int> = []
    var all: SkippedSamples
    /// Those nobody was told of yet.
    var untold: [InputError] = []
  }

  /// Opens a data set and tokenizes its texts, to be said or to be matched.
  ///
  /// - Throws: when it has no row with text, or its clips have more than `maximumFrames`.
  init(
    _ dataset: any Dataset, tokenizer: WordPieceTokenizer, maximumTextLength: Int,
    maximumFrames: Int, preprocessing: Preprocessing, augmentation: Recipe.Augmentation,
    matchesTexts: Bool = false, filter: TextFilter? = nil
  ) throws(InputError) {
    let (vocabulary, place) = (tokenizer.vocabulary, dataset.place)
    var (texts, rows, skipped): ([[TokenSequence]], [Int], SkippedSamples) = (
      [], [], dataset.skipped
    )
    var tally = TextFilter.Tally()
    texts.reserveCapacity(dataset.count)
    for row in 0..<dataset.count {
      // An answer says little of an image to one who does not know the question.
      var annotations = dataset.annotations(row)
        .filter { !matchesTexts || $0.question == nil }
      guard !annotations.isEmpty else {
        skipped.add(
          InputError(
            .badData, "row has no caption", expected: "one caption or more", found: "none",
            in: "\(place), key \(dataset.key(row))", advice: "remove the row or caption it"))
        continue
      }
      if let filter { annotations.removeAll { !filter.keeps($0, &tally) } }
      if annotations.isEmpty {
        tally.rows += 1
        continue
      }
      rows.append(row)
      texts.append(
        annotations.map {
          let caption = tokenizer.encode($0.caption)
          let (start, end) = (vocabulary.startID, vocabulary.endID)
          return matchesTexts
            ? TokenSequence(matching: caption, start: start, end: end, maximum: maximumTextLength)
            : TokenSequence(
              question: tokenizer.encode($0.question ?? ""), caption: caption, start: start,
              end: end, maximum: maximumTextLength)
        })
    }
    guard !rows.isEmpty else {
      throw InputError(
        .badData, "data set is empty", expected: "one row with text or more",
        found: skipped.summary ?? tally.summary ?? "0 rows", in: place, advice: "check the path")
    }
    self.dataset = dataset
    self.rows = rows
    self.texts = texts
    filtered = tally
    textIDs = matchesTexts ? Self.ids(texts) : []
    self.preprocessing = preprocessing
    self.augmentation = augmentation
    problems = Mutex(Problems(all: skipped))
    padID = vocabulary.padID
    tokenCount = texts.joined().map(\.tokens.count).max() ?? 1
    let wanted: Int
    switch dataset.frames {
    case .fixed(let count): wanted = count
    case .any: wanted = max(2, maximumFrames)
    }
    guard wanted == 1 || wanted <= maximumFrames else {
      throw InputError(
        .badData, "clips have more frames than the model", expected: "at most \(maximumFrames)",
        found: "\(wanted)", in: place, advice: "set model.frames in the recipe")
    }
    frames = wanted
  }

  private static func ids(_ texts: [[TokenSequence]]) -> [[Int32]] {
    var known: [[Int32]: Int32] = [:]
    return texts.map { row in
      row.map { text in
        let id = known[text.tokens] ?? Int32(known.count)
        known[text.tokens] = id
        return id
      }
    }
  }

  /// The number of rows that have text.
  var count: Int { rows.count }

  /// The shape of its batches of `count` rows, with images of `side` pixels or the model's own size.
  func shape(_ count: Int, side: Int? = nil) -> Batch.Shape {
    .init(count: count, frames: frames, tokens: tokenCount, side: side)
  }

  /// What was left out so far.
  var skipped: SkippedSamples { problems.withLock { $0.all } }

  /// Samples that turned out to be unreadable since the last call.
  func takeProblems() -> [InputError] {
    problems.withLock { problems in
      defer { problems.untold = [] }
      return problems.untold
    }
  }

  /// Makes the batch of these rows, in `0..<count`, of images of `side` pixels or the model's own size;
  /// `random` is nil for validation: the first text, no augmentation.
  ///
  /// A row that cannot be read is replaced by the next that can, so that what a step learns depends on
  /// the data alone; in validation it is left out.
  /// - Throws: when no row can be read.
  func batch(
    rows: [Int], side: Int? = nil, random: ((Int) -> SeededRandom)?
  ) throws(InputError) -> Batch {
    var preprocessing = preprocessing
    preprocessing.imageSize = side ?? preprocessing.imageSize
    let pixels = 3 * preprocessing.imageSize * preprocessing.imageSize
    var batch = Batch(shape: shape(0), pixels: [], tokens: [], goal: .next([]), keys: [])
    batch.pixels.reserveCapacity(rows.count * frames * pixels)
    var draws: [Draw] = []
    for (index, row) in rows.enumerated() {
      guard let (row, images) = try readable(from: row, replaces: random != nil) else { continue }
      let draw = draw(row, random?(index))
      for image in images {
        batch.pixels += preprocessing.pixels(of: draw.crop?.applied(to: image) ?? image)
      }
      batch.keys.append(dataset.key(self.rows[row]))
      draws.append(draw)
    }
    let chosen = draws.map(\.text)
    var labels: [Int32] = []
    for draw in draws {
      let text = draw.noisyText(augmentation.contextNoise, from: chosen)
        .padded(to: tokenCount, with: padID)
      batch.tokens += text.tokens
      labels += text.labels
    }
    batch.goal =
      textIDs.isEmpty
      ? .next(labels)
      : .match(
        texts: draws.map { textIDs[$0.row][$0.textIndex] },
        ends: draws.enumerated().map { index, draw in
          Int32(index * tokenCount + draw.text.tokens.count - 1)
        })
    batch.shape = shape(draws.count, side: side)
    return batch
  }

  /// The images of `row` or, where it cannot be read and may be replaced, of the next that can.
  private func readable(
    from row: Int, replaces: Bool
  ) throws(InputError) -> (row: Int, images: [RGBImage])? {
    for offset in 0..<count {
      let row = (row + offset) % count
      if !problems.withLock({ $0.rows.contains(row) }) {
        do throws(InputError) {
          return (row, try dataset.images(rows[row], frames: frames))
        } catch {
          problems.withLock { problems in
            guard problems.rows.insert(row).inserted else { return }
            problems.all.add(error)
            problems.untold.append(error)
          }
        }
      }
      if !replaces { return nil }
    }
    throw InputError(
      .badData, "no image of the data set can be read", expected: "one sample or more",
      found: skipped.summary ?? "none", in: dataset.place, advice: "check the images")
  }

  /// What is random about one sample of a batch.
  private struct Draw {
    var crop: Crop?
    var row: Int
    /// Which of the row's texts.
    var textIndex: Int
    var text: TokenSequence
    /// nil in validation.
    var random: SeededRandom?

    /// The text with words of `others` in its context; see ``Recipe/Augmentation``.
    func noisyText(_ share: Float, from others: [TokenSequence]) -> TokenSequence {
      guard var random else { return text }
      return text.withNoise(share, from: others, random: &random)
    }
  }

  private func draw(_ row: Int, _ random: SeededRandom?) -> Draw {
    guard var random else { return Draw(row: row, textIndex: 0, text: texts[row][0]) }
    let crop = Crop(augmentation, &random)
    let index = random.index(texts[row].count)
    return Draw(
      crop: crop, row: row, textIndex: index, text: texts[row][index], random: random)
  }
}
