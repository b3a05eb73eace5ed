extension PlanStep {
  /// What the `axes` of RELATIVE_INDEX and WINDOW_MASK make the shape of the result; nil where they
  /// are not those of windows.
  package var windowShape: [Int]? {
    switch opcode {
    case .relativeIndex:
      guard axes.count == 1, (1...PlanLimits.window).contains(axes[0]) else { return nil }
      return [axes[0] * axes[0], axes[0] * axes[0]]
    case .windowMask:
      guard axes.count == 4, (1...PlanLimits.window).contains(axes[2]),
        axes[..<2].allSatisfy({
          (1...PlanLimits.imageSize).contains($0) && $0.isMultiple(of: axes[2])
        }), (0..<axes[2]).contains(axes[3])
      else { return nil }
      let (height, width, window) = (axes[0], axes[1], axes[2])
      return [(height / window) * (width / window), window * window, window * window]
    default: return nil
    }
  }
}
