import Randomness

/// The light and the camera of a scene.
struct SceneLight: Equatable, Sendable {
  /// Where the light comes from, in the image's plane; y points down.
  var from: Direction
  /// How much brighter the lit side of the image is than its middle.
  var falloff: Float
  /// How much the corners darken.
  var vignette: Float
  /// The light's colour and strength, per channel around 1.
  var gain: RGB
  /// The darkness of shadows, 0 to 1.
  var shadow: Float
  /// How far shadows reach and how soft they are, in shares of the image side.
  var shadowReach, shadowBlur: Float
  /// The strength of highlights, 0 to 1.
  var gloss: Float
  /// The standard deviation of the camera's noise, of full scale.
  var noise: Float

  /// Draws a light: mostly from above, as in photographs.
  init(random: inout SeededRandom) {
    from = Direction.random(&random)
    if from.y > 0.3 { from.y = -from.y }
    falloff = random.between(0.03, 0.2)
    vignette = random.between(0, 0.3)
    let exposure = random.between(0.94, 1.06)
    let warmth = random.between(-0.04, 0.04)
    gain = RGB(red: exposure + warmth, green: exposure, blue: exposure - warmth)
    shadow = random.between(0.2, 0.5)
    shadowReach = random.between(0.008, 0.028)
    shadowBlur = random.between(0.01, 0.03)
    gloss = random.between(0, 0.45)
    noise = random.between(0.006, 0.026)
  }

  /// The strength of the light at an image point, 1 in the middle.
  @inline(__always)
  func strength(x: Float, y: Float) -> Float {
    let right = x - 0.5
    let down = y - 0.5
    return 1 + 2 * falloff * (right * from.x + down * from.y)
      - vignette * (right * right + down * down)
  }
}

extension SceneColor {
  /// A body colour of this name.
  ///
  /// The hues of two names stay at least 20 degrees apart, more than the light's tint shifts
  /// them.
  func tint(_ random: inout SeededRandom) -> RGB {
    let (hue, saturation, value): (ClosedRange<Float>, ClosedRange<Float>, ClosedRange<Float>) =
      switch self {
      case .red: (-6...4, 0.84...0.96, 0.72...0.9)
      case .orange: (26...32, 0.88...1, 0.94...1)
      case .yellow: (52...58, 0.78...0.96, 0.93...1)
      case .green: (112...142, 0.62...0.9, 0.46...0.7)
      case .blue: (212...230, 0.75...0.95, 0.66...0.95)
      case .purple: (274...288, 0.58...0.8, 0.5...0.72)
      case .white: (0...360, 0...0.03, 0.93...1)
      case .black: (0...360, 0...0.2, 0.05...0.1)
      }
    return RGB(
      hue: random.between(hue), saturation: random.between(saturation),
      value: random.between(value))
  }
}
