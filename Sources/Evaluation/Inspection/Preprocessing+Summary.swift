import Formats

extension Preprocessing {
  /// For people: "224 pixels, center-crop, bicubic".
  var summary: String {
    let size =
      switch geometry {
      case .centerCrop: "\(imageSize) pixels, center-crop"
      case .keepAspect(let maximumSide): "\(imageSize) to \(maximumSide) pixels, keep-aspect"
      }
    return "\(size), \(resample.rawValue)"
  }
}
