package import Captioning
import Data
package import Diagnostics
import Media

/// The inputs that one path names: one, or the rows of a table, or the images of a folder.
package struct InputSource: Sendable {
  private enum Contents: Sendable {
    case files([String])
    case table(TSVImages, path: String)
    case shards(TarDataset)
  }

  private let contents: Contents
  /// Whether the path itself is the only input.
  package let isSingle: Bool

  /// Looks at a path.
  ///
  /// - Parameters:
  ///   - path: a table when it ends in `.tsv`, see `TSVImages`; tar shards when it ends in `.tar`; else
  ///     as INPUT of the command line.
  ///   - each: whether the images of a folder are inputs of their own, not the frames of one clip.
  /// - Throws: `.noInput`, `.io` or `.badData` for a table or folder that cannot be read; other files
  ///   are not looked at yet.
  package init(path: String, each: Bool = false) throws(InputError) {
    isSingle = !path.hasSuffix(".tsv") && !path.hasSuffix(".tar") && !each
    if path.hasSuffix(".tsv") {
      contents = .table(try TSVImages(path), path: path)
    } else if path.hasSuffix(".tar"), let shards = try ShardList.paths(path) {
      contents = .shards(try TarDataset(shards, place: path))
    } else {
      let isFolder = each ? try MediaInput.isFolder(path: path) : false
      contents = .files(isFolder ? try MediaInput.imagePaths(inFolder: path) : [path])
    }
  }

  /// The number of inputs.
  package var count: Int {
    switch contents {
    case .files(let paths): paths.count
    case .table(let images, _): images.count
    case .shards(let shards): shards.count
    }
  }

  /// What results call input `index`: its path, or `PATH#KEY` for a row of a table or shard.
  ///
  /// - Throws: `.badData` for a key that is not UTF-8.
  package func name(_ index: Int) throws(InputError) -> String {
    switch contents {
    case .files(let paths): paths[index]
    case .table(let images, let path): "\(path)#\(try images.key(index))"
    case .shards(let shards): "\(shards.place)#\(shards.key(index))"
    }
  }

  /// How long input `index` lasts, in seconds; nil where it is no video file.
  ///
  /// - Throws: `InputError` where it cannot be read.
  package func duration(_ index: Int) throws(InputError) -> Double? {
    switch contents {
    case .files(let paths): try MediaInput.duration(path: paths[index])
    case .table, .shards: nil
    }
  }

  /// Reads input `index` and prepares it for a model.
  ///
  /// - Parameters:
  ///   - index: in `0..<count`.
  ///   - reader: of the model that it is for.
  ///   - frames: the most frames taken of a clip; nil for as many as the model takes.
  /// - Returns: its pixels.
  /// - Throws: `InputError` where it cannot be read.
  package func pixels(
    _ index: Int, for reader: InputReader, frames: Int?
  ) throws(InputError) -> InputPixels {
    switch contents {
    case .files(let paths): return try reader.pixels(path: paths[index], frames: frames)
    case .table(let images, _):
      let name = try name(index)
      return try reader.pixels(files: images.imageBytes(index), name: name, frames: frames)
    case .shards(let shards): return try reader.pixels(shards, index)
    }
  }

  /// Reads the frames of input `index` one after the other, as `MediaInput.forEachFrame` has them, and
  /// prepares them for a model.
  ///
  /// The images of a row count as a second each.
  ///
  /// - Parameters:
  ///   - index: in `0..<count`.
  ///   - interval: milliseconds from frame to frame, at least 1.
  ///   - reader: of the model that they are for.
  ///   - body: is given each frame, and returns whether it wants more.
  /// - Throws: `InputError` where it cannot be read.
  package func forEachFrame(
    _ index: Int, every interval: Int, for reader: InputReader, _ body: (TimedPixels) -> Bool
  ) throws(InputError) {
    let files: [[UInt8]]
    switch contents {
    case .files(let paths):
      return try reader.forEachFrame(path: paths[index], every: interval, body)
    case .table(let images, _): files = try images.imageBytes(index)
    case .shards(let shards): files = [shards.imageBytes(index)]
    }
    let name = try name(index)
    for part in FrameSampling.parts(count: files.count, every: interval) {
      let pixels = Result { () throws(InputError) -> InputPixels in
        try reader.pixels(files: [files[part.frame]], name: name)
      }
      let frame = TimedPixels(
        pixels: pixels, start: Double(part.start) / 1000, end: Double(part.end) / 1000)
      if !body(frame) { return }
    }
  }
}

extension InputSource {
  /// The pictures of input `index`, for people; none of an array of pixels.
  ///
  /// - Throws: `InputError` where it cannot be read.
  func images(_ index: Int, frames: Int) throws(InputError) -> [RGBImage] {
    switch contents {
    case .files(let paths):
      guard
        case .frames(let images) = try MediaInput.load(path: paths[index], maximumFrames: frames)
      else { return [] }
      return images
    case .table(let images, let path):
      let files = try images.imageBytes(index)
      var found: [RGBImage] = []
      for frame in FrameSampling.indexes(count: files.count, maximum: frames) {
        found.append(try RGBImage.decode(files[frame], place: path))
      }
      return found
    case .shards(let shards): return try shards.images(index, frames: 1)
    }
  }
}

extension InputReader {
  /// Decodes the image files of a row and prepares them for the model, as many as it takes.
  package func pixels(
    files: [[UInt8]], name: String, frames: Int? = nil
  ) throws(InputError) -> InputPixels {
    let start = ContinuousClock.now
    let limit = min(frames ?? maximumFrames, maximumFrames)
    var images: [RGBImage] = []
    for index in FrameSampling.indexes(count: files.count, maximum: limit) {
      images.append(
        try RGBImage.decode(files[index], place: name, upright: turnsPhotosUpright))
    }
    var pixels = try pixels(of: .frames(images), name: name)
    pixels.milliseconds = (ContinuousClock.now - start) / .milliseconds(1)
    return pixels
  }
}
