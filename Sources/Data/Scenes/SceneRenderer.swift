import Randomness

/// Paints one frame: backdrop, then shadows and bodies, then camera noise.
///
/// Edges are smoothed from the analytic distance to the outline, so there is no supersampling.
struct SceneRenderer {
  let backdrop: SceneBackdrop
  let light: SceneLight
  let noiseSeed: UInt64
  let side: Int
  let frame: Int

  /// Three bytes (red, green, blue) per pixel, rows from the top.
  ///
  /// - Parameter paint: paints shadows and bodies on the canvas, three values per pixel.
  func pixels(paint: (UnsafeMutableBufferPointer<Float>) -> Void) -> [UInt8] {
    precondition(side >= 16, "a scene needs 16 pixels, not \(side)")
    let count = side * side
    return withUnsafeTemporaryAllocation(of: Float.self, capacity: 4 * count) { buffer in
      let tones = UnsafeMutableBufferPointer(rebasing: buffer[..<count])
      let canvas = UnsafeMutableBufferPointer(rebasing: buffer[count...])
      backdrop.paintTones(tones, side: side)
      paintBackdrop(tones, on: canvas)
      paint(canvas)
      return developed(canvas)
    }
  }

  private func paintBackdrop(
    _ tones: UnsafeMutableBufferPointer<Float>, on canvas: UnsafeMutableBufferPointer<Float>
  ) {
    let dark = backdrop.dark
    let bright = backdrop.bright
    let step = 1 / Float(side)
    for row in 0..<side {
      for column in 0..<side {
        let pixel = row * side + column
        let tone = tones[pixel]
        let strength = light.strength(
          x: (Float(column) + 0.5) * step, y: (Float(row) + 0.5) * step)
        canvas[3 * pixel] =
          strength * light.gain.red * (dark.red + tone * (bright.red - dark.red))
        canvas[3 * pixel + 1] =
          strength * light.gain.green * (dark.green + tone * (bright.green - dark.green))
        canvas[3 * pixel + 2] =
          strength * light.gain.blue * (dark.blue + tone * (bright.blue - dark.blue))
      }
    }
  }

  /// The rows or columns whose centres lie within `reach` of `center`.
  private func span(_ center: Float, _ reach: Float) -> Range<Int> {
    let low = max(0, min(side, Int(((center - reach) * Float(side)).rounded(.down))))
    let high = max(low, min(side, Int(((center + reach) * Float(side)).rounded(.up))))
    return low..<high
  }

  func paintShadow(
    of body: some SceneBody, at pose: ScenePose, on canvas: UnsafeMutableBufferPointer<Float>
  ) {
    var cast = pose
    cast.x -= light.from.x * light.shadowReach
    cast.y -= light.from.y * light.shadowReach
    let blur = light.shadowBlur / pose.radius
    let scale = 1 / (2 * blur)
    let step = 1 / Float(side)
    for row in span(cast.y, pose.extent + light.shadowBlur) {
      let y = (Float(row) + 0.5) * step
      for column in span(cast.x, pose.extent + light.shadowBlur) {
        let distance = body.distance(x: (Float(column) + 0.5) * step, y: y, in: cast)
        guard distance < blur else { continue }
        let kept = 1 - light.shadow * SceneBackdrop.ramp((blur - distance) * scale)
        let pixel = 3 * (row * side + column)
        canvas[pixel] *= kept
        canvas[pixel + 1] *= kept
        canvas[pixel + 2] *= kept
      }
    }
  }

  func paintBody(
    of body: some SceneBody, at pose: ScenePose, on canvas: UnsafeMutableBufferPointer<Float>
  ) {
    let step = 1 / Float(side)
    let pixelsPerRadius = pose.radius * Float(side)
    let scale = 1 / pose.radius
    // A second look at the outline, a little nearer to the light, tells which way an edge faces.
    let nudge: Float = 0.05 * pose.radius
    for row in span(pose.y, pose.extent + step) {
      let y = (Float(row) + 0.5) * step
      for column in span(pose.x, pose.extent + step) {
        let x = (Float(column) + 0.5) * step
        let distance = body.distance(x: x, y: y, in: pose)
        let cover = min(1, 0.5 - distance * pixelsPerRadius)
        guard cover > 0 else { continue }
        let right = (x - pose.x) * scale
        let down = (y - pose.y) * scale
        let nearer = body.distance(
          x: x + nudge * light.from.x, y: y + nudge * light.from.y, in: pose)
        let facing = max(-1, min(1, (nearer - distance) * 20))
        let edge = max(0, min(1, 1 + distance * 4))
        let shade =
          1 + 0.1 * (right * light.from.x + down * light.from.y) + 0.16 * edge * facing
        let glossX = right - 0.4 * light.from.x
        let glossY = down - 0.4 * light.from.y
        let near = max(0, 1 - (glossX * glossX + glossY * glossY) * 5)
        let highlight = light.gloss * near * near * (1 - edge)
        let strength = shade * light.strength(x: x, y: y)
        let pixel = 3 * (row * side + column)
        func paint(_ channel: Int, _ tint: Float, _ gain: Float) {
          let plain = strength * gain * tint
          let lit = plain + highlight * (1 - plain) * 0.6
          canvas[pixel + channel] += cover * (lit - canvas[pixel + channel])
        }
        paint(0, body.tint.red, light.gain.red)
        paint(1, body.tint.green, light.gain.green)
        paint(2, body.tint.blue, light.gain.blue)
      }
    }
  }

  /// Adds the camera's noise and rounds to bytes.
  private func developed(_ canvas: UnsafeMutableBufferPointer<Float>) -> [UInt8] {
    var random = SeededRandom(noiseSeed, UInt64(frame))
    // The sum of four bytes has the mean 510 and the standard deviation 147.8: nearly normal.
    let scale = light.noise * 255 / 147.8
    let count = side * side
    return [UInt8](unsafeUninitializedCapacity: 3 * count) { bytes, filled in
      for pixel in 0..<count {
        let bits = random.next()
        let grain = Float(Self.byteSum(bits & 0xFFFF_FFFF) - 510) * scale
        // Two bytes each for the colour noise of red and blue, about as strong as half the grain.
        let redNoise = Float(Int(bits >> 32 & 0xFF) + Int(bits >> 40 & 0xFF) - 255) * scale * 0.7
        let blueNoise = Float(Int(bits >> 48 & 0xFF) + Int(bits >> 56) - 255) * scale * 0.7
        bytes[3 * pixel] = Self.byte(canvas[3 * pixel] * 255 + grain + redNoise)
        bytes[3 * pixel + 1] = Self.byte(canvas[3 * pixel + 1] * 255 + grain)
        bytes[3 * pixel + 2] = Self.byte(canvas[3 * pixel + 2] * 255 + grain + blueNoise)
      }
      filled = 3 * count
    }
  }

  @inline(__always)
  private static func byteSum(_ bits: UInt64) -> Int {
    Int(bits & 0xFF) + Int(bits >> 8 & 0xFF) + Int(bits >> 16 & 0xFF) + Int(bits >> 24)
  }

  @inline(__always)
  private static func byte(_ value: Float) -> UInt8 {
    UInt8(max(0, min(254.99, value)) + 0.5)
  }
}
