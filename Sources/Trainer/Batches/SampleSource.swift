import Data
import Diagnostics
import Formats
import Media
import Randomness
import Tokenizer

/// One data set, opened, tokenized and ready to give samples by row.
final class SampleSource: Sendable {
  let dataset: TSVDataset
  /// Frames of every row.
  let frames: Int
  /// Longest token sequence of any row: the width of its batches.
  let tokenCount: Int
  private let texts: [[TokenSequence]]
  private let preprocessing: Preprocessing
  private let augmentation: Recipe.Augmentation
  private let padID: Int

  /// Opens a data set and tokenizes its texts.
  ///
  /// - Throws: when it is empty, a row has no text, or its clips have more than `maximumFrames`.
  init(
    _ dataset: TSVDataset, tokenizer: WordPieceTokenizer, maximumTextLength: Int,
    maximumFrames: Int, preprocessing: Preprocessing, augmentation: Recipe.Augmentation,
    place: String
  ) throws(InputError) {
    guard dataset.count > 0 else {
      throw InputError(
        .badData, "data set is empty", expected: "one row or more", found: "0 rows", in: place,
        advice: "check the path")
    }
    let vocabulary = tokenizer.vocabulary
    var texts: [[TokenSequence]] = []
    texts.reserveCapacity(dataset.count)
    for row in 0..<dataset.count {
      let annotations = dataset.annotations(row)
      guard !annotations.isEmpty else {
        throw InputError(
          .badData, "row has no caption", expected: "one caption or more", found: "an empty list",
          in: "\(place), key \(dataset.key(row))", advice: "remove the row or caption it")
      }
      texts.append(
        annotations.map {
          TokenSequence(
            question: tokenizer.encode($0.question ?? ""), caption: tokenizer.encode($0.caption),
            start: vocabulary.startID, end: vocabulary.endID, maximum: maximumTextLength)
        })
    }
    self.dataset = dataset
    self.texts = texts
    self.preprocessing = preprocessing
    self.augmentation = augmentation
    padID = vocabulary.padID
    tokenCount = texts.joined().map(\.tokens.count).max() ?? 1
    frames = try dataset.imageBytes(0).count
    guard frames == 1 || frames <= maximumFrames else {
      throw InputError(
        .badData, "clips have more frames than the model", expected: "at most \(maximumFrames)",
        found: "\(frames)", in: place, advice: "set model.frames in the recipe")
    }
  }

  /// The shape of its batches of `count` rows.
  func shape(_ count: Int) -> Batch.Shape {
    .init(count: count, frames: frames, tokens: tokenCount)
  }

  /// Makes the batch of these rows; `random` is nil for validation: the first text, no augmentation.
  ///
  /// - Throws: when an image cannot be decoded or a clip has another number of frames.
  func batch(rows: [Int], random: ((Int) -> SeededRandom)?) throws(InputError) -> Batch {
    let side = preprocessing.imageSize
    var batch = Batch(
      shape: shape(rows.count), pixels: [], tokens: [],
      labels: [], keys: rows.map(dataset.key))
    batch.pixels.reserveCapacity(rows.count * frames * 3 * side * side)
    let draws = rows.enumerated().map { draw($0.element, random?($0.offset)) }
    let chosen = draws.map(\.text)
    for (index, row) in rows.enumerated() {
      let images = try dataset.imageBytes(row)
      let place = "key \(dataset.key(row))"
      guard images.count == frames else {
        throw InputError(
          .badData, "clip has another number of frames than the first", expected: "\(frames)",
          found: "\(images.count)", in: place, advice: "keep clips of one length in one data set")
      }
      for bytes in images {
        let image = try RGBImage.decode(bytes, place: place)
        batch.pixels += preprocessing.pixels(of: draws[index].crop?.applied(to: image) ?? image)
      }
      let text = draws[index].noisyText(augmentation.contextNoise, from: chosen)
        .padded(to: tokenCount, with: padID)
      batch.tokens += text.tokens
      batch.labels += text.labels
    }
    return batch
  }

  /// What is random about one sample of a batch.
  private struct Draw {
    var crop: Crop?
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
    guard var random else { return Draw(text: texts[row][0]) }
    let crop = Crop(augmentation, &random)
    return Draw(crop: crop, text: texts[row][random.index(texts[row].count)], random: random)
  }
}
