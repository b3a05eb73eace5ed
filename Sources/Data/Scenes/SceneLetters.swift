/// Strokes of the letters a to z, drawn as capitals.
///
/// A letter is 2 units wide and 4 high, x to the right and y down from its upper left corner, made of
/// straight strokes between points of that grid.
enum SceneLetters {
  static let width: Float = 2
  static let height: Float = 4
  /// Between two letters.
  static let gap: Float = 1
  /// Half the thickness of a stroke: thick enough to be seen at 4 pixels per unit, thin enough to
  /// leave the holes of A, B and R open.
  static let halfStroke: Float = 0.4

  /// One straight stroke.
  struct Stroke: Equatable, Sendable {
    var fromX, fromY, toX, toY: Float

    /// The distance of a point to the stroke's middle line; only operations that IEEE 754 rounds
    /// exactly.
    @inline(__always)
    func distance(x: Float, y: Float) -> Float {
      let dx = toX - fromX
      let dy = toY - fromY
      let along = ((x - fromX) * dx + (y - fromY) * dy) / (dx * dx + dy * dy)
      let nearest = max(0, min(1, along))
      let restX = x - fromX - nearest * dx
      let restY = y - fromY - nearest * dy
      return (restX * restX + restY * restY).squareRoot()
    }
  }

  /// The strokes of a letter; empty for what is not one of a to z.
  static func strokes(of letter: UInt8) -> [Stroke] {
    let index = Int(letter) - Int(UInt8(ascii: "a"))
    return lines.indices.contains(index) ? strokes(along: lines[index]) : []
  }

  /// Lines of each letter from a on: points as two digits, x and y; a bar starts a new line.
  private static let lines = [
    "04 01 10 21 24|02 22", "00 04 14 23 12 02|12 21 10 00", "21 10 01 03 14 23",
    "00 04 14 23 21 10 00", "20 00 04 24|02 12", "20 00 04|02 12", "21 10 01 03 14 23 22 12",
    "00 04|20 24|02 22", "10 14|00 20|04 24", "20 23 14 03", "00 04|20 02 24", "00 04 24",
    "04 00 12 20 24", "04 00 24 20", "10 01 03 14 23 21 10", "04 00 10 21 12 02",
    "10 01 03 14 23 21 10|13 24", "04 00 10 21 12 02|12 24", "21 10 01 12 23 14 03",
    "00 20|10 14", "00 03 14 23 20", "00 14 20", "00 04 12 24 20", "00 24|20 04",
    "00 12 20|12 14", "00 20 04 24",
  ]

  private static func strokes(along lines: String) -> [Stroke] {
    lines.split(separator: "|").flatMap { line in
      let points = line.split(separator: " ").map { point in
        point.utf8.map { Float($0 - UInt8(ascii: "0")) }
      }
      return zip(points, points.dropFirst()).map { from, to in
        Stroke(fromX: from[0], fromY: from[1], toX: to[0], toY: to[1])
      }
    }
  }
}
