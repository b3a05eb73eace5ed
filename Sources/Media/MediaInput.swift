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
