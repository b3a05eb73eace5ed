package import Media

extension Scene {
  /// One frame as a picture.
  ///
  /// Safe to call from any number of threads; takes about 0.6 ms on one core at 128 pixels.
  /// - Parameters:
  ///   - side: width and height in pixels, at least 16; objects need about 64 to be told apart.
  ///   - frame: 0 ..< `frames`.
  ///   - frames: over how many frames the motion is spread, from its start in frame 0 to its end in
  ///     the last; with 1, the start is shown.
  /// - Returns: `side` × `side` pixels.
  package func render(side: Int, frame: Int = 0, frames: Int = 1) -> RGBImage {
    let time = Self.time(of: frame, among: frames)
    let renderer = SceneRenderer(
      backdrop: backdrop, light: light, noiseSeed: noiseSeed, side: side, frame: frame)
    let pixels = renderer.pixels { canvas in
      for index in paintingOrder {
        let pose = objects[index].pose(at: time)
        renderer.paintShadow(of: objects[index], at: pose, on: canvas)
        renderer.paintBody(of: objects[index], at: pose, on: canvas)
      }
    }
    return RGBImage(width: side, height: side, pixels: pixels)
  }

  /// Where one of `objects` is, be it hidden or not; the other arguments are those of `render`.
  ///
  /// Whether each pixel's centre lies within the outline: `side` × `side` values, rows from the top.
  package func silhouette(of index: Int, side: Int, frame: Int = 0, frames: Int = 1) -> [Bool] {
    let pose = objects[index].pose(at: Self.time(of: frame, among: frames))
    let step = 1 / Float(side)
    return (0..<side * side).map { pixel in
      let x = (Float(pixel % side) + 0.5) * step
      let y = (Float(pixel / side) + 0.5) * step
      return objects[index].distance(x: x, y: y, in: pose) < 0
    }
  }

  /// 0 for the first and 1 for the last of `frames` frames.
  private static func time(of frame: Int, among frames: Int) -> Float {
    precondition(frame >= 0 && frame < frames, "no frame \(frame) of \(frames)")
    return frames > 1 ? Float(frame) / Float(frames - 1) : 0
  }
}
