package import Diagnostics

/// Writes frames to an MP4 file.
package final class VideoWriter {
  /// Opens a file for writing.
  package init(
    path: String, width: Int, height: Int, framesPerSecond: Int
  ) throws(InputError) {
    throw InputError(
      .io, "the video cannot be written", expected: "the library GitcVideo", found: "none", in: path,
      advice: "write frames into a folder instead")
  }

  /// Adds one frame.
  package func append(_ frame: RGBImage) throws(InputError) {}

  /// Completes the file.
  package func finish() throws(InputError) {}
}
