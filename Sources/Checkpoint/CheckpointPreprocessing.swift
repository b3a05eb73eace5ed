import Diagnostics

/// How an image becomes the `pixels` a model was trained on.
///
/// Its JSON form, with these property names, is part of a checkpoint.
package struct CheckpointPreprocessing: Codable, Sendable, Equatable {
  /// The filter that resizes.
  package enum Resample: String, Codable, Sendable, CaseIterable {
    case bicubic, bilinear
  }

  /// The side of the square the model sees, in pixels.
  package var imageSize: Int
  package var resample: Resample
  /// Per channel, RGB, of values from 0 to 1.
  package var mean: [Float]
  /// Per channel, RGB, of values from 0 to 1; above 0.
  package var standardDeviation: [Float]

  package init(imageSize: Int, resample: Resample, mean: [Float], standardDeviation: [Float]) {
    self.imageSize = imageSize
    self.resample = resample
    self.mean = mean
    self.standardDeviation = standardDeviation
  }

  /// Checks that images can be prepared for a model of `imageSize` pixels.
  func validate(imageSize: Int, place: String) throws(InputError) {
    func fail(_ field: String, _ expected: String, _ found: String) -> InputError {
      InputError(
        .badData, "preprocessing is not usable", expected: expected, found: found,
        in: "\(place), field \(CheckpointKey.preprocessing).\(field)",
        advice: "correct the field or make the file again")
    }
    guard self.imageSize == imageSize else {
      throw fail("imageSize", "\(imageSize), as in the configuration", "\(self.imageSize)")
    }
    guard mean.count == 3, mean.allSatisfy(\.isFinite) else {
      throw fail("mean", "3 finite values", "\(mean)")
    }
    guard standardDeviation.count == 3,
      standardDeviation.allSatisfy({ $0.isFinite && $0 > 0 })
    else { throw fail("standardDeviation", "3 finite values above 0", "\(standardDeviation)") }
  }
}
