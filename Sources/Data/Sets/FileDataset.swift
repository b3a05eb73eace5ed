package import Diagnostics
package import Media

/// A data set whose rows are files: images, parts of images, videos or folders of frames.
package final class FileDataset: Dataset {
  /// One file, or part of one, and its texts.
  struct Row: Sendable {
    var key: String
    var path: String
    /// The part that the texts are about; nil for all of the image.
    var region: Region?
    var texts: [TextSample]
  }

  /// A rectangle in pixels; what of it lies outside the image is cut off.
  struct Region: Sendable, Equatable {
    var left: Int
    var top: Int
    var width: Int
    var height: Int
  }

  package let place: String
  package let frames: FrameCount
  package let skipped: SkippedSamples
  private let rows: [Row]

  init(_ rows: [Row], frames: FrameCount, skipped: SkippedSamples, place: String) {
    self.rows = rows
    self.frames = frames
    self.skipped = skipped
    self.place = place
  }

  package var count: Int { rows.count }
  package func key(_ row: Int) -> String { rows[row].key }
  package func annotations(_ row: Int) -> [TextSample] { rows[row].texts }

  package func images(_ row: Int, frames: Int) throws(InputError) -> [RGBImage] {
    let (path, region) = (rows[row].path, rows[row].region)
    guard self.frames == .any else {
      let image = try RGBImage.read(path: path)
      return [
        try region.map { part throws(InputError) in try part.cut(from: image, path) } ?? image
      ]
    }
    guard case .frames(let found) = try MediaInput.load(path: path, maximumFrames: frames) else {
      throw InputError(
        .badData, "the clip is an array of pixels", expected: "a video or a folder of frames",
        found: "an .npy file", in: path, advice: "name the video instead")
    }
    return FrameSampling.indexes(count: found.count, exactly: frames).map { found[$0] }
  }
}

extension FileDataset.Region {
  fileprivate func cut(from image: RGBImage, _ path: String) throws(InputError) -> RGBImage {
    let (left, top) = (max(0, self.left), max(0, self.top))
    let right = min(image.width, self.left.addingReportingOverflow(width).partialValue)
    let bottom = min(image.height, self.top.addingReportingOverflow(height).partialValue)
    guard left < right, top < bottom else {
      throw InputError(
        .badData, "the region lies outside its image",
        expected: "a part of \(image.width) x \(image.height) pixels",
        found: "\(width) x \(height) at \(self.left), \(self.top)", in: path,
        advice: "check that image and regions belong together")
    }
    return image.cropped(left: left, top: top, width: right - left, height: bottom - top)
  }
}
