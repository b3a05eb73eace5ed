import CMedia
package import Formats

extension RGBImage {
  /// The image resized to `width` x `height`, bit for bit as Pillow's `Image.resize` did when
  /// the released models were trained: horizontal pass first. (Pillow 13 takes the vertical pass first
  /// where the height shrinks more, which can change a sample by one.)
  ///
  /// - Precondition: both sizes are at least 1.
  package func resized(width: Int, height: Int, by resample: Preprocessing.Resample) -> RGBImage {
    resized(
      width: width, height: height, by: resample, left: 0, top: 0, cropWidth: width,
      cropHeight: height)
  }

  /// The `cropWidth` x `cropHeight` pixels at (`left`, `top`) of the resized image; the rest of it is
  /// not computed.
  ///
  /// - Precondition: all sizes are at least 1; the crop lies inside the resized image.
  package func resized(
    width: Int, height: Int, by resample: Preprocessing.Resample, left: Int, top: Int,
    cropWidth: Int,
    cropHeight: Int
  ) -> RGBImage {
    precondition(width >= 1 && height >= 1, "an image has at least one pixel")
    precondition(
      cropWidth >= 1 && cropHeight >= 1 && left >= 0 && top >= 0 && left <= width - cropWidth
        && top <= height - cropHeight, "the crop lies inside the resized image")
    let filter = resample == .bicubic ? CM_BICUBIC : CM_BILINEAR
    let count = cropWidth * cropHeight * 3
    let result = [UInt8](unsafeUninitializedCapacity: count) { target, initialized in
      pixels.withUnsafeBufferPointer { source in
        guard let from = source.baseAddress, let to = target.baseAddress else {
          preconditionFailure("an image without pixels")
        }
        let status = cm_resize(
          from, Int32(self.width), Int32(self.height), Int64(width), Int64(height), Int64(left),
          Int64(top), Int32(cropWidth), Int32(cropHeight), filter, to)
        precondition(status == CM_OK, "out of memory while resizing an image")
      }
      initialized = count
    }
    return RGBImage(width: cropWidth, height: cropHeight, pixels: result)
  }

  /// The `width` x `height` pixels at (`left`, `top`).
  ///
  /// - Precondition: the crop lies inside the image and has at least one pixel.
  package func cropped(left: Int, top: Int, width: Int, height: Int) -> RGBImage {
    resized(
      width: self.width, height: self.height, by: .bilinear, left: left, top: top,
      cropWidth: width, cropHeight: height)
  }
}
