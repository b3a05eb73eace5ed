import Diagnostics

/// Collects the rows of a data set whose files lie in one folder: texts of one file are one row.
struct RowBuilder {
  private let location: DatasetLocation
  private let clips: Bool
  private let folder: Folder
  private let root: String
  private var rows: [FileDataset.Row] = []
  private var known: [String: Int] = [:]
  private var missing: Set<String> = []
  private var skipped = SkippedSamples()

  /// Lists the folder.
  ///
  /// - Throws: `.noInput` where there is none.
  init(_ location: DatasetLocation, clips: Bool) throws(InputError) {
    self.location = location
    self.clips = clips
    root =
      location.images
      ?? location.path.lastIndex(of: "/").map { String(location.path[..<$0]) } ?? "."
    folder = try Folder(root, clips: clips)
  }

  /// Refuses a split, for sets that have none.
  func refuseSplit() throws(InputError) {
    guard let split = location.split else { return }
    throw InputError(
      .usage, "this data set has no splits", expected: "no split", found: "'\(split)'",
      in: location.path, advice: "leave the split out")
  }

  mutating func skip(_ problem: InputError) { skipped.add(problem) }

  /// Adds texts about a file.
  ///
  /// - Parameters:
  ///   - key: what rows are told apart by.
  ///   - files: names the file may have; the first that is there is taken.
  ///   - region: the part that the texts are about.
  ///   - texts: what is said.
  mutating func add(
    key: String, files: [String], region: FileDataset.Region? = nil, texts: [TextSample]
  ) {
    if let row = known[key] {
      rows[row].texts += texts
      return
    }
    guard let path = folder.path(files) else {
      guard missing.insert(key).inserted else { return }
      skip(
        InputError(
          .noInput, "\(clips ? "a video" : "an image") is missing",
          expected: files.first ?? "a file name", found: "no such file", in: "\(root), key \(key)",
          advice: "fetch it, or name its folder"))
      return
    }
    known[key] = rows.count
    rows.append(.init(key: key, path: path, region: region, texts: texts))
  }

  /// The data set, of at least one row.
  ///
  /// - Throws: `.badData` where no row could be used.
  func dataset() throws(InputError) -> FileDataset {
    guard !rows.isEmpty else {
      throw InputError(
        .badData, "data set is empty", expected: "one sample or more",
        found: skipped.summary ?? "0 samples", in: location.path,
        advice: "check the path, the folder of images and the split")
    }
    return FileDataset(
      rows, frames: clips ? .any : .fixed(1), skipped: skipped, place: location.path)
  }
}
