import Randomness

/// The surface behind the objects: two pale tones mixed by a pattern.
struct SceneBackdrop: Equatable, Sendable {
  /// What the pattern is like.
  enum Kind: CaseIterable, Sendable {
    case plaster, gradient, stripes, checker, wood, fabric, stone
  }

  var kind: Kind
  /// The two tones.
  var dark, bright: RGB
  /// How often the pattern repeats along the side.
  var frequency: Float
  /// The pattern's own axes.
  var turn: Direction
  /// Shifts the pattern, in repeats.
  var phase: Float
  /// Seeds the noise in the pattern.
  var seed: UInt64

  /// Draws a surface every object of these pairs stands out from: all tones are pale, and they keep
  /// away from white where an object is white and from black where one is black.
  init(behind pairs: [ScenePair], random: inout SeededRandom) {
    let colors = Set(pairs.map(\.color))
    let lowest: Float = colors.contains(.black) ? 0.46 : 0.34
    let highest: Float = colors.contains(.white) ? 0.6 : 0.78
    kind = random.element(Kind.allCases)
    let contrast = random.between(0.06, 0.14)
    let middle = random.between(lowest + contrast / 2, highest - contrast / 2)
    let hue = random.between(0, 360)
    let saturation = random.between(0, 0.16)
    dark = RGB(hue: hue, saturation: saturation, value: middle - contrast / 2)
    bright = RGB(
      hue: hue + random.between(-20, 20), saturation: saturation * random.between(0.6, 1),
      value: middle + contrast / 2)
    frequency =
      switch kind {
      case .stripes: random.between(3, 9)
      case .checker: random.between(3, 7)
      case .wood: random.between(3, 6)
      case .fabric: random.between(14, 22)
      case .stone: random.between(9, 16)
      case .plaster, .gradient: random.between(3, 6)
      }
    turn = Direction.random(&random)
    phase = random.between(0, 1)
    seed = random.next()
  }

  /// Writes how bright the surface is, 0 (dark tone) to 1 (bright tone), for `side` × `side` pixels
  /// in rows from the top.
  func paintTones(_ tones: UnsafeMutableBufferPointer<Float>, side: Int) {
    precondition(tones.count >= side * side, "no room for \(side) × \(side) tones")
    var noise = ValueNoise(seed: seed, side: side)
    tones.update(repeating: 0)
    switch kind {
    case .wood:
      // Grain: long along one axis, fine across.
      let lies = abs(turn.x) > abs(turn.y)
      for (long, fine, strength): (Int, Int, Float) in [(2, 7, 0.5), (3, 23, 0.3), (6, 45, 0.2)] {
        noise.add(
          to: tones, columns: lies ? long : fine, rows: lies ? fine : long, strength: strength)
      }
    case .stone:
      noise.add(to: tones, columns: Int(frequency), rows: Int(frequency), strength: 0.6)
      noise.add(to: tones, columns: Int(2 * frequency), rows: Int(2 * frequency), strength: 0.4)
    case .plaster, .gradient, .stripes, .checker, .fabric:
      var cells = Int(frequency)
      for strength: Float in [0.45, 0.3, 0.25] {
        noise.add(to: tones, columns: cells, rows: cells, strength: strength)
        cells = cells * 5 / 2
      }
    }
    mixPattern(into: tones, side: side)
  }

  /// Turns the noise in `tones` into the pattern's brightness.
  private func mixPattern(into tones: UnsafeMutableBufferPointer<Float>, side: Int) {
    let step = 1 / Float(side)
    for row in 0..<side {
      let y = (Float(row) + 0.5) * step
      for column in 0..<side {
        let x = (Float(column) + 0.5) * step
        let along = x * turn.x + y * turn.y
        let across = y * turn.x - x * turn.y
        let index = row * side + column
        let noise = tones[index]
        tones[index] =
          switch kind {
          case .plaster: noise
          case .gradient: 0.5 + 0.6 * (along - 0.5 * (turn.x + turn.y)) + 0.3 * (noise - 0.5)
          case .stripes:
            0.75 * Self.wave(along * frequency + phase, edge: 3) + 0.25 * noise
          case .checker:
            0.75 * Self.checks(along * frequency + phase, across * frequency) + 0.25 * noise
          case .wood:
            0.7 * noise
              + 0.3
              * Self.wave((abs(turn.x) > abs(turn.y) ? y : x) * frequency + 2 * noise, edge: 1)
          case .fabric:
            0.3 * Self.wave(along * frequency, edge: 1)
              + 0.3 * Self.wave(across * frequency, edge: 1) + 0.4 * noise
          case .stone: 0.2 + 0.8 * Self.ramp((noise - 0.42) * 5)
          }
      }
    }
  }

  /// A wave of period 1 between 0 and 1: a triangle for `edge` 1, nearly square for more.
  @inline(__always)
  private static func wave(_ at: Float, edge: Float) -> Float {
    let triangle = abs(at - at.rounded(.down) - 0.5) * 4 - 1
    return 0.5 + 0.5 * max(-1, min(1, triangle * edge))
  }

  /// Soft-edged squares of half a unit.
  @inline(__always)
  private static func checks(_ x: Float, _ y: Float) -> Float {
    0.5 + 2 * (wave(x, edge: 4) - 0.5) * (wave(y, edge: 4) - 0.5)
  }

  /// A smooth step from 0 at 0 to 1 at 1.
  @inline(__always)
  static func ramp(_ at: Float) -> Float {
    let bounded = max(0, min(1, at))
    return bounded * bounded * (3 - 2 * bounded)
  }
}
