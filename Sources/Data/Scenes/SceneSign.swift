package import Media
import Randomness

/// A picture of one short word, to be read: its letters in one colour before a pale surface.
///
/// A pure function of seed, index and split, as ``Scene`` is.
package struct SceneSign: Equatable, Sendable {
  /// Three or four letters a to z.
  package let word: String
  package let color: SceneColor
  /// Where the word is; the radius is half its width.
  package let pose: ScenePose
  private let turn: Direction
  let tint: RGB
  private let letters: [[SceneLetters.Stroke]]
  private let backdrop: SceneBackdrop
  private let light: SceneLight
  private let noiseSeed: UInt64

  /// Makes the sign of this place in a data set.
  ///
  /// - Parameters:
  ///   - seed: the seed of the whole data set.
  ///   - index: the place in its split, from 0.
  ///   - split: held-out splits have the words that training never shows.
  package init(seed: UInt64, index: Int, split: SceneSplit) {
    precondition(index >= 0, "sign \(index) has no place in a data set")
    var random = SeededRandom(seed, split.code, 3, UInt64(index))
    word = random.element(Self.words(of: split))
    color = random.element(SceneColor.allCases)
    letters = word.utf8.map(SceneLetters.strokes(of:))
    let radius = random.between(0.32, 0.43)
    // The middle may stand anywhere that keeps all letters inside, with the thickness of their strokes
    // and the turn: a unit of the letters' grid is 2 radii over the word's units.
    let rise = radius * 1.3 * SceneLetters.height / Self.units(of: word.utf8.count) + 0.01
    let reach = radius * ScenePose.reach + 0.01
    pose = ScenePose(
      x: random.between(reach, 1 - reach), y: random.between(rise, 1 - rise), radius: radius)
    turn = Direction(halfTangent: random.between(-0.03, 0.03))  // 3.4 degrees
    tint = color.tint(&random)
    light = SceneLight(random: &random)
    backdrop = SceneBackdrop(behind: [ScenePair(color, .square)], random: &random)
    noiseSeed = random.next()
  }

  /// The one caption of this sign, lower case.
  package var caption: String { "a sign that says \(word)" }

  /// Both questions about a sign.
  package var questions: [SceneQuestion] {
    [
      SceneQuestion("what does the sign say?", word),
      SceneQuestion("what color is the word?", color.rawValue),
    ]
  }

  /// The words that a split may show: every eighth of the list is held out.
  package static func words(of split: SceneSplit) -> [String] {
    let isHeldOut = split == .heldout || split == .heldoutOne
    return SignWords.all.indices.filter { ($0 % 8 == 5) == isHeldOut }.map { SignWords.all[$0] }
  }

  /// The picture, `side` × `side` pixels; at least 16, of which letters need about 64.
  package func render(side: Int) -> RGBImage {
    let renderer = SceneRenderer(
      backdrop: backdrop, light: light, noiseSeed: noiseSeed, side: side, frame: 0)
    let pixels = renderer.pixels { canvas in
      renderer.paintBody(of: self, at: pose, on: canvas)
    }
    return RGBImage(width: side, height: side, pixels: pixels)
  }

  /// Whether each pixel's centre lies on a stroke: `side` × `side` values, rows from the top.
  package func silhouette(side: Int) -> [Bool] {
    let step = 1 / Float(side)
    return (0..<side * side).map { pixel in
      let x = (Float(pixel % side) + 0.5) * step
      let y = (Float(pixel / side) + 0.5) * step
      return distance(x: x, y: y, in: pose) < 0
    }
  }

  /// The width of so many letters with their gaps, in units of the letters' grid.
  private static func units(of letters: Int) -> Float {
    (SceneLetters.width + SceneLetters.gap) * Float(letters) - SceneLetters.gap
  }
}

extension SceneSign: SceneBody {
  func distance(x: Float, y: Float, in pose: ScenePose) -> Float {
    let right = (x - pose.x) / pose.radius
    let down = (y - pose.y) / pose.radius
    let unitsPerRadius = Self.units(of: letters.count) / 2
    let along = (right * turn.x + down * turn.y + 1) * unitsPerRadius
    let below = (down * turn.x - right * turn.y) * unitsPerRadius + SceneLetters.height / 2
    // The letter whose half of the gap the point is in is the nearest.
    let pitch = SceneLetters.width + SceneLetters.gap
    let place = ((along + SceneLetters.gap / 2) / pitch).rounded(.down)
    let index = max(0, min(letters.count - 1, Int(place)))
    let inLetter = along - Float(index) * pitch
    var nearest = Float.infinity
    for stroke in letters[index] {
      nearest = min(nearest, stroke.distance(x: inLetter, y: below))
    }
    return (nearest - SceneLetters.halfStroke) / unitsPerRadius
  }
}
