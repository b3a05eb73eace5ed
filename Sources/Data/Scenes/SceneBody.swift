/// Something that a renderer paints: an outline with a colour.
protocol SceneBody {
  /// The body colour under plain light, sRGB in [0, 1].
  var tint: RGB { get }
  /// The signed distance of an image point to the outline, in radii of the pose; negative inside.
  func distance(x: Float, y: Float, in pose: ScenePose) -> Float
}

extension SceneObject: SceneBody {}
