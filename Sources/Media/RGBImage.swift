/// A picture of 8-bit red, green and blue samples.
package struct RGBImage: Sendable, Equatable {
  /// Columns; at least 1.
  package var width: Int
  /// Rows; at least 1.
  package var height: Int
  /// `[height, width, 3]`, row-major, red first.
  package var pixels: [UInt8]

  /// The largest picture that is read: 2^28 pixels, 768 MiB.
  package static let maximumPixels = 1 << 28

  /// Wraps pixels.
  ///
  /// - Precondition: both sizes are at least 1, at most ``maximumPixels`` together, and
  ///   `pixels.count == height * width * 3`.
  package init(width: Int, height: Int, pixels: [UInt8]) {
    precondition(width >= 1 && height >= 1, "an image has at least one pixel")
    precondition(
      height <= RGBImage.maximumPixels / width, "an image has at most 2^28 pixels")
    precondition(pixels.count == height * width * 3, "pixels are height * width * 3 bytes")
    self.width = width
    self.height = height
    self.pixels = pixels
  }
}
