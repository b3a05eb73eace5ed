import Media
import Randomness

/// A random crop and mirroring, the same for every frame of a clip.
///
/// - Source: torchvision's RandomResizedCrop with an aspect of 1, for `crop_scale`; where such a square
///   does not fit into the image, the largest that does is taken.
struct Crop {
  private enum Share {
    /// Of the shorter side.
    case side(Double)
    /// Of the image's area.
    case area(Double)
  }

  private let share: Share
  /// Where the crop lies between its extreme positions, in [0, 1).
  private let across: Double
  private let down: Double
  private let isMirrored: Bool

  init(_ augmentation: Recipe.Augmentation, _ random: inout SeededRandom) {
    if let scale = augmentation.cropScale {
      let (least, most) = (Double(scale.lowerBound), Double(scale.upperBound))
      share = .area(least + (most - least) * random.unit())
    } else {
      let minimum = Double(augmentation.minimumCrop)
      share = .side(minimum + (1 - minimum) * random.unit())
    }
    across = random.unit()
    down = random.unit()
    isMirrored = augmentation.flip && random.unit() < 0.5
  }

  /// The cropped image, which preprocessing scales back to the model's size.
  ///
  /// Where the whole side is kept the image stays as it is, whatever its proportions.
  func applied(to image: RGBImage) -> RGBImage {
    let shorter = Double(min(image.width, image.height))
    let side: Double
    switch share {
    case .side(let share) where share >= 1: return isMirrored ? image.mirrored() : image
    case .side(let share): side = shorter * share
    case .area(let share):
      side = min(shorter, (Double(image.width) * Double(image.height) * share).squareRoot())
    }
    let pixels = max(1, Int(side.rounded()))
    let kept = image.cropped(
      left: Int(across * Double(image.width - pixels + 1)),
      top: Int(down * Double(image.height - pixels + 1)), width: pixels, height: pixels)
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
