import Graph

/// Models that a step of every kind can be checked with in little time.
enum SmallGIT {
  /// A ViT of four patches; clips of three frames.
  static let vit = GITConfiguration(
    vision: .init(imageSize: 8, patchSize: 4, width: 16, layers: 2, heads: 2, mlpWidth: 20),
    text: .init(
      width: 12, layers: 2, heads: 3, mlpWidth: 24, vocabularySize: 13, maximumTextLength: 6),
    frames: 3)
  /// Windows of 2 on a map of 4 tokens a side, shifted in the second block; then one window.
  static let coswin: GITConfiguration = {
    var other = vit
    other.vision = .coswin(
      CoSwin(
        imageSize: 8, stem: .init(size: 3, stride: 2, padding: 1), width: 8, depths: [2, 1],
        heads: [2, 2], window: 2, mlpRatio: 2))
    return other
  }()
}
