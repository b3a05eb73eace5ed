import Diagnostics
import Media
import Testing

@Suite struct ImageFileTests {
  static let files = [
    "jpeg-444.jpg", "jpeg-422.jpg", "jpeg-420.jpg", "jpeg-progressive.jpg", "jpeg-grey.jpg",
    "jpeg-cmyk.jpg", "jpeg-cmyk-plain.jpg", "jpeg-ycck.jpg", "jpeg-rgb.jpg",
    "jpeg-orientation.jpg", "png-rgb.png", "png-rgba.png", "png-grey.png",
    "png-grey-alpha.png", "png-bilevel.png", "png-palette.png", "png-palette-transparent.png",
    "png-gamma.png", "png-rgb16.png", "png-rgb-transparent.png", "png-interlaced.png",
    "png-grey4.png", "png-grey16.png", "png-grey16-interlaced.png", "png-grey-alpha16.png",
    "png-palette4.png", "png-palette-short.png", "webp-lossy.webp", "webp-lossless.webp",
    "webp-lossy-alpha.webp", "webp-lossless-alpha.webp",
  ]

  @Test("a file decodes to Pillow's pixels", arguments: files)
  func decoding(_ name: String) throws {
    let image = try RGBImage.read(path: Golden.path(name))
    #expect(difference(image, try Golden.image(name + ".ppm")) == nil)
  }

  @Test(
    "EXIF orientation is applied where it is asked for, and only there",
    arguments: (1...8).map { "upright-\($0).png" } + ["upright-6.jpg", "upright-6.webp"])
  func orientation(_ name: String) throws {
    let bytes = try Golden.bytes(name)
    let upright = try RGBImage.decode(bytes, place: name, upright: true)
    #expect(difference(upright, try Golden.image(name + ".ppm")) == nil)
    let stored = try RGBImage.decode(bytes, place: name)
    #expect(stored.width == 7 && stored.height == 4)
    #expect((stored == upright) == (name == "upright-1.png"))
  }

