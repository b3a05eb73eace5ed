package import Captioning
package import Data
package import Diagnostics
import Formats
import FoundationEssentials
import Media

/// What a model is evaluated on: inputs, with what is right to say about them where that is known.
package struct EvaluationData: Sendable {
  /// One thing to say about one input.
  package struct Sample: Sendable, Equatable {
    /// The key of a row, or a path.
    package var name: String
    /// What is asked; nil for a caption.
    package var question: String?
    /// What the data calls the question; nil where it does not.
    package var id: String?
    /// What would be right; empty where nobody says.
    package var references: [String]
    fileprivate var index: Int
  }

  private enum Contents: Sendable {
    case dataset(any Dataset)
    case inputs(InputSource)
  }

  private let contents: Contents
  /// Whether the references are names of classes.
  package let hasClasses: Bool
  /// In the order of the data; all texts of one row with the same question are one sample.
  package let samples: [Sample]
  /// What was left out when the data was opened.
  package let skipped: SkippedSamples

  /// Opens data.
  ///
  /// - Parameters:
  ///   - location: a data set of any form; an image TSV alone; a folder of images; or one input of any
  ///     kind.
  ///   - limit: the most samples; nil for all.
  /// - Throws: `InputError` where the data cannot be read, or holds no sample.
  package init(_ location: DatasetLocation, limit: Int? = nil) throws(InputError) {
    var samples: [Sample] = []
    if let form = try DatasetForm.of(location.path) {
      let dataset = try DatasetForm.open(location)
      (contents, skipped, hasClasses) = (.dataset(dataset), dataset.skipped, form == .classes)
      for row in 0..<dataset.count where samples.count < limit ?? .max {
        samples += Self.samples(dataset, row)
      }
    } else {
      var isFolder = false
      _ = FileManager.default.fileExists(atPath: location.path, isDirectory: &isFolder)
      let source = try InputSource(path: location.path, each: isFolder)
      (contents, skipped, hasClasses) = (.inputs(source), SkippedSamples(), false)
      for index in 0..<min(source.count, limit ?? .max) {
        samples.append(
          Sample(name: try source.name(index), question: nil, id: nil, references: [], index: index)
        )
      }
    }
    self.samples = Array(samples.prefix(limit ?? .max))
    guard !samples.isEmpty else {
      throw InputError(
        .badData, "there is nothing to evaluate on", expected: "at least one sample",
        found: "none", in: location.path, advice: "use data with rows")
    }
  }

  private static func samples(_ dataset: any Dataset, _ row: Int) -> [Sample] {
    var samples: [Sample] = []
    let texts = dataset.annotations(row)
    for text in texts {
      if let known = samples.firstIndex(where: { $0.question == text.question }) {
        samples[known].references.append(text.caption)
      } else {
        samples.append(
          Sample(
            name: text.key, question: text.question, id: text.id, references: [text.caption],
            index: row))
      }
    }
    return texts.isEmpty
      ? [Sample(name: dataset.key(row), question: nil, id: nil, references: [], index: row)]
      : samples
  }

  /// Reads the input of a sample and prepares it for a model.
  ///
  /// - Throws: `InputError` where it cannot be read.
  package func pixels(_ sample: Sample, for reader: InputReader) throws(InputError) -> InputPixels {
    switch contents {
    case .dataset(let dataset): try reader.pixels(dataset, sample.index)
    case .inputs(let source): try source.pixels(sample.index, for: reader, frames: nil)
    }
  }
}

extension EvaluationData {
  /// How wide pictures for a report are.
  private static let pictureSide = 224

  /// Small pictures of a sample: one, or three frames of a clip.
  ///
  /// - Returns: PNG or JPEG files.
  /// - Throws: `InputError` where it cannot be read.
  func pictures(_ sample: Sample) throws(InputError) -> [[UInt8]] {
    let images: [RGBImage]
    switch contents {
    case .dataset(let dataset):
      images = try dataset.images(sample.index, frames: dataset.frames == .fixed(1) ? 1 : 3)
    case .inputs(let source): images = try source.images(sample.index, frames: 3)
    }
    return images.map { image in
      let shorter = min(image.width, image.height)
      guard shorter > Self.pictureSide else { return image.encodedPNG() }
      return image.resized(
        width: image.width * Self.pictureSide / shorter,
        height: image.height * Self.pictureSide / shorter, by: .bicubic
      ).encodedJPEG(quality: 85)
    }
  }
}

extension InputReader {
  /// Reads a row of a data set and prepares it for the model.
  ///
  /// - Throws: `InputError` where it cannot be read.
  func pixels(_ dataset: any Dataset, _ row: Int) throws(InputError) -> InputPixels {
    let start = ContinuousClock.now
    let frames =
      switch dataset.frames {
      case .fixed(let count): min(count, maximumFrames)
      case .any: maximumFrames
      }
    let images = try dataset.images(row, frames: frames)
    var pixels = try pixels(of: .frames(images), name: dataset.key(row))
    pixels.milliseconds = (ContinuousClock.now - start) / .milliseconds(1)
    return pixels
  }
}
