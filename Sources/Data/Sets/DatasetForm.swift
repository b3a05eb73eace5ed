package import Diagnostics
import FoundationEssentials
import Media

/// The forms of data sets, told apart by what a path is.
package enum DatasetForm: Sendable, Equatable {
  /// `x.img.tsv` with `x.caption.tsv`.
  case tsv
  /// Tar shards as img2dataset writes them.
  case webDataset([String])
  /// A JSON file of COCO, Karpathy, VQA, Visual Genome, MSR-VTT, VATEX and the like.
  case json
  /// HuggingFace's `imagefolder`: `metadata.jsonl` beside images.
  case metadata(folder: String)
  /// A text file of MSVD's form.
  case videoText
  /// A folder with one folder of images per class.
  case classes

  /// The form of what lies at `path`; nil for anything else, such as a photo or a folder of frames.
  ///
  /// - Throws: `InputError` where a list of shards names none, or a folder cannot be read.
  package static func of(_ path: String) throws(InputError) -> DatasetForm? {
    if let pair = TSVDataset.pair(of: path), FileManager.default.fileExists(atPath: pair.captions) {
      return .tsv
    }
    if let shards = try ShardList.paths(path) { return .webDataset(shards) }
    if path.hasSuffix(".json") { return .json }
    if path.hasSuffix(".jsonl") {
      return .metadata(folder: path.lastIndex(of: "/").map { String(path[..<$0]) } ?? ".")
    }
    if path.hasSuffix(".txt") { return .videoText }
    guard let names = Folder.names(path) else { return nil }
    if names.contains("metadata.jsonl") { return .metadata(folder: path) }
    let folders = names.filter { Folder.names("\(path)/\($0)") != nil }
    return folders.isEmpty || names.contains(where: Folder.isImage) ? nil : .classes
  }

  /// Opens the data set at a location.
  ///
  /// - Throws: `.usage` where it is none; `.noInput`, `.io` or `.badData` where a file cannot be read
  ///   as a whole. Samples that cannot be read are left out and counted.
  package static func open(_ location: DatasetLocation) throws(InputError) -> any Dataset {
    let form = try of(location.path)
    switch form {
    case .tsv: return try TSVDataset(location.path)
    case .webDataset(let shards): return try TarDataset(shards, place: location.path)
    case .json: return try JSONSet.open(location)
    case .metadata(let folder): return try JSONSet.openMetadata(location, folder: folder)
    case .videoText: return try VideoTextSet.open(location)
    case .classes: return try ClassFolders.open(location.path)
    case nil:
      // A pair without its captions, or nothing at all, says so itself.
      if TSVDataset.pair(of: location.path) != nil { return try TSVDataset(location.path) }
      guard FileManager.default.fileExists(atPath: location.path) else {
        throw InputError(
          .noInput, "the data set cannot be read", expected: "a file, folder or shards",
          found: "nothing there", in: location.path, advice: "check the path")
      }
      throw InputError(
        .usage, "this is not a data set",
        expected: "a TSV pair, tar shards, a JSON or JSONL file, a list of videos or class folders",
        found: "something else", in: location.path, advice: "docs/data.md has the forms")
    }
  }
}