  @Test(
    "EXIF data that is damaged turns nothing, and stops nothing",
    arguments: ["upright-6.png", "upright-6.jpg", "upright-6.webp"])
  func damagedOrientation(_ name: String) throws {
    let bytes = try Golden.bytes(name)
    let stored = try RGBImage.decode(bytes, place: name)
    let turned = try RGBImage.decode(bytes, place: name, upright: true)
    let start = try #require(
      bytes.indices.first { bytes[$0...].starts(with: [0x4D, 0x4D, 0, 42]) }, "big-endian TIFF")
    // The header, the directory of two entries and the text: 8, 30 and 9 bytes.
    for position in start..<start + 47 {
      for change in [UInt8(0xFF), 1] {
        var damaged = bytes
        damaged[position] ^= change
        // A PNG's checksum of the chunk no longer fits: libpng passes over it with a warning.
        let image = try RGBImage.decode(damaged, place: name, upright: true)
        #expect(image.width * image.height == 28, "byte \(position)")
      }
    }
    #expect(turned != stored)
    var other = bytes
    other[start + 3] = 43
    #expect(try RGBImage.decode(other, place: name, upright: true) == stored)
  }

  @Test("a file cut at any length is an error that says what and where", arguments: files)
  func truncation(_ name: String) throws {
    let bytes = try Golden.bytes(name)
    // JPEG's end marker carries no pixels, and a writer may pad a RIFF chunk; PNG checks its end.
    let needed = name.hasSuffix("jpg") ? bytes.count - 2 : bytes.count
    for length in stride(from: 0, to: needed, by: 7) {
      let error = #expect(throws: InputError.self, "cut at \(length) of \(bytes.count)") {
        try RGBImage.decode(Array(bytes[..<length]), place: "folder/cut")
      }
      #expect(error?.kind == .badData)
      #expect(error?.place == "folder/cut")
      #expect(error.map { !$0.found.isEmpty && !$0.advice.isEmpty } == true)
    }
  }

  @Test("a flipped bit anywhere gives an image or an error, never a crash", arguments: files)
  func damage(_ name: String) throws {
    var bytes = try Golden.bytes(name)
    var refused = 0
    for position in stride(from: 0, to: bytes.count, by: 3) {
      let bit = UInt8(1) << UInt8(position % 8)
      bytes[position] ^= bit
      do throws(InputError) {
        _ = try RGBImage.decode(bytes, place: "damaged")
      } catch {
        refused += 1
        #expect(error.kind == .badData || error.kind == .io)
      }
      bytes[position] ^= bit
    }
    #expect(refused > 0)
  }

  @Test("no bytes and unknown bytes are told apart")
  func unknown() {
    let empty = #expect(throws: InputError.self) { try RGBImage.decode([], place: "a.png") }
    #expect(empty?.what == "the image is empty")
    #expect(empty?.found == "0 bytes")
    let text = #expect(throws: InputError.self) {
      try RGBImage.decode(Array("GIF89a, not for us".utf8), place: "a.gif")
    }
    #expect(text?.what == "the image has an unknown format")
    #expect(text?.found == "18 bytes that begin with 47 49 46 38 39 61 2c 20")
    #expect(text?.expected == "a JPEG, PNG or WebP")
  }

  @Test("a size beyond the limit is refused before any pixel is made")
  func oversized() throws {
    var bytes = try Golden.bytes("png-rgb.png")
    // 65536 x 65536 in the header, with its checksum.
    let header = Array("IHDR".utf8) + [0, 1, 0, 0, 0, 1, 0, 0, 8, 2, 0, 0, 0]
    bytes.replaceSubrange(12..<33, with: header + bigEndian(crc(header)))
    let error = #expect(throws: InputError.self) { try RGBImage.decode(bytes, place: "big.png") }
    #expect(error?.what == "the PNG is too large")
    #expect(error?.found == "65536 x 65536 pixels")
  }

  @Test("an animated WebP is refused as such")
  func animated() throws {
    let error = #expect(throws: InputError.self) {
      try RGBImage.read(path: Golden.path("webp-animated.webp"))
    }
    #expect(error?.found == "an animated WebP")
  }

  @Test("a missing file is no input, a folder is not readable as one")
  func missing() throws {
    let missing = #expect(throws: InputError.self) { try RGBImage.read(path: "/nowhere/a.png") }
    #expect(missing?.kind == .noInput)
    #expect(missing?.place == "/nowhere/a.png")
    let folder = #expect(throws: InputError.self) { try RGBImage.read(path: "/tmp") }
    #expect(folder?.kind == .io)
  }

  @Test("a file beyond the limit is refused before it is read")
  func largeFile() throws {
    try withFolder { folder in
      try writeFile(folder + "/a.png", Golden.bytes("png-rgb.png"))
      try extendFile(folder + "/a.png", to: 3 << 30)  // a hole, which takes no room
      let error = #expect(throws: InputError.self) { try RGBImage.read(path: folder + "/a.png") }
      #expect(error?.what == "the input is too large")
      #expect(error?.found == "3221225472 bytes")
    }
  }

  @Test("PNG and WebP give back what was encoded, and the same bytes each time")
  func lossless() throws {
    let image = try Golden.image("scene-61x47.ppm")
    #expect(image.encodedPNG() == image.encodedPNG())
    #expect(try RGBImage.decode(image.encodedPNG(), place: "png") == image)
    #expect(try RGBImage.decode(image.encodedWebP(), place: "webp") == image)
    let dot = RGBImage(width: 1, height: 1, pixels: [1, 2, 3])
    #expect(try RGBImage.decode(dot.encodedPNG(), place: "png") == dot)
  }

  @Test("JPEG comes closer with higher quality")
  func jpeg() throws {
    var pixels: [UInt8] = []
    for y in 0..<48 {
      for x in 0..<64 { pixels += [UInt8(x * 4), UInt8(y * 5), 90] }
    }
    let image = RGBImage(width: 64, height: 48, pixels: pixels)
    func error(_ quality: Int) throws -> Int {
      let back = try RGBImage.decode(image.encodedJPEG(quality: quality), place: "jpeg")
      #expect(back.width == 64 && back.height == 48)
      var sum = 0
      for (a, b) in zip(back.pixels, pixels) { sum += abs(Int(a) - Int(b)) }
      return sum
    }
    let (fine, coarse) = (try error(95), try error(10))
    #expect(fine < coarse)
    // Smooth gradients at quality 95 quantize by at most 5 steps; a mean error of 2 is generous.
    #expect(fine < 2 * image.pixels.count)
  }

  /// CRC-32 as PNG defines it.
  private func crc(_ bytes: [UInt8]) -> UInt32 {
    var crc: UInt32 = 0xFFFF_FFFF
    for byte in bytes {
      crc ^= UInt32(byte)
      for _ in 0..<8 { crc = crc & 1 == 1 ? 0xEDB8_8320 ^ (crc >> 1) : crc >> 1 }
    }
    return ~crc
  }

  private func bigEndian(_ value: UInt32) -> [UInt8] {
    (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * UInt32($0))) }
  }
}
