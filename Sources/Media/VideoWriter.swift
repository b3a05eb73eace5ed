package import Diagnostics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The encoders a video can be written with, by FFmpeg's names.
package enum VideoCodec: String, Sendable, CaseIterable {
  /// H.264, where FFmpeg was built with x264.
  case h264 = "libx264"
  /// MPEG-4 part 2, which every FFmpeg has.
  case mpeg4 = "mpeg4"
}

/// Writes frames to an MP4 file.
///
/// The file appears under its name only when ``finish()`` has succeeded; until then, and when the writer
/// goes away before, what was there stays. The same frames give the same bytes with the same FFmpeg.
package final class VideoWriter {
  private let library: VideoLibrary
  private let path: String
  private let partial: String
  private let width: Int
  private let height: Int
  private var writer: OpaquePointer?

  /// Opens a temporary file beside `path`.
  ///
  /// - Parameters:
  ///   - path: the file that ``finish()`` makes or replaces.
  ///   - width: pixels, even, as 4:2:0 chroma needs.
  ///   - height: pixels, even.
  ///   - framesPerSecond: constant rate, `1...1000`.
  ///   - codec: the encoder; nil takes H.264 where there is one, else MPEG-4.
  /// - Throws: `InputError`: `.badData` for odd or too large sizes, `.io` where the video library, the
  ///   encoder or the folder is missing.
  package init(
    path: String, width: Int, height: Int, framesPerSecond: Int, codec: VideoCodec? = nil
  ) throws(InputError) {
    precondition(width >= 1 && height >= 1, "a frame has at least one pixel")
    precondition((1...1000).contains(framesPerSecond), "a video has 1...1000 frames per second")
    guard width % 2 == 0 && height % 2 == 0, width <= 16384 && height <= 16384 else {
      throw InputError(
        .badData, "the video cannot be written", expected: "even width and height up to 16384",
        found: "\(width) x \(height)", in: path, advice: "crop or pad the frames")
    }
    library = try VideoLibrary.shared(place: path)
    self.path = path
    self.width = width
    self.height = height
    partial = path + ".partial-\(getpid())"
    var opened: OpaquePointer?
    let (status, message) = withMessage { [library, partial] message, capacity in
      library.open(
        partial, codec?.rawValue, Int32(width), Int32(height), Int32(framesPerSecond), &opened,
        message, capacity)
    }
    guard status == VideoLibrary.Status.ok, let opened else {
      unlink(partial)
      throw VideoWriter.error(message, path)
    }
    writer = opened
  }

  deinit {
    guard let writer else { return }
    library.free(writer)
    unlink(partial)
  }

  /// Adds a frame.
  ///
  /// - Throws: `InputError` of kind `.io` where it cannot be encoded or written.
  /// - Precondition: the frame has the video's size; the writer is not finished.
  package func append(_ frame: RGBImage) throws(InputError) {
    guard let writer else { preconditionFailure("the video is finished") }
    precondition(frame.width == width && frame.height == height, "frames have the video's size")
    let (status, message) = withMessage { message, capacity in
      library.append(writer, frame.pixels, message, capacity)
    }
    if status != VideoLibrary.Status.ok { throw VideoWriter.error(message, path) }
  }

  /// Completes the file, syncs it and gives it its name.
  ///
  /// A writer is finished once.
  ///
  /// - Throws: `InputError` of kind `.io`; the temporary file is then removed.
  package func finish() throws(InputError) {
    guard let writer else { preconditionFailure("the video is finished") }
    let (status, message) = withMessage { message, capacity in
      library.finish(writer, message, capacity)
    }
    library.free(writer)
    self.writer = nil
    let failure: String? =
      status == VideoLibrary.Status.ok ? VideoWriter.publish(partial, as: path) : message
    if let failure {
      unlink(partial)
      throw VideoWriter.error(failure, path)
    }
  }

  /// Syncs a file and renames it; returns why that failed.
  private static func publish(_ partial: String, as path: String) -> String? {
    let file = open(partial, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return String(cString: strerror(errno)) }
    let synced = fsync(file) == 0 ? nil : String(cString: strerror(errno))
    close(file)
    if let synced { return synced }
    return rename(partial, path) == 0 ? nil : String(cString: strerror(errno))
  }

  private static func error(_ message: String, _ path: String) -> InputError {
    InputError(
      .io, "the video cannot be written", expected: "a writable file and a working encoder",
      found: message, in: path, advice: "check the folder, the free space and the installed FFmpeg")
  }
}
