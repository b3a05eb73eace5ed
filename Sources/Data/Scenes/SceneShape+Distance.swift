extension SceneShape {
  /// The signed distance to the outline in radii, negative inside; y points up.
  ///
  /// The outline fits the box [-1, 1]² and touches its left and right or its top and bottom sides.
  /// Exact where the nearest point is on an edge; outside a corner it is the distance to the edges'
  /// lines, which keeps corners sharp in shadows and costs no branch. Uses only operations that
  /// IEEE 754 rounds exactly, so that pixels are equal on all platforms.
  @inline(__always)
  func distance(x: Float, y: Float) -> Float {
    switch self {
    case .circle: (x * x + y * y).squareRoot() - 1
    case .square: max(abs(x), abs(y)) - 0.9
    case .triangle: Self.triangle(abs(x), y)
    case .star: Self.star(abs(x), y)
    case .cross: Self.cross(abs(x), abs(y))
    case .diamond: Self.diamond(abs(x), abs(y))
    case .heart: Self.heart(abs(x), y)
    }
  }

  /// A point well inside the outline, where a smaller object finds room; y points up.
  var core: (x: Float, y: Float) {
    switch self {
    case .triangle: (0, -0.29)
    case .heart: (0, 0.1)
    case .circle, .square, .star, .cross, .diamond: (0, 0)
    }
  }

  /// Equilateral, tip up, its box centred: base at -√3/2, tip at √3/2, edge normal (√3/2, 1/2).
  @inline(__always)
  private static func triangle(_ x: Float, _ y: Float) -> Float {
    max(-y - 0.866_025_4, x * 0.866_025_4 + y * 0.5 - 0.433_012_7)
  }

  /// Five points, tip up: folded into one tenth, where one edge is left.
  ///
  /// The inner radius is 0.46, fatter than a pentagram's 0.38, to be read at 15 pixels.
  @inline(__always)
  private static func star(_ foldedX: Float, _ y: Float) -> Float {
    var x = foldedX
    var y = y + 0.095_5  // the centre of a star's box is below the star's centre
    // Mirror lines at 36 degrees (normal k) and its mirror image.
    let kx: Float = 0.809_017, ky: Float = -0.587_785_25
    let first = 2 * max(kx * x + ky * y, 0)
    x -= first * kx
    y -= first * ky
    let second = 2 * max(-kx * x + ky * y, 0)
    x = abs(x + second * kx)
    y -= second * ky
    // The edge runs from the tip (0, 1) to (0.46 sin 36°, 0.46 cos 36°); its unit normal:
    let nx: Float = 0.918_454_2, ny: Float = 0.395_527_4
    return x * nx + (y - 1) * ny
  }

  /// A plus sign: arms of half width 0.34.
  @inline(__always)
  private static func cross(_ x: Float, _ y: Float) -> Float {
    min(max(x - 1, y - 0.34), max(x - 0.34, y - 1))
  }

  /// A rhombus taller than wide (0.76 to 1), so that no square turns into one.
  @inline(__always)
  private static func diamond(_ x: Float, _ y: Float) -> Float {
    (x + y * 0.76 - 0.76) * 0.796_162_2
  }

  /// A square standing on its corner with a disc on each upper side; side 1.1716.
  @inline(__always)
  private static func heart(_ x: Float, _ y: Float) -> Float {
    let up = y + 0.086
    let body = (x + abs(up)) * 0.707_106_8 - 0.585_8
    let dx = x - 0.414_2
    let dy = up - 0.414_2
    let lobe = (dx * dx + dy * dy).squareRoot() - 0.585_8
    return min(body, lobe)
  }
}
