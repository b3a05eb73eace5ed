import Media
import Randomness

/// A random crop and mirroring, the same for every frame of a clip.
struct Crop {
  /// Share of the shorter side that is kept.
  private let share: Double
  /// Where the crop lies between its extreme positions, in [0, 1).
  private let across: Double
  private let down: Double
  private let isMirrored: Bool

  init(_ augmentation: Recipe.Augmentation, _ random: inout SeededRandom) {
    let minimum = Double(augmentation.minimumCrop)
    share = minimum + (1 - minimum) * random.unit()
    across = random.unit()
    down = random.unit()
    isMirrored = augmentation.flip && random.unit() < 0.5
  }

  /// The cropped image, which preprocessing scales back to the model's size.
  ///
  /// Where the whole side is kept the image stays as it is, whatever its proportions.
  func applied(to image: RGBImage) -> RGBImage {
    let isWhole = share >= 1
    let side = max(1, Int((Double(min(image.width, image.height)) * share).rounded()))
    let width = isWhole ? image.width : side
    let height = isWhole ? image.height : side
    let kept =
      isWhole
      ? image
      : image.cropped(
        left: Int(across * Double(image.width - width + 1)),
        top: Int(down * Double(image.height - height + 1)), width: width, height: height)
    return isMirrored ? kept.mirrored() : kept
  }
}

extension RGBImage {
  /// Left and right exchanged.
  fileprivate func mirrored() -> RGBImage {
    var result = self
    for y in 0..<height {
      for x in 0..<width {
        for channel in 0..<3 {
          result.pixels[(y * width + x) * 3 + channel] =
            pixels[(y * width + width - 1 - x) * 3 + channel]
        }
      }
    }
    return result
  }
}
