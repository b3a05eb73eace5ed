import Diagnostics

/// The sizes of a CoSwin: Swin's shifted windows with the convolutional embedding of CvT in place of
/// the patch embedding and of every patch merging.
///
/// - Source: Yuan et al. 2021 (Florence), section 2.3; Liu et al. 2021 (Swin); Wu et al. 2021 (CvT).
package struct CoSwin: Codable, Sendable, Equatable {
  /// A convolution with a square kernel.
  package struct Convolution: Codable, Sendable, Equatable {
    package var size: Int
    package var stride: Int
    /// Zeros around the map, fewer than `size`.
    package var padding: Int

    package init(size: Int, stride: Int, padding: Int) {
      self.size = size
      self.stride = stride
      self.padding = padding
    }

    /// Between stages: half the side, rounded up.
    static let merging = Convolution(size: 3, stride: 2, padding: 1)

    fileprivate func output(_ side: Int) -> Int { (side + 2 * padding - size) / stride + 1 }
  }

  /// Pixels per side; images are square.
  package var imageSize: Int
  /// The embedding of pixels; Florence's is 7 by 4 with padding 2.
  package var stem: Convolution
  /// Width of the first stage; each later one has twice that of the one before.
  package var width: Int
  /// Blocks of each stage.
  package var depths: [Int]
  /// Heads of each stage.
  package var heads: [Int]
  /// Tokens per side of a window.
  ///
  /// A map that is no larger is one window and is never shifted; a larger one must be a multiple.
  /// (Swin pads maps that are not: they then compute tokens that nobody sees.)
  package var window: Int
  /// Width of a block's MLP over that of its stage.
  package var mlpRatio: Int

  package init(
    imageSize: Int, stem: Convolution = Convolution(size: 7, stride: 4, padding: 2), width: Int,
    depths: [Int], heads: [Int], window: Int, mlpRatio: Int = 4
  ) {
    self.imageSize = imageSize
    self.stem = stem
    self.width = width
    self.depths = depths
    self.heads = heads
    self.window = window
    self.mlpRatio = mlpRatio
  }

  /// One stage with everything that follows from the sizes.
  struct Stage {
    var embedding: Convolution
    /// Tokens per side of the map.
    var side: Int
    var width: Int
    var depth: Int
    var heads: Int
    /// Tokens per side of a window.
    var window: Int
    /// How far every second block's windows are shifted; 0 where one window is the whole map.
    var shift: Int
    /// Windows per side of the map.
    var windows: Int { side / window }
  }

  /// The stages in order.
  ///
  /// - Precondition: `validate` does not throw.
  var stages: [Stage] {
    var (stages, side): ([Stage], Int) = ([], imageSize)
    for (index, (depth, heads)) in zip(depths, self.heads).enumerated() {
      let embedding = index == 0 ? stem : .merging
      side = embedding.output(side)
      stages.append(
        Stage(
          embedding: embedding, side: side, width: width << index, depth: depth, heads: heads,
          window: min(window, side), shift: side <= window ? 0 : window / 2))
    }
    return stages
  }

  /// Throws what `error(field, expected, found)` makes of the first field out of range.
  func validate(
    _ error: (_ field: String, _ expected: String, _ found: String) -> InputError
  ) throws(InputError) {
    func check(_ field: String, _ value: Int, _ range: ClosedRange<Int>) throws(InputError) {
      guard range.contains(value) else {
        throw error(field, "\(range.lowerBound) to \(range.upperBound)", "\(value)")
      }
    }
    try check("imageSize", imageSize, 1...16384)
    try check("stem.size", stem.size, 1...16384)
    try check("stem.stride", stem.stride, 1...16384)
    try check("stem.padding", stem.padding, 0...min(stem.size - 1, imageSize))
    try check("stem.size", stem.size, 1...imageSize + 2 * stem.padding)
    try check("depths", depths.count, 1...8)
    guard heads.count == depths.count else {
      throw error("heads", "one number per stage, \(depths.count)", "\(heads.count)")
    }
    for depth in depths { try check("depths", depth, 1...1024) }
    try check("width", width, 1...65536 >> (depths.count - 1))
    try check("window", window, RelativeIndex.windows)
    try check("mlpRatio", mlpRatio, 1...64)
    for (index, stage) in stages.enumerated() {
      guard stage.heads > 0, stage.width % stage.heads == 0 else {
        throw error(
          "heads", "divisors of the stages' widths, at stage \(index) of \(stage.width)",
          "\(stage.heads)")
      }
      guard stage.side % stage.window == 0 else {
        throw error(
          "window", "a divisor of every larger map, at stage \(index) of \(stage.side)",
          "\(window)")
      }
    }
  }
}
