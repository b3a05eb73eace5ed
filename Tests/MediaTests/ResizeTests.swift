import Formats
import Media
import Testing

@Suite struct ResizeTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var source: (Int, Int)
    var target: (Int, Int)
    var resample: Preprocessing.Resample
    var testDescription: String { "\(source) to \(target), \(resample.rawValue)" }
  }

  static let cases: [Case] = [
    ((61, 47), (97, 113)), ((61, 47), (13, 9)), ((61, 47), (61, 20)), ((61, 47), (20, 47)),
    ((61, 47), (7, 120)), ((61, 47), (60, 46)), ((61, 47), (1, 1)), ((5, 3), (31, 17)),
    ((1, 1), (4, 6)), ((2, 50), (33, 3)),
  ].flatMap { source, target in
    Preprocessing.Resample.allCases.map { Case(source: source, target: target, resample: $0) }
  }

  @Test("resizing gives Pillow's bytes", arguments: cases)
  func resizing(_ one: Case) throws {
    let source = try Golden.image("scene-\(one.source.0)x\(one.source.1).ppm")
    let expected = try Golden.image(
      "resize-\(one.source.0)x\(one.source.1)-\(one.target.0)x\(one.target.1)-"
        + "\(one.resample.rawValue).ppm")
    let result = source.resized(width: one.target.0, height: one.target.1, by: one.resample)
    #expect(difference(result, expected) == nil)
  }

  @Test("a crop of a resize is the same pixels as of the whole resize", arguments: cases)
  func cropping(_ one: Case) throws {
    let source = try Golden.image("scene-\(one.source.0)x\(one.source.1).ppm")
    let whole = source.resized(width: one.target.0, height: one.target.1, by: one.resample)
    let (width, height) = ((one.target.0 + 1) / 2, (one.target.1 + 2) / 3)
    let (left, top) = (one.target.0 - width, (one.target.1 - height) / 2)
    let part = source.resized(
      width: one.target.0, height: one.target.1, by: one.resample, left: left, top: top,
      cropWidth: width, cropHeight: height)
    var pixels: [UInt8] = []
    for y in top..<top + height {
      let start = (y * whole.width + left) * 3
      pixels += whole.pixels[start..<start + width * 3]
    }
    let expected = RGBImage(width: width, height: height, pixels: pixels)
    #expect(difference(part, expected) == nil)
    let cropped = whole.cropped(left: left, top: top, width: width, height: height)
    #expect(difference(cropped, expected) == nil)
  }

  @Test("a picture one pixel wide and a million high needs memory for its crop only")
  func thin() {
    let height = 1_000_000
    let image = RGBImage(
      width: 1, height: height, pixels: [UInt8](repeating: 77, count: height * 3))
    // Whole, the resized image would have 4096 x 4,096,000,000 pixels.
    let crop = image.resized(
      width: 4096, height: 4096 * height, by: .bicubic, left: 4000, top: 2048 * height,
      cropWidth: 96, cropHeight: 64)
    #expect(crop.width == 96 && crop.height == 64)
    #expect(crop.pixels.allSatisfy { $0 == 77 })
  }

  @Test("the comparison reports a single wrong sample")
  func comparison() {
    let image = RGBImage(width: 2, height: 2, pixels: Array(0..<12))
    var other = image
    #expect(difference(other, image) == nil)
    other.pixels[7] = 0
    #expect(difference(other, image)?.contains("row 1, column 0, channel 1: 0, expected 7") == true)
    let wide = RGBImage(width: 4, height: 1, pixels: Array(0..<12))
    #expect(difference(wide, image) == "4 x 1, expected 2 x 2")
  }
}
