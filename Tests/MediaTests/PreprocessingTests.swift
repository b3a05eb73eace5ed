import Diagnostics
import Formats
import FoundationEssentials
import Media
import Testing

@Suite struct PreprocessingTests {
  private static let crops = [
    (75, 50, 32), (50, 75, 32), (60, 41, 24), (47, 32, 24), (64, 64, 24), (24, 31, 24),
  ]

  @Test("resizing the shorter side and cropping gives Pillow's bytes", arguments: crops)
  func crop(width: Int, height: Int, size: Int) throws {
    let source = try Golden.image("scene-\(width)x\(height).ppm")
    let expected = try Golden.image("crop-\(width)x\(height)-\(size).ppm")
    let processing = Preprocessing(imageSize: size)
    let window = processing.window(width: width, height: height, patch: 1)
    #expect(difference(processing.picture(of: source, window), expected) == nil)
  }

  @Test("a crop that is rounded down gives Pillow's bytes", arguments: crops)
  func floorCrop(width: Int, height: Int, size: Int) throws {
    let source = try Golden.image("scene-\(width)x\(height).ppm")
    let expected = try Golden.image("crop-floor-\(width)x\(height)-\(size).ppm")
    let processing = Preprocessing(imageSize: size, geometry: .centerCrop(.floor))
    let window = processing.window(width: width, height: height, patch: 1)
    #expect(difference(processing.picture(of: source, window), expected) == nil)
  }

  @Test(
    "pixels of whole images are those of Pillow and NumPy, to the last bit",
    arguments: [
      [75, 50, 16, 20], [60, 41, 16, 30], [64, 64, 12, 16], [24, 31, 10, 12], [47, 32, 14, 18],
    ])
  func wholeImages(_ row: [Int]) throws {
    let source = try Golden.image("scene-\(row[0])x\(row[1]).ppm")
    let name = "pixels-\(row[0])x\(row[1])-\(row[2])-\(row[3]).npy"
    guard
      case .pixels(let expected, 1, let height, let width) = try MediaInput.load(
        path: Golden.path(name), maximumFrames: 1)
    else {
      Issue.record("\(name) is no array of one image")
      return
    }
    let processing = Preprocessing(
      imageSize: row[2], geometry: .keepAspect(maximumSide: row[3]))
    let window = processing.window(width: row[0], height: row[1], patch: 1)
    #expect([window.width, window.height] == [width, height])
    #expect(processing.pixels(of: source, window) == expected)
    // The same but for what is left of patches of 4, at the right and bottom.
    let whole = processing.window(width: row[0], height: row[1], patch: 4)
    let pixels = processing.pixels(of: source, whole)
    #expect(whole.width == width / 4 * 4 && whole.height == height / 4 * 4)
    for (index, value) in pixels.enumerated() {
      let (plane, place) = index.quotientAndRemainder(dividingBy: whole.width * whole.height)
      let (y, x) = place.quotientAndRemainder(dividingBy: whole.width)
      #expect(value == expected[(plane * height + y) * width + x])
    }
  }

  @Test("the longer side is rounded down")
  func sizes() {
    func size(_ width: Int, _ height: Int) -> [Int] {
      let window = Preprocessing(imageSize: 224).window(width: width, height: height, patch: 16)
      #expect([window.width, window.height] == [224, 224])
      return [window.resizedWidth, window.resizedHeight]
    }
    #expect(size(640, 480) == [298, 224])
    #expect(size(480, 640) == [224, 298])
    #expect(size(1000, 563) == [397, 224])
    #expect(size(1, 1) == [224, 224])
    #expect(size(1, 1_000_000) == [224, 224_000_000])
  }

  @Test("the crop begins at half of what is cut, rounded as the two references do")
  func offsets() {
    func offsets(_ rounding: Preprocessing.CropRounding) -> [Int] {
      let processing = Preprocessing(imageSize: 224, geometry: .centerCrop(rounding))
      return (224...231).map { processing.window(width: $0, height: 224, patch: 1).left }
    }
    // Cutting 0, 1, 2, … pixels: halves 0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5.
    #expect(offsets(.halfEven) == [0, 0, 1, 2, 2, 2, 3, 4])
    #expect(offsets(.floor) == [0, 0, 1, 1, 2, 2, 3, 3])
  }

  /// An image's size; then the resized size for a shorter side of 480 and at most 640, and for 420 and
  /// 560, each as height, width; as the original repository's code gives them.
  private static let aspects = [
    [640, 480, 480, 640, 420, 560], [1920, 1080, 360, 640, 315, 560],
    [1000, 563, 360, 639, 315, 559], [333, 500, 639, 426, 560, 373],
    [2000, 480, 154, 641, 134, 558], [480, 640, 640, 480, 560, 420],
    [500, 500, 480, 480, 420, 420], [480, 480, 480, 480, 420, 420], [1, 1, 480, 480, 420, 420],
  ]

