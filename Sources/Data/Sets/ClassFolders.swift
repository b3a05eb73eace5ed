import Diagnostics

/// A folder of folders: each holds the images of one class and is named after it.
///
/// The text of an image is its class, with spaces for underscores. Keys are "class/file".
enum ClassFolders {
  static func open(_ path: String) throws(InputError) -> FileDataset {
    var rows: [FileDataset.Row] = []
    for folder in Folder.names(path) ?? [] {
      let name = folder.split(separator: "_", omittingEmptySubsequences: true).joined(
        separator: " ")
      for file in Folder.names("\(path)/\(folder)") ?? [] where Folder.isImage(file) {
        let key = "\(folder)/\(file)"
        rows.append(
          .init(
            key: key, path: "\(path)/\(key)", texts: [TextSample(key: key, caption: name)]))
      }
    }
    return FileDataset(rows, frames: .fixed(1), skipped: SkippedSamples(), place: path)
  }
}
