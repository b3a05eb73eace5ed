import Formats

/// The size of an image as a model sees it.
package struct PixelSize: Hashable, Sendable, CustomStringConvertible {
  package var height: Int
  package var width: Int

  package init(height: Int, width: Int) {
    self.height = height
    self.width = width
  }

  /// The symbols that this size binds in a function of patches of `patch` pixels; none in one of a
  /// single size.
  ///
  /// - Precondition: the size is whole patches, at least one.
  package func symbols(patch: Int?) -> [String: Int] {
    guard let patch else { return [:] }
    precondition(
      height >= patch && width >= patch && height % patch == 0 && width % patch == 0,
      "whole patches")
    return ["H": height / patch, "W": width / patch]
  }

  /// As files and programs write it: width first.
  package var description: String { "\(width) x \(height)" }
}

extension CaptionModel {
  /// S x S; whole patches of it where the model takes any size.
  package var squareSize: PixelSize {
    let (side, patch) = (settings.preprocessing.imageSize, patchSize ?? 1)
    return PixelSize(height: side / patch * patch, width: side / patch * patch)
  }
}
