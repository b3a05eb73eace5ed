import CMedia

extension RGBImage {
  /// The image as a PNG file, lossless; the same image gives the same bytes.
  package func encodedPNG() -> [UInt8] {
    encoded { source, bytes, count in
      cm_png_encode(source, Int32(width), Int32(height), bytes, count)
    }
  }

  /// The image as a baseline JPEG file with 4:2:0 chroma; the same image gives the same bytes.
  ///
  /// - Precondition: `quality` in `1...100`; both sides at most 65500 pixels, a limit of the format.
  package func encodedJPEG(quality: Int) -> [UInt8] {
    precondition((1...100).contains(quality), "JPEG quality is 1...100")
    precondition(width <= 65500 && height <= 65500, "JPEG sides are at most 65500")
    return encoded { source, bytes, count in
      cm_jpeg_encode(source, Int32(width), Int32(height), Int32(quality), bytes, count)
    }
  }

  /// The image as a losslessly coded WebP file; the same image gives the same bytes.
  ///
  /// - Precondition: both sides at most 16383 pixels, a limit of the format.
  package func encodedWebP() -> [UInt8] {
    precondition(width <= 16383 && height <= 16383, "WebP sides are at most 16383")
    return encoded { source, bytes, count in
      cm_webp_encode(source, Int32(width), Int32(height), bytes, count)
    }
  }

  private func encoded(
    _ encode: (
      UnsafePointer<UInt8>, UnsafeMutablePointer<UnsafeMutablePointer<UInt8>?>,
      UnsafeMutablePointer<Int>
    ) -> cm_status
  ) -> [UInt8] {
    pixels.withUnsafeBufferPointer { source in
      guard let start = source.baseAddress else { preconditionFailure("an image without pixels") }
      var bytes: UnsafeMutablePointer<UInt8>?
      var count = 0
      let status = encode(start, &bytes, &count)
      precondition(status == CM_OK, "out of memory while encoding an image")
      defer { cm_free(bytes) }
      return [UInt8](UnsafeBufferPointer(start: bytes, count: count))
    }
  }
}
