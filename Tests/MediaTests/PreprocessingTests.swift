import Diagnostics
import FoundationEssentials
import Media
import Testing

@Suite struct PreprocessingTests {
  @Test(
    "resizing the shorter side and cropping gives Pillow's bytes",
    arguments: [
      (75, 50, 32), (50, 75, 32), (60, 41, 24), (47, 32, 24), (64, 64, 24), (24, 31, 24),
    ])
  func crop(width: Int, height: Int, size: Int) throws {
    let source = try Golden.image("scene-\(width)x\(height).ppm")
    let expected = try Golden.image("crop-\(width)x\(height)-\(size).ppm")
    #expect(difference(Preprocessing(imageSize: size).crop(of: source), expected) == nil)
  }

  @Test("the longer side is rounded down")
  func sizes() {
    let processing = Preprocessing(imageSize: 224)
    #expect(processing.resizedSize(width: 640, height: 480) == (298, 224))
    #expect(processing.resizedSize(width: 480, height: 640) == (224, 298))
    #expect(processing.resizedSize(width: 1000, height: 563) == (397, 224))
    #expect(processing.resizedSize(width: 1, height: 1) == (224, 224))
  }

  @Test("the crop begins at half of what is cut, rounded half to even")
  func offsets() {
    let processing = Preprocessing(imageSize: 224)
    // Cutting 0, 1, 2, … pixels: halves 0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5 round to these.
    let offsets = (224...231).map(processing.cropOffset(length:))
    #expect(offsets == [0, 0, 1, 2, 2, 2, 3, 4])
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

  @Test("preprocessing survives JSON")
  func json() throws {
    let processing = Preprocessing(
      imageSize: 160, resample: .bilinear, mean: [0.5, 0.5, 0.5],
      standardDeviation: [0.5, 0.5, 0.25])
    let data = try JSONEncoder().encode(processing)
    #expect(try JSONDecoder().decode(Preprocessing.self, from: data) == processing)
    #expect(String(decoding: data, as: UTF8.self).contains(#""resample":"bilinear""#))
  }

  @Test("values that cannot be used are refused, with the field named")
  func validation() throws {
    try Preprocessing(imageSize: 224).validate(place: "model.ckpt")
    func refuses(_ field: String, _ change: (inout Preprocessing) -> Void) {
      var processing = Preprocessing(imageSize: 224)
      change(&processing)
      let error = #expect(throws: InputError.self) {
        try processing.validate(place: "model.ckpt")
      }
      #expect(error?.place == "model.ckpt, preprocessing.\(field)")
    }
    refuses("imageSize") { $0.imageSize = 0 }
    refuses("imageSize") { $0.imageSize = 4097 }
    refuses("mean") { $0.mean = [0, 0] }
    refuses("mean") { $0.mean[1] = .nan }
    refuses("standardDeviation") { $0.standardDeviation[2] = 0 }
    refuses("standardDeviation") { $0.standardDeviation = [] }
  }
}
