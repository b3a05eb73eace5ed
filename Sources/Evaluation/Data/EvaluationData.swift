package import Captioning
import Data
package import Diagnostics
import FoundationEssentials

/// What a model is evaluated on: inputs, with what is right to say about them where that is known.
package struct EvaluationData: Sendable {
  /// One thing to say about one input.
  package struct Sample: Sendable, Equatable {
    /// The key of a row, or a path.
    package var name: String
    /// What is asked; nil for a caption.
    package var question: String?
    /// What would be right; empty where nobody says.
    package var references: [String]
    fileprivate var index: Int
  }

  private enum Contents: Sendable {
    case pair(TSVDataset)
    case inputs(InputSource)
  }

  private let contents: Contents
  /// In the order of the data; all texts of one row with the same question are one sample.
  package let samples: [Sample]

  /// Opens data.
  ///
  /// - Parameters:
  ///   - path: a TSV pair, named by either of its files; an image TSV alone; a folder of images; or
  ///     one input of any kind.
  ///   - limit: the most samples; nil for all.
  /// - Throws: `InputError` where the data cannot be read, or holds no sample.
  package init(path: String, limit: Int? = nil) throws(InputError) {
    var samples: [Sample] = []
    let manager = FileManager.default
    if let pair = TSVDataset.pair(of: path), manager.fileExists(atPath: pair.captions) {
      let dataset = try TSVDataset(path)
      contents = .pair(dataset)
      for row in 0..<dataset.count where samples.count < limit ?? .max {
        samples += Self.samples(dataset, row)
      }
    } else {
      var isFolder = false
      let source = try InputSource(
        path: path, each: manager.fileExists(atPath: path, isDirectory: &isFolder) && isFolder)
      contents = .inputs(source)
      for index in 0..<min(source.count, limit ?? .max) {
        samples.append(
          Sample(name: try source.name(index), question: nil, references: [], index: index))
      }
    }
    self.samples = Array(samples.prefix(limit ?? .max))
    guard !samples.isEmpty else {
      throw InputError(
        .badData, "there is nothing to evaluate on", expected: "at least one sample",
        found: "none", in: path, advice: "use data with rows")
    }
  }

  private static func samples(_ dataset: TSVDataset, _ row: Int) -> [Sample] {
    var samples: [Sample] = []
    let texts = dataset.annotations(row)
    for text in texts {
      if let known = samples.firstIndex(where: { $0.question == text.question }) {
        samples[known].references.append(text.caption)
      } else {
        samples.append(
          Sample(
            name: text.key, question: text.question, references: [text.caption], index: row))
      }
    }
    return texts.isEmpty
      ? [Sample(name: dataset.key(row), question: nil, references: [], index: row)] : samples
  }

  /// Reads the input of a sample and prepares it for a model.
  ///
  /// - Throws: `InputError` where it cannot be read.
  package func pixels(_ sample: Sample, for captioner: Captioner) throws(InputError) -> InputPixels
  {
    switch contents {
    case .pair(let dataset):
      try captioner.pixels(files: dataset.imageBytes(sample.index), name: sample.name)
    case .inputs(let source): try source.pixels(sample.index, for: captioner, frames: nil)
    }
  }
}