  @Test("keeping the aspect resizes as the original repository does", arguments: aspects)
  func keepAspect(_ row: [Int]) {
    for (size, maximum, patch, expected) in [
      (480, 640, 16, row[2...3]), (420, 560, 14, row[4...5]),
    ] {
      let processing = Preprocessing(imageSize: size, geometry: .keepAspect(maximumSide: maximum))
      let window = processing.window(width: row[0], height: row[1], patch: patch)
      #expect([window.resizedHeight, window.resizedWidth] == Array(expected))
      #expect(window.left == 0 && window.top == 0)
      // The rest of a patch at the right and bottom goes, as in a convolution without padding.
      #expect(window.width == window.resizedWidth - window.resizedWidth % patch)
      #expect(window.height == window.resizedHeight - window.resizedHeight % patch)
    }
  }

  @Test("an image too thin for a patch has an empty window")
  func thin() {
    let processing = Preprocessing(imageSize: 480, geometry: .keepAspect(maximumSide: 640))
    let window = processing.window(width: 100_000, height: 3, patch: 16)
    #expect(window.resizedHeight == 1 && window.height == 0)
    #expect(processing.window(width: 42 * 16, height: 16, patch: 16).height == 0)
    #expect(processing.window(width: 40 * 16, height: 16, patch: 16).height == 16)
  }

  @Test("pixels are planes, scaled to 0...1 and normalised per channel")
  func normalisation() {
    let image = RGBImage(width: 2, height: 2, pixels: [0, 51, 255, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    let processing = Preprocessing(
      imageSize: 2, mean: [0.5, 0.25, 0], standardDeviation: [0.5, 2, 1])
    let pixels = processing.pixels(of: image)
    #expect(pixels.count == 12)
    let bytes: [[Float]] = [[0, 1, 4, 7], [51, 2, 5, 8], [255, 3, 6, 9]]
    for channel in 0..<3 {
      for i in 0..<4 {
        let expected =
          (bytes[channel][i] / 255 - processing.mean[channel])
          / processing.standardDeviation[channel]
        #expect(pixels[channel * 4 + i] == expected, "channel \(channel), pixel \(i)")
      }
    }
  }

  @Test(
    "preprocessing survives JSON",
    arguments: [.centerCrop(.floor), .centerCrop(.halfEven), .keepAspect(maximumSide: 200)]
      as [Preprocessing.Geometry])
  func json(_ geometry: Preprocessing.Geometry) throws {
    let processing = Preprocessing(
      imageSize: 160, geometry: geometry, resample: .bilinear, mean: [0.5, 0.5, 0.5],
      standardDeviation: [0.5, 0.5, 0.25])
    let data = try JSONEncoder().encode(processing)
    #expect(try JSONDecoder().decode(Preprocessing.self, from: data) == processing)
    #expect(String(decoding: data, as: UTF8.self).contains(#""resample":"bilinear""#))
  }

  @Test("JSON without a geometry crops as the original does")
  func oldJSON() throws {
    let text = #"{"imageSize":8,"mean":[0,0,0],"resample":"bicubic","standardDeviation":[1,1,1]}"#
    let processing = try JSONDecoder().decode(Preprocessing.self, from: Data(text.utf8))
    #expect(
      processing == Preprocessing(imageSize: 8, mean: [0, 0, 0], standardDeviation: [1, 1, 1]))
  }

  @Test("values that cannot be used are a fault of their field")
  func validation() throws {
    #expect(Preprocessing(imageSize: 224).fault == nil)
    func isFault(_ field: Preprocessing.Field, _ change: (inout Preprocessing) -> Void) {
      var processing = Preprocessing(imageSize: 224)
      change(&processing)
      #expect(processing.fault?.field == field)
    }
    isFault(.imageSize) { $0.imageSize = 0 }
    isFault(.imageSize) { $0.imageSize = 16385 }
    isFault(.maximumSide) { $0.geometry = .keepAspect(maximumSide: 223) }
    isFault(.maximumSide) { $0.geometry = .keepAspect(maximumSide: 16385) }
    isFault(.mean) { $0.mean = [0, 0] }
    isFault(.mean) { $0.mean[1] = .nan }
    isFault(.standardDeviation) { $0.standardDeviation[2] = 0 }
    isFault(.standardDeviation) { $0.standardDeviation = [] }
  }
}
