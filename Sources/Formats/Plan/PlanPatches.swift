/// What the `axes` of PATCHES and PATCHES_GRADIENT say: the kernel of a convolution.
package struct PlanPatches: Sendable {
  package let size: Int
  package let stride: Int
  package let padding: Int
  /// The axis of channels: 1 in [B, C, H, W], 3 in [B, H, W, C].
  package let channelAxis: Int

  /// nil where the numbers are not a kernel's.
  ///
  /// The size alone stands for patches side by side with channels first.
  package init?(axes: [Int]) {
    let axes = axes.count == 1 ? [axes[0], axes[0], 0, 1] : axes
    guard axes.count == 4, (1...PlanLimits.imageSize).contains(axes[0]),
      (1...PlanLimits.imageSize).contains(axes[1]), (0..<axes[0]).contains(axes[2]),
      axes[3] == 1 || axes[3] == 3
    else { return nil }
    (size, stride, padding, channelAxis) = (axes[0], axes[1], axes[2], axes[3])
  }

  /// Whether patches neither overlap nor leave gaps nor reach beyond the map.
  package var isSideBySide: Bool { stride == size && padding == 0 }

  /// The axes of height and width.
  package var sideAxes: (height: Int, width: Int) { channelAxis == 1 ? (2, 3) : (1, 2) }

  /// How many patches stand along a side of `length`; nil where none does, or the side is beyond the
  /// limits.
  package func count(along length: Int) -> Int? {
    guard (1...PlanLimits.imageSize).contains(length), length + 2 * padding >= size else {
      return nil
    }
    return (length + 2 * padding - size) / stride + 1
  }
}
