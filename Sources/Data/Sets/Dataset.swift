package import Diagnostics
package import Media

/// Images or clips with their texts, read row by row.
///
/// Texts are read when a set is opened, pixels when they are asked for. Any number of threads may
/// read at once.
package protocol Dataset: Sendable {
  /// What errors and summaries call the set: the path it was opened by.
  var place: String { get }
  /// The number of rows.
  var count: Int { get }
  /// The frames of every row.
  var frames: FrameCount { get }
  /// What was left out when the set was opened.
  var skipped: SkippedSamples { get }
  /// The name of row `row`, which is in `0..<count`.
  func key(_ row: Int) -> String
  /// The texts of a row; none where nobody says anything.
  func annotations(_ row: Int) -> [TextSample]
  /// The pictures of a row: one image, or exactly `frames` frames of a clip in time order.
  ///
  /// A clip of more frames is sampled at the middles of equal parts; one of fewer repeats some.
  /// - Throws: `InputError` naming the row where it cannot be read.
  func images(_ row: Int, frames: Int) throws(InputError) -> [RGBImage]
}

/// How many frames the rows of a data set have.
package enum FrameCount: Sendable, Equatable {
  /// So many each: 1 for images.
  case fixed(Int)
  /// Clips of any length, sampled.
  case any
}

extension FrameSampling {
  /// `frames` of `count` frames: ``indexes(count:maximum:)``, or each as often as it takes.
  static func indexes(count: Int, exactly frames: Int) -> [Int] {
    count >= frames
      ? indexes(count: count, maximum: frames)
      : (0..<frames).map { (2 * $0 + 1) * count / (2 * frames) }
  }
}

/// Samples that cannot be used: how many, and why the first few.
package struct SkippedSamples: Sendable, Equatable {
  package private(set) var count = 0
  /// The first ``namedCount`` problems.
  package private(set) var named: [InputError] = []

  static let namedCount = 5

  package init() {}

  package mutating func add(_ problem: InputError) {
    count += 1
    if named.count < Self.namedCount { named.append(problem) }
  }

  /// "12 samples skipped: <first problems>", or nil where there is none.
  package var summary: String? {
    guard count > 0 else { return nil }
    let reasons = named.map { "\($0.what), found \($0.found), in \($0.place)" }
    return "\(count) sample\(count == 1 ? "" : "s") skipped: "
      + reasons.joined(separator: "; ") + (count > named.count ? "; …" : "")
  }
}

/// Where a data set lies and what belongs to it.
package struct DatasetLocation: Sendable, Equatable {
  /// The file, folder or list of shards; see `docs/data.md`.
  package var path: String
  /// The folder of the images or videos that the file names; nil for the folder the file is in.
  package var images: String?
  /// Which part of a set with several: "train", or "train+restval"; nil for all.
  package var split: String?
  /// The file with the answers to VQA questions; nil for the one named like the questions.
  package var annotations: String?

  package init(
    path: String, images: String? = nil, split: String? = nil, annotations: String? = nil
  ) {
    self.path = path
    self.images = images
    self.split = split
    self.annotations = annotations
  }
}
