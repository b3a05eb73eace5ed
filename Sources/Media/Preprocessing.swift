import CMedia
package import Diagnostics

/// The filters an image can be resized with, as Pillow defines them (antialiased).
package enum Resample: String, Sendable, Equatable, Codable {
  /// Keys' cubic with a = -0.5; what MS GIT uses.
  case bicubic
  /// Triangle filter; what the HF video processor uses.
  case bilinear
}

/// How an image becomes the model's pixels: resize, centre crop, normalise.
///
/// Stored in checkpoints and plans. Source: MS GIT's inference transform for captioning models.
package struct Preprocessing: Sendable, Equatable, Codable {
  /// S: the length of the shorter side after resizing, and of both sides after cropping; pixels.
  package var imageSize: Int
  /// The resize filter.
  package var resample: Resample
  /// Subtracted per channel (red, green, blue) from samples scaled to 0...1; 3 values.
  package var mean: [Float]
  /// Divides per channel after the subtraction; 3 values.
  package var standardDeviation: [Float]

  /// CLIP's mean of red, green and blue, which GIT was trained with.
  package static let clipMean: [Float] = [0.48145466, 0.4578275, 0.40821073]
  /// CLIP's standard deviation of red, green and blue, which GIT was trained with.
  package static let clipStandardDeviation: [Float] = [0.26862954, 0.26130258, 0.27577711]

  /// The largest `imageSize` that is accepted.
  package static let maximumImageSize = 4096

  /// Creates a preprocessing; the defaults are those of MS GIT.
  package init(
    imageSize: Int, resample: Resample = .bicubic, mean: [Float] = clipMean,
    standardDeviation: [Float] = clipStandardDeviation
  ) {
    self.imageSize = imageSize
    self.resample = resample
    self.mean = mean
    self.standardDeviation = standardDeviation
  }

  /// Checks values that came from a file.
  ///
  /// - Throws: `InputError` of kind `.badData`, in `place`, unless the size is in
  ///   `1...maximumImageSize` and there are three finite means and three finite positive deviations.
  package func validate(place: String) throws(InputError) {
    func fail(_ field: String, _ expected: String, _ found: String) -> InputError {
      InputError(
        .badData, "the image preprocessing is not usable", expected: expected, found: found,
        in: "\(place), preprocessing.\(field)", advice: "write the file again with gitc")
    }
    guard (1...Preprocessing.maximumImageSize).contains(imageSize) else {
      throw fail("imageSize", "1...\(Preprocessing.maximumImageSize)", "\(imageSize)")
    }
    guard mean.count == 3, mean.allSatisfy(\.isFinite) else {
      throw fail("mean", "3 finite numbers", "\(mean)")
    }
    guard standardDeviation.count == 3, standardDeviation.allSatisfy({ $0.isFinite && $0 > 0 })
    else { throw fail("standardDeviation", "3 finite positive numbers", "\(standardDeviation)") }
  }
}

extension Preprocessing {
  /// The size an image of `width` x `height` is resized to: the shorter side becomes `imageSize`, the
  /// longer `imageSize * long / short`, rounded down.
  package func resizedSize(width: Int, height: Int) -> (width: Int, height: Int) {
    width <= height
      ? (imageSize, imageSize * height / width) : (imageSize * width / height, imageSize)
  }

  /// Where the crop of `imageSize` begins on a side of `length` pixels: half of what is cut, rounded
  /// half to even as Python's `round` does.
  package func cropOffset(length: Int) -> Int {
    let cut = length - imageSize
    let half = cut / 2
    return cut % 2 == 1 && half % 2 == 1 ? half + 1 : half
  }

  /// The image resized and cropped: `imageSize` x `imageSize`.
  package func crop(of image: RGBImage) -> RGBImage {
    let size = resizedSize(width: image.width, height: image.height)
    return image.resized(
      width: size.width, height: size.height, by: resample, left: cropOffset(length: size.width),
      top: cropOffset(length: size.height), cropWidth: imageSize, cropHeight: imageSize)
  }

  /// The model's input for one image: resized, cropped, scaled to 0...1 and normalised.
  ///
  /// - Returns: `[3, imageSize, imageSize]`, planes red, green, blue;
  ///   `(sample / 255 - mean) / standardDeviation`, each operation rounded to `Float` as torchvision
  ///   does.
  /// - Precondition: the values pass ``validate(place:)``.
  package func pixels(of image: RGBImage) -> [Float] {
    precondition(mean.count == 3 && standardDeviation.count == 3, "three channels")
    let cropped = crop(of: image)
    let table = (0..<3).flatMap { channel in
      (0..<256).map { (Float($0) / 255 - mean[channel]) / standardDeviation[channel] }
    }
    let count = imageSize * imageSize
    return [Float](unsafeUninitializedCapacity: 3 * count) { target, initialized in
      cropped.pixels.withUnsafeBufferPointer { source in
        guard let from = source.baseAddress, let to = target.baseAddress else {
          preconditionFailure("an image without pixels")
        }
        cm_planes(from, count, table, to)
      }
      initialized = 3 * count
    }
  }
}
