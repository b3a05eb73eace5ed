package import Diagnostics

/// Opens whatever a user names as an INPUT.
package enum MediaInput {
  /// Names with these endings are the images of a folder.
  private static let imageEndings = [".jpg", ".jpeg", ".png", ".webp"]

  /// Loads an image, the sampled frames of a video or of a folder of frames, or an array of pixels.
  ///
  /// - A folder is one clip: its images in natural order, sampled by index.
  /// - A file that begins as an image, or as an `.npy` array, is read as that, whatever its name; the
  ///   frames of an array are sampled by index.
  /// - Any other file is handed to FFmpeg and sampled by time.
  ///
  /// - Parameters:
  ///   - path: file or folder.
  ///   - maximumFrames: the most frames to return, at least 1; a clip that has fewer gives all it has.
  ///   - upright: turns images as their EXIF orientation says.
  /// - Returns: at least one frame.
  /// - Throws: `InputError`; `.noInput` where there is nothing at `path`.
  package static func load(
    path: String, maximumFrames: Int, upright: Bool = false
  ) throws(InputError) -> LoadedInput {
    precondition(maximumFrames >= 1, "a clip is sampled at one frame at least")
    if try InputFile.kind(path: path) == .folder {
      let paths = try imagePaths(inFolder: path)
      var frames: [RGBImage] = []
      for index in FrameSampling.indexes(count: paths.count, maximum: maximumFrames) {
        frames.append(try RGBImage.read(path: paths[index], upright: upright))
      }
      return .frames(frames)
    }
    let head = try InputFile.head(path: path, count: ImageFormat.signatureLength)
    if head.isEmpty {
      throw InputError(
        .badData, "the input is empty", expected: "an image, a video or an .npy array",
        found: "0 bytes", in: path, advice: "fetch or export the file again")
    }
    if ImageFormat(signatureOf: head) != nil {
      return .frames([try RGBImage.read(path: path, upright: upright)])
    }
    if head.starts(with: NPYHeader.signature) {
      let array = try PixelArray.parse(InputFile.read(path: path), place: path)
      let sampled = array.selecting(
        FrameSampling.indexes(count: array.frames, maximum: maximumFrames))
      return .pixels(
        sampled.values, frames: sampled.frames, height: sampled.height, width: sampled.width)
    }
    return .frames(try VideoFile.sample(path: path, maximumFrames: maximumFrames))
  }

  /// One frame of a stream and the part that it stands for, seconds from the start.
  package struct TimedFrame: Sendable {
    /// A single frame.
    package var input: LoadedInput
    package var start: Double
    package var end: Double
  }

  /// Reads a frame per `interval` of an input, of any length, one after the other.
  ///
  /// A video is taken apart by its times: as many parts of that length as there are, the last one longer
  /// or shorter by up to half of it; each has the frame nearest to the middle of the interval. Images of
  /// a folder, frames of an array and an image alone count as a second each.
  ///
  /// - Parameters:
  ///   - path: as for ``load(path:maximumFrames:upright:)``.
  ///   - interval: milliseconds, at least 1.
  ///   - upright: turns images as their EXIF orientation says.
  ///   - body: is given each frame, and returns whether it wants more.
  /// - Throws: as ``load(path:maximumFrames:upright:)``, perhaps after some frames.
  package static func forEachFrame(
    path: String, every interval: Int, upright: Bool = false, _ body: (TimedFrame) -> Bool
  ) throws(InputError) {
    var frames: [LoadedInput] = []
    var paths: [String] = []
    if try InputFile.kind(path: path) == .folder {
      paths = try imagePaths(inFolder: path)
    } else {
      let head = try InputFile.head(path: path, count: ImageFormat.signatureLength)
      let isImage = ImageFormat(signatureOf: head) != nil
      guard isImage || head.isEmpty || head.starts(with: NPYHeader.signature) else {
        return try VideoFile.forEachFrame(path: path, every: interval, body)
      }
      switch try load(path: path, maximumFrames: .max, upright: upright) {
      case .frames(let images): frames = images.map { .frames([$0]) }
      case .pixels(let values, let count, let height, let width):
        let size = values.count / count
        frames = (0..<count).map {
          .pixels(
            Array(values[$0 * size..<($0 + 1) * size]), frames: 1, height: height, width: width)
        }
      }
    }
    let count = paths.isEmpty ? frames.count : paths.count
    for part in FrameSampling.parts(count: count, every: interval) {
      let input: LoadedInput =
        paths.isEmpty
        ? frames[part.frame]
        : .frames([try RGBImage.read(path: paths[part.frame], upright: upright)])
      let frame = TimedFrame(
        input: input, start: Double(part.start) / 1000, end: Double(part.end) / 1000)
      if !body(frame) { return }
    }
  }

  /// How long a video lasts, in seconds; nil for folders, images and arrays, which do not say.
  ///
  /// - Throws: `InputError` where the file cannot be read.
  package static func duration(path: String) throws(InputError) -> Double? {
    if try InputFile.kind(path: path) == .folder { return nil }
    let head = try InputFile.head(path: path, count: ImageFormat.signatureLength)
    if ImageFormat(signatureOf: head) != nil || head.starts(with: NPYHeader.signature) {
      return nil
    }
    return try VideoFile.duration(path: path)
  }

  /// Whether there is a folder at `path`.
  ///
  /// - Throws: `InputError`: `.noInput` where there is nothing.
  package static func isFolder(path: String) throws(InputError) -> Bool {
    try InputFile.kind(path: path) == .folder
  }

  /// The paths of a folder's images in natural order (2 before 10), told by their names' endings;
  /// hidden files and other files are passed over.
  ///
  /// - Throws: `InputError`: `.noInput` where there is no such folder, `.badData` where it holds no
  ///   image.
  package static func imagePaths(inFolder path: String) throws(InputError) -> [String] {
    let names = try InputFile.names(inFolder: path)
    let images = names.filter { name in
      let lower = name.lowercased()
      return imageEndings.contains { lower.hasSuffix($0) }
    }
    if images.isEmpty {
      throw InputError(
        .badData, "the folder holds no image", expected: "JPEG, PNG or WebP files",
        found: "\(names.count) other files", in: path,
        advice: "name a folder whose images end in \(imageEndings.joined(separator: ", "))")
    }
    let prefix = path.hasSuffix("/") ? path : path + "/"
    return images.sorted(by: FrameSampling.naturallyPrecedes).map { prefix + $0 }
  }
}
