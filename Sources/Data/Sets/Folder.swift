import Diagnostics
import FoundationEssentials
import Media

/// Folders of images and videos, listed once.
struct Folder {
  private static let imageEndings = [".jpg", ".jpeg", ".png", ".webp"]
  private static let videoEndings = [".mp4", ".webm", ".mkv", ".avi", ".mov", ".flv", ".m4v"]

  static func isImage(_ name: String) -> Bool {
    let lower = name.lowercased()
    return imageEndings.contains { lower.hasSuffix($0) }
  }

  static func isVideo(_ name: String) -> Bool {
    let lower = name.lowercased()
    return videoEndings.contains { lower.hasSuffix($0) }
  }

  /// The names in a folder in natural order, hidden ones left out; nil where it is none.
  static func names(_ path: String) -> [String]? {
    (try? FileManager.default.contentsOfDirectory(atPath: path))?
      .filter { !$0.hasPrefix(".") }.sorted(by: FrameSampling.naturallyPrecedes)
  }

  /// The name without its ending: "a.b" of "a.b.jpg"; "clip" of "clip.mp4-frames".
  static func stem(_ name: String) -> String {
    var name = name[...]
    if name.hasSuffix("-frames") { name = name.dropLast(7) }
    guard let dot = name.lastIndex(of: "."), dot > name.startIndex else { return String(name) }
    return String(name[..<dot])
  }

  private let root: String
  /// Paths by relative path, by name, and by stem; the first listed wins.
  private var paths: [String: String] = [:]

  /// Lists a folder and its subfolders, three levels deep.
  ///
  /// - Parameters:
  ///   - root: the folder.
  ///   - clips: whether videos and folders of frames are wanted, not images.
  /// - Throws: `.noInput` where it is no folder that can be read.
  init(_ root: String, clips: Bool) throws(InputError) {
    guard Self.names(root) != nil else {
      throw InputError(
        .noInput, "the folder of \(clips ? "videos" : "images") cannot be read",
        expected: "a readable folder", found: "none", in: root,
        advice: "name it with --images, or as images: in the recipe")
    }
    self.root = root
    var names: [String: String] = [:]
    var stems: [String: String] = [:]
    Self.visit(root, relative: "", depth: 3) { relative, name, isFolder in
      guard isFolder ? clips : (clips ? Self.isVideo(name) : Self.isImage(name)) else { return }
      let path = "\(root)/\(relative)"
      paths[relative] = path
      names[name] = names[name] ?? path
      let stem = isFolder && !name.hasSuffix("-frames") ? name : Self.stem(name)
      // A folder of frames is read faster than the video beside it.
      if stems[stem] == nil || isFolder { stems[stem] = path }
    }
    paths.merge(names) { first, _ in first }
    paths.merge(stems) { first, _ in first }
  }

  private static func visit(
    _ folder: String, relative: String, depth: Int,
    _ body: (_ relative: String, _ name: String, _ isFolder: Bool) -> Void
  ) {
    for name in names(folder) ?? [] {
      let path = relative.isEmpty ? name : "\(relative)/\(name)"
      var isFolder = false
      _ = FileManager.default.fileExists(atPath: "\(folder)/\(name)", isDirectory: &isFolder)
      body(path, name, isFolder)
      if isFolder && depth > 1 {
        visit("\(folder)/\(name)", relative: path, depth: depth - 1, body)
      }
    }
  }

  /// The path of the first of these names that is there: relative paths, names, or stems.
  func path(_ names: [String]) -> String? {
    for name in names {
      if let path = paths[name] { return path }
      // "coco/images/train2014/x.jpg" of another machine: the last parts may be here.
      var rest = name[...]
      while let slash = rest.firstIndex(of: "/") {
        rest = rest[rest.index(after: slash)...]
        if let path = paths[String(rest)] { return path }
      }
    }
    return nil
  }
}
