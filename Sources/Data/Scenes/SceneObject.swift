/// Where an object is and how large, in shares of the image side; y points down.
package struct ScenePose: Equatable, Sendable {
  /// The centre of the outline's box.
  package var x, y: Float
  /// Half the larger extent of the upright outline.
  package var radius: Float

  /// No outline reaches further than this times the radius along an axis: the turn (at most 8
  /// degrees) lifts the corners of square and triangle out of the upright box.
  static let reach: Float = 1.12

  /// Half the side of the box around the outline.
  var extent: Float { radius * Self.reach }
}

/// One coloured shape of a scene.
package struct SceneObject: Equatable, Sendable {
  package var pair: ScenePair
  /// The size the caption names; nil where it names none (rows of three, growing objects).
  package var size: SceneSize?
  /// The pose in the first frame.
  package var start: ScenePose
  /// The pose in the last frame; equal to `start` for what stands still.
  package var end: ScenePose
  /// Cosine and sine of the outline's turn, at most 8 degrees either way.
  var turn: Direction
  /// The body colour under plain light, sRGB in [0, 1].
  var tint: RGB

  /// The pose at `time`, 0 for the first frame and 1 for the last; straight and even in between.
  package func pose(at time: Float) -> ScenePose {
    ScenePose(
      x: start.x + (end.x - start.x) * time, y: start.y + (end.y - start.y) * time,
      radius: start.radius + (end.radius - start.radius) * time)
  }

  /// The signed distance of an image point to the outline, in radii; negative inside.
  func distance(x: Float, y: Float, in pose: ScenePose) -> Float {
    let right = (x - pose.x) / pose.radius
    let up = (pose.y - y) / pose.radius
    return pair.shape.distance(
      x: right * turn.x + up * turn.y, y: up * turn.x - right * turn.y)
  }
}
