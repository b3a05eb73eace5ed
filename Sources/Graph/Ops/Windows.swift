/// Which row of a table of relative positions belongs to each query and key of a square window.
///
/// A window holds `window`² tokens row by row. Query (i, j) and key (m, n) are
/// (i − m, j − n) apart, one of (2·window − 1)² offsets, and the row is
/// (i − m + window − 1) · (2·window − 1) + (j − n + window − 1).
///
/// - Result: i32[N, N] (query, key), N = window².
/// - Source: Liu et al. 2021 (Swin Transformer), section 3.2.
package struct RelativeIndex: OpDefinition {
  package static let mnemonic = "relative_index"
  /// Tokens per side of the largest window: N² indices stay within the limits of a plan.
  package static let windows = 1...64
  package var window: Int

  package init(window: Int) { self.window = window }

  package init(_ a: Attributes) throws(GraphError) { self.init(window: try a.int("window")) }

  package var attributes: Attributes { ["window": .int(window)] }

  package func resultTypes(_ inputs: [TensorType]) throws(GraphError) -> [TensorType] {
    let check = TypeChecker(self)
    try check.count(inputs, 0)
    guard Self.windows.contains(window) else {
      throw check.fail("expected a window of \(Self.windows), found \(window)")
    }
    let tokens = Dimension(window * window)
    return [TensorType(.i32, [tokens, tokens])]
  }
}

/// Hides, in the windows of a map that was rolled back by `shift`, tokens that were not neighbours
/// before: what came round from the other side.
///
/// Along an axis of L rolled positions there are three regions, up to L − window, up to L − shift,
/// and the rest; two tokens of a window see each other when both axes say the same region.
///
/// - Result: f32[W, N, N] (window row by row, query, key), 0 where the key is visible and −∞ where
///   not; N = window², W = (height/window) · (width/window).
/// - Source: Liu et al. 2021 (Swin Transformer), section 3.2. The original code adds −100, whose
///   exponential is lost beside that of a visible key.
package struct WindowMask: OpDefinition {
  package static let mnemonic = "window_mask"
  private static let sides = 1...(1 << 14)
  package var height: Int
  package var width: Int
  package var window: Int
  package var shift: Int

  package init(height: Int, width: Int, window: Int, shift: Int) {
    self.height = height
    self.width = width
    self.window = window
    self.shift = shift
  }

  package init(_ a: Attributes) throws(GraphError) {
    self.init(
      height: try a.int("height"), width: try a.int("width"), window: try a.int("window"),
      shift: try a.int("shift"))
  }

  package var attributes: Attributes {
    [
      "height": .int(height), "width": .int(width), "window": .int(window), "shift": .int(shift),
    ]
  }

  package func resultTypes(_ inputs: [TensorType]) throws(GraphError) -> [TensorType] {
    let check = TypeChecker(self)
    try check.count(inputs, 0)
    guard RelativeIndex.windows.contains(window), Self.sides.contains(height),
      Self.sides.contains(width), height % window == 0, width % window == 0,
      (0..<window).contains(shift)
    else {
      throw check.fail(
        "windows of \(window) shifted by \(shift) do not divide \(height) by \(width)")
    }
    let tokens = Dimension(window * window)
    return [.f32([Dimension((height / window) * (width / window)), tokens, tokens])]
  }
}
