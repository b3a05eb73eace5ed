import Data
import Media
import Testing

@Suite struct ScenesPixelTests {
  @Test func objectsHaveTheirColorAndStandOutFromTheBackdrop() {
    let side = 64
    for scene in sampleScenes(150) {
      let image = scene.render(side: side)
      let masks = scene.objects.indices.map { scene.silhouette(of: $0, side: side) }
      let bare = (0..<side * side).map { pixel in !masks.contains { $0[pixel] } }
      let backdrop = meanColor(image, bare)
      for (index, object) in scene.objects.enumerated() {
        // What is seen of it: the others of these stories lie in front of the first or on it.
        var seen = masks[index]
        if case .pair(let relation) = scene.story, index == (relation == .behind ? 0 : 1) {
          for pixel in seen.indices where masks[1 - index][pixel] { seen[pixel] = false }
        }
        let color = meanColor(image, seen)
        #expect(colorName(color) == object.pair.color, "\(scene.caption): \(color)")
        let contrast = zip(color, backdrop).map { abs($0 - $1) }.max() ?? 0
        // Six times the strongest noise of a single pixel, 0.026.
        #expect(contrast > 0.156, "\(scene.caption): \(color) before \(backdrop)")
      }
    }
  }

  /// Centroid and number of the strongly coloured pixels, found without knowing the scene.
  private func coloredPixels(_ image: RGBImage) -> (x: Double, y: Double, count: Int) {
    var x = 0.0
    var y = 0.0
    var count = 0
    for pixel in 0..<image.width * image.height {
      let rgb = image.pixels[3 * pixel..<3 * pixel + 3]
      guard let high = rgb.max(), let low = rgb.min(), high - low > 90 else { continue }
      x += Double(pixel % image.width)
      y += Double(pixel / image.width)
      count += 1
    }
    return (x / Double(count), y / Double(count), count)
  }

  @Test func clipsMoveAsTheirCaptionSays() {
    let side = 64
    let frames = 4
    var checked: Set<SceneMotion> = []
    for scene in sampleScenes(120, .train, .clip) {
      guard case .motion(let motion) = scene.story,
        [.red, .yellow, .orange, .blue].contains(scene.objects[0].pair.color)
      else { continue }
      checked.insert(motion)
      let seen = (0..<frames).map {
        coloredPixels(scene.render(side: side, frame: $0, frames: frames))
      }
      for (before, after) in zip(seen, seen.dropFirst()) {
        let dx = after.x - before.x
        let dy = after.y - before.y
        let name = "\(scene.caption): \(dx), \(dy)"
        // A third of the shortest way, 0.36 of the side, less a pixel of noise.
        let least = 0.36 * Double(side) / Double(frames - 1) - 1
        switch motion {
        case .left: #expect(dx < -least && abs(dy) < 2, "\(name)")
        case .right: #expect(dx > least && abs(dy) < 2, "\(name)")
        case .up: #expect(dy < -least && abs(dx) < 2, "\(name)")
        case .down: #expect(dy > least && abs(dx) < 2, "\(name)")
        case .stays: #expect(abs(dx) < 0.5 && abs(dy) < 0.5, "\(name)")
        case .grows: #expect(Double(after.count) > 1.2 * Double(before.count), "\(name)")
        case .shrinks: #expect(Double(before.count) > 1.2 * Double(after.count), "\(name)")
        }
      }
    }
    #expect(checked == Set(SceneMotion.allCases))
  }

  @Test func passingObjectsAreApartAtBothEndsAndOverlapBetween() {
    let side = 64
    var orders: Set<Bool> = []
    for scene in sampleScenes(120, .train, .clip) {
      guard case .passing(_, let inFront) = scene.story else { continue }
      orders.insert(inFront)
      var overlaps = (0..<6).map { frame in
        zip(
          scene.silhouette(of: 0, side: side, frame: frame, frames: 6),
          scene.silhouette(of: 1, side: side, frame: frame, frames: 6)
        ).count { $0 && $1 }
      }
      #expect(overlaps.removeFirst() == 0 && overlaps.removeLast() == 0, "\(scene.caption)")
      let most = overlaps.max() ?? 0
      #expect(most > 0, "\(scene.caption)")
      // Where they overlap most, the pixels there have the colour of the one in front.
      let frame = (overlaps.firstIndex(of: most) ?? 0) + 1
      let shared = zip(
        scene.silhouette(of: 0, side: side, frame: frame, frames: 6),
        scene.silhouette(of: 1, side: side, frame: frame, frames: 6)
      ).map { $0 && $1 }
      guard most > 20 else { continue }
      let color = meanColor(scene.render(side: side, frame: frame, frames: 6), shared)
      #expect(
        colorName(color) == scene.objects[inFront ? 0 : 1].pair.color, "\(scene.caption): \(color)")
    }
    #expect(orders == [true, false])
  }

  @Test func theBackdropStandsStillInAClip() {
    let scene = Scene(seed: 7, index: 0, split: .train, medium: .clip)
    let first = scene.render(side: 32, frame: 0, frames: 6).pixels
    let last = scene.render(side: 32, frame: 5, frames: 6).pixels
    let corner = [0, 1, 2].map { abs(Int(first[$0]) - Int(last[$0])) }.max() ?? 255
    // Two draws of noise below 0.026 · 255 · √1.5 each; five standard deviations.
    #expect(Double(corner) <= 5 * 0.026 * 255 * 1.23 * 1.42)
  }
}
