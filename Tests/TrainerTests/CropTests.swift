import Media
import Randomness
import Testing

@testable import Trainer

@Suite("A random crop") struct CropTests {
  /// Every pixel says where it is.
  private static func pixels(_ columns: some Sequence<Int>, _ rows: Range<Int>) -> [UInt8] {
    rows.flatMap { y in columns.flatMap { x -> [UInt8] in [UInt8(x), UInt8(y), 9] } }
  }

  private func image(_ width: Int, _ height: Int) -> RGBImage {
    RGBImage(width: width, height: height, pixels: Self.pixels(0..<width, 0..<height))
  }

  private func crop(_ minimum: Float, flip: Bool, seed: UInt64) -> Crop {
    var random = SeededRandom(seed)
    return Crop(Recipe.Augmentation(minimumCrop: minimum, flip: flip, contextNoise: 0), &random)
  }

  @Test("of the whole side leaves an image as it is, square or not")
  func whole() {
    for seed in 0..<20 {
      let crop = crop(1, flip: false, seed: UInt64(seed))
      for image in [image(6, 6), image(7, 3), image(2, 9)] {
        #expect(crop.applied(to: image) == image)
      }
    }
  }

  @Test("mirrors about half of the images when it may")
  func flip() {
    let original = image(5, 3)
    let mirror = RGBImage(width: 5, height: 3, pixels: Self.pixels((0..<5).reversed(), 0..<3))
    var mirrored = 0
    for seed in 0..<400 {
      let result = crop(1, flip: true, seed: UInt64(seed)).applied(to: original)
      #expect(result == original || result == mirror)
      mirrored += result == mirror ? 1 : 0
    }
    // Binomial: four deviations of √(400 · ¼) = 10.
    #expect(abs(mirrored - 200) <= 40)
  }

  @Test("is a square from inside the image, of every size and place it may have")
  func bounds() {
    let (width, height) = (9, 6)
    let original = image(width, height)
    var sides: Set<Int> = []
    var corners: Set<[Int]> = []
    for seed in 0..<2000 {
      let result = crop(0.4, flip: false, seed: UInt64(seed)).applied(to: original)
      let side = result.width
      #expect(result.height == side)
      sides.insert(side)
      let (left, top) = (Int(result.pixels[0]), Int(result.pixels[1]))
      if side == 3 { corners.insert([left, top]) }
      guard left + side <= width, top + side <= height else {
        Issue.record("\(side) pixels at \(left), \(top) leave the image")
        continue
      }
      #expect(result.pixels == Self.pixels(left..<left + side, top..<top + side))
    }
    // 0.4 · 6 = 2.4 rounds to 2.
    #expect(sides == [2, 3, 4, 5, 6])
    #expect(corners.count == (width - 3 + 1) * (height - 3 + 1))
  }

  @Test("keeps one pixel of the smallest images")
  func smallest() {
    for seed in 0..<20 {
      #expect(crop(0.05, flip: true, seed: UInt64(seed)).applied(to: image(1, 1)) == image(1, 1))
    }
  }
}
