import Diagnostics

/// A video file read through FFmpeg.
enum VideoFile {
  /// The frames nearest to the middles of `maximumFrames` equal parts of the video's duration, in time
  /// order; all frames where there are not more.
  ///
  /// The file is read twice; only the frames returned are held.
  ///
  /// - Throws: `InputError`: `.badData` where FFmpeg finds no video in the file, `.io` where the video
  ///   library is missing.
  static func sample(path: String, maximumFrames: Int) throws(InputError) -> [RGBImage] {
    let library = try VideoLibrary.shared(place: path)
    let maximum = Int32(clamping: maximumFrames)
    var frames: [RGBImage] = []
    let (status, message) = withUnsafeMutablePointer(to: &frames) { frames in
      withMessage { message, capacity in
        library.sample(path, maximum, collect, frames, message, capacity)
      }
    }
    if status == VideoLibrary.Status.ok { return frames }
    throw error(status, message, path)
  }

  /// Seconds from the start of the first frame to the end of the last one, above 0.
  ///
  /// - Throws: `InputError`: `.badData` where FFmpeg finds no video in the file, or no times in it,
  ///   `.io` where the video library is missing.
  static func duration(path: String) throws(InputError) -> Double {
    let library = try VideoLibrary.shared(place: path)
    var seconds = 0.0
    let (status, message) = withUnsafeMutablePointer(to: &seconds) { seconds in
      withMessage { message, capacity in library.duration(path, seconds, message, capacity) }
    }
    if status == VideoLibrary.Status.ok { return seconds }
    throw error(status, message, path)
  }

  /// Frames of parts of the video, as ``MediaInput/forEachFrame(path:every:upright:_:)`` says; one is held
  /// at a time.
  ///
  /// - Throws: as ``duration(path:)``, perhaps after some frames.
  static func forEachFrame(
    path: String, every interval: Int, _ body: (MediaInput.TimedFrame) -> Bool
  ) throws(InputError) {
    let library = try VideoLibrary.shared(place: path)
    let (status, message) = withoutActuallyEscaping(body) { body in
      var outlet = Outlet(interval: Double(interval) / 1000, body: body)
      return withUnsafeMutablePointer(to: &outlet) { outlet in
        withMessage { message, capacity in
          library.sampleEvery(path, Int64(interval), handOn, outlet, message, capacity)
        }
      }
    }
    if status == VideoLibrary.Status.ok || status == VideoLibrary.Status.stopped { return }
    throw error(status, message, path)
  }

  /// Where frames of parts go.
  private struct Outlet {
    /// Seconds.
    let interval: Double
    let body: (MediaInput.TimedFrame) -> Bool
  }

  /// Called by the library with the frame of each part; the context is an ``Outlet``.
  private static let handOn: VideoLibrary.DeliverPart = {
    context, pixels, width, height, part, parts, duration in
    guard let context, let pixels else { return 1 }
    let outlet = context.assumingMemoryBound(to: Outlet.self).pointee
    let image = image(pixels, width, height)
    let frame = MediaInput.TimedFrame(
      input: .frames([image]), start: Double(part) * outlet.interval,
      end: part + 1 == parts ? duration : Double(part + 1) * outlet.interval)
    return outlet.body(frame) ? 0 : 1
  }

  private static func image(
    _ pixels: UnsafePointer<UInt8>, _ width: Int32, _ height: Int32
  ) -> RGBImage {
    let (columns, rows) = (Int(width), Int(height))
    let bytes = UnsafeBufferPointer(start: pixels, count: rows * columns * 3)
    return RGBImage(width: columns, height: rows, pixels: [UInt8](bytes))
  }

  /// Called by the library with each frame; the context is the array to append to.
  private static let collect: VideoLibrary.Deliver = { context, pixels, width, height in
    guard let context, let pixels else { return 1 }
    context.assumingMemoryBound(to: [RGBImage].self).pointee.append(image(pixels, width, height))
    return 0
  }

  private static func error(_ status: Int32, _ message: String, _ path: String) -> InputError {
    switch status {
    case VideoLibrary.Status.noMemory:
      InputError(
        .io, "the video does not fit into memory", expected: "room for its frames", found: message,
        in: path, advice: "scale it down first, or take fewer frames")
    case VideoLibrary.Status.unsupported:
      InputError(
        .badData, "the video cannot be decoded", expected: "a video that FFmpeg decodes",
        found: message, in: path, advice: "convert it to MP4, for example with ffmpeg")
    default:
      InputError(
        .badData, "the input is not an image, an .npy array or a readable video",
        expected: "a JPEG, PNG, WebP, .npy or video file", found: message, in: path,
        advice: "check the file, or convert it with ffmpeg")
    }
  }
}
