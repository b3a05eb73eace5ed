import Randomness

/// A unit vector.
struct Direction: Equatable, Sendable {
  var x, y: Float

  init(x: Float, y: Float) {
    self.x = x
    self.y = y
  }

  /// The direction whose half angle has this tangent.
  ///
  /// Only exact operations, so every platform gets the same bits; a library's sine promises less.
  init(halfTangent: Float) {
    let scale = 1 / (1 + halfTangent * halfTangent)
    x = (1 - halfTangent * halfTangent) * scale
    y = 2 * halfTangent * scale
  }

  /// Any direction, near enough to evenly: a half tangent in [-1, 1] covers a half circle.
  static func random(_ random: inout SeededRandom) -> Direction {
    var direction = Direction(halfTangent: random.between(-1, 1))
    if random.index(2) == 0 { direction = Direction(x: -direction.x, y: -direction.y) }
    return direction
  }
}

/// A colour, sRGB in [0, 1].
struct RGB: Equatable, Sendable {
  var red, green, blue: Float

  init(red: Float, green: Float, blue: Float) {
    self.red = red
    self.green = green
    self.blue = blue
  }

  /// The colour of this hue in degrees (any), saturation and value in [0, 1].
  init(hue: Float, saturation: Float, value: Float) {
    let sector = (hue < 0 ? hue + 360 : hue) / 60
    func channel(_ offset: Float) -> Float {
      var at = sector + offset
      if at >= 6 { at -= 6 }
      return value * (1 - saturation * max(0, min(1, min(at, 4 - at))))
    }
    red = channel(5)
    green = channel(3)
    blue = channel(1)
  }
}

extension SeededRandom {
  /// Uniform in [low, high].
  mutating func between(_ low: Float, _ high: Float) -> Float {
    low + (high - low) * Float(unit())
  }

  /// Uniform in the range.
  mutating func between(_ range: ClosedRange<Float>) -> Float {
    between(range.lowerBound, range.upperBound)
  }

  /// One of the elements; there must be one.
  mutating func element<Element>(_ elements: [Element]) -> Element {
    elements[index(elements.count)]
  }
}
