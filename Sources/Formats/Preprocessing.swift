/// How an image becomes the pixels a model was trained on: resize, crop or not, scale to 0...1,
/// normalise.
///
/// Checkpoints hold it as JSON, plans as the message `PlanPreprocessing`; formats/README.md describes both.
package struct Preprocessing: Sendable, Equatable {
  /// The filters an image is resized with, as Pillow defines them (antialiased).
  package enum Resample: String, Codable, Sendable, CaseIterable {
    /// Keys' cubic with a = -0.5: what GIT was trained with.
    case bicubic
    /// Triangle filter: what the Hugging Face port resizes frames of videos with.
    case bilinear
  }

  /// Where a crop begins when an odd number of pixels is cut.
  package enum CropRounding: String, Codable, Sendable, CaseIterable {
    /// Half of what is cut, rounded to the nearest, ties to even: the original repository.
    case halfEven = "half-even"
    /// Half of what is cut, rounded down: the Hugging Face port.
    case floor
  }

  /// What happens to images that are not square.
  ///
  /// Both begin with the shorter side at `imageSize`.
  package enum Geometry: Sendable, Hashable {
    /// The square in the middle; what is left over on the longer side is not seen.
    case centerCrop(CropRounding)
    /// The whole image in its proportions, smaller where its longer side would exceed `maximumSide`:
    /// the original repository's models of questions. The model takes images of many sizes then.
    case keepAspect(maximumSide: Int)
  }

  /// S: the shorter side after resizing, in pixels; the side of the square the model's positions
  /// were made for.
  package var imageSize: Int
  package var geometry: Geometry
  package var resample: Resample
  /// Per channel, RGB: subtracted from samples of 0 to 1.
  package var mean: [Float]
  /// Per channel, RGB, above 0: divides after that.
  package var standardDeviation: [Float]

  /// CLIP's mean, which GIT was trained with.
  package static let clipMean: [Float] = [0.48145466, 0.4578275, 0.40821073]
  /// CLIP's standard deviation, which GIT was trained with.
  package static let clipStandardDeviation: [Float] = [0.26862954, 0.26130258, 0.27577711]

  /// The defaults are those of the original repository's captioners.
  package init(
    imageSize: Int, geometry: Geometry = .centerCrop(.halfEven), resample: Resample = .bicubic,
    mean: [Float] = clipMean, standardDeviation: [Float] = clipStandardDeviation
  ) {
    self.imageSize = imageSize
    self.geometry = geometry
    self.resample = resample
    self.mean = mean
    self.standardDeviation = standardDeviation
  }

  /// The fields, as their JSON names them.
  package enum Field: String, CodingKey {
    case imageSize, geometry, cropRounding, maximumSide, resample, mean, standardDeviation
  }

  /// The first field out of range, with what was expected and found; nil when images can be prepared.
  package var fault: (field: Field, expected: String, found: String)? {
    let sides = 1...PlanLimits.imageSize
    guard sides.contains(imageSize) else {
      return (.imageSize, "1 to \(sides.upperBound)", "\(imageSize)")
    }
    if case .keepAspect(let maximum) = geometry,
      !(imageSize...sides.upperBound).contains(maximum)
    {
      return (.maximumSide, "\(imageSize) to \(sides.upperBound)", "\(maximum)")
    }
    guard mean.count == 3, mean.allSatisfy(\.isFinite) else {
      return (.mean, "3 finite numbers", "\(mean)")
    }
    guard standardDeviation.count == 3, standardDeviation.allSatisfy({ $0.isFinite && $0 > 0 })
    else { return (.standardDeviation, "3 finite numbers above 0", "\(standardDeviation)") }
    return nil
  }
}

extension Preprocessing.Geometry {
  /// The names of the cases in files.
  package enum Name: String, Codable, CaseIterable {
    case centerCrop = "center-crop"
    case keepAspect = "keep-aspect"
  }
}

extension Preprocessing: Codable {
  /// Files from before there was a choice have no geometry: they crop as the original does.
  package init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: Field.self)
    imageSize = try fields.decode(Int.self, forKey: .imageSize)
    switch try fields.decodeIfPresent(Geometry.Name.self, forKey: .geometry) {
    case nil: geometry = .centerCrop(.halfEven)
    case .centerCrop:
      geometry = .centerCrop(try fields.decode(CropRounding.self, forKey: .cropRounding))
    case .keepAspect:
      geometry = .keepAspect(maximumSide: try fields.decode(Int.self, forKey: .maximumSide))
    }
    resample = try fields.decode(Resample.self, forKey: .resample)
    mean = try fields.decode([Float].self, forKey: .mean)
    standardDeviation = try fields.decode([Float].self, forKey: .standardDeviation)
  }

  package func encode(to encoder: any Encoder) throws {
    var fields = encoder.container(keyedBy: Field.self)
    try fields.encode(imageSize, forKey: .imageSize)
    switch geometry {
    case .centerCrop(let rounding):
      try fields.encode(Geometry.Name.centerCrop, forKey: .geometry)
      try fields.encode(rounding, forKey: .cropRounding)
    case .keepAspect(let maximumSide):
      try fields.encode(Geometry.Name.keepAspect, forKey: .geometry)
      try fields.encode(maximumSide, forKey: .maximumSide)
    }
    try fields.encode(resample, forKey: .resample)
    try fields.encode(mean, forKey: .mean)
    try fields.encode(standardDeviation, forKey: .standardDeviation)
  }
}
