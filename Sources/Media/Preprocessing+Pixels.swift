package import Formats

extension Preprocessing {
  /// What of an image the model sees.
  package struct Window: Sendable, Equatable {
    /// The size the whole image is resized to.
    package var resizedWidth: Int
    package var resizedHeight: Int
    /// Where the part that the model sees begins, in the resized image.
    package var left: Int
    package var top: Int
    /// The size of that part; 0 where an image is too thin for one patch.
    package var width: Int
    package var height: Int
  }

  /// What the model sees of an image of `width` x `height` pixels, each at least 1.
  ///
  /// - `.centerCrop`: the shorter side becomes S, the longer S · long / short, rounded down; then the
  ///   square in the middle.
  /// - `.keepAspect`: the same, but where the longer side would exceed the maximum, the shorter becomes
  ///   maximum · short / long, rounded half to even, and the longer follows from that: it can come out
  ///   one pixel above or below the maximum.
  ///
  /// What is left of a last patch at the right and bottom is cut off, as the model would do.
  ///
  /// - Parameters:
  ///   - width: columns of the image.
  ///   - height: its rows.
  ///   - patch: the side of patches in a model that takes any whole number of them; 1 in one of a single
  ///     size.
  /// - Returns: the window, empty where the image is too thin.
  /// - Source: the original repository's transforms of captioners and of models of questions;
  ///   Python's arithmetic, which is that of doubles.
  package func window(width: Int, height: Int, patch: Int) -> Window {
    let (short, long) = (min(width, height), max(width, height))
    var target = imageSize
    if case .keepAspect(let maximum) = geometry,
      Double(long) / Double(short) * Double(imageSize) > Double(maximum)
    {
      let exact = Double(maximum) * Double(short) / Double(long)
      target = max(1, Int(exact.rounded(.toNearestOrEven)))
    }
    // Exact integers: a quotient of doubles is rounded by far less than one of these is from the next.
    let other = target * long / short
    var window = Window(
      resizedWidth: width <= height ? target : other,
      resizedHeight: width <= height ? other : target, left: 0, top: 0, width: 0, height: 0)
    switch geometry {
    case .centerCrop(let rounding):
      window.left = rounding.offset(cutting: window.resizedWidth - imageSize)
      window.top = rounding.offset(cutting: window.resizedHeight - imageSize)
      (window.width, window.height) = (imageSize, imageSize)
    case .keepAspect: (window.width, window.height) = (window.resizedWidth, window.resizedHeight)
    }
    window.width = window.width / patch * patch
    window.height = window.height / patch * patch
    return window
  }

  /// The part of an image that the model sees, resized.
  ///
  /// - Precondition: `window` is that of the image's size, and not empty.
  package func picture(of image: RGBImage, _ window: Window) -> RGBImage {
    image.resized(
      width: window.resizedWidth, height: window.resizedHeight, by: resample, left: window.left,
      top: window.top, cropWidth: window.width, cropHeight: window.height)
  }

  /// The model's input for one image: resized, cropped, scaled to 0...1 and normalised.
  ///
  /// - Returns: f32[3, window.height, window.width], planes red, green, blue, by ``sampleTable``.
  /// - Precondition: as for ``picture(of:_:)``; the preprocessing has no `fault`.
  package func pixels(of image: RGBImage, _ window: Window) -> [Float] {
    picture(of: image, window).pixels.withUnsafeBytes { normalised($0, frames: 1) }
  }

  /// ``pixels(of:_:)`` of a model that takes one size, S x S.
  ///
  /// - Precondition: the geometry is `.centerCrop`.
  package func pixels(of image: RGBImage) -> [Float] {
    let window = window(width: image.width, height: image.height, patch: 1)
    precondition(window.width == imageSize && window.height == imageSize, "a model of one size")
    return pixels(of: image, window)
  }
}

extension Preprocessing.CropRounding {
  /// Where a crop begins that cuts `cut` pixels from a side.
  func offset(cutting cut: Int) -> Int {
    let half = cut / 2
    switch self {
    case .halfEven: return cut % 2 == 1 && half % 2 == 1 ? half + 1 : half
    case .floor: return half
    }
  }
}
