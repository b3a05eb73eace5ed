import Diagnostics
import Media
import Testing

/// Files written by Tools/goldens/media/make.py.
enum Golden {
  /// The path of a golden.
  static func path(_ name: String) -> String {
    let root = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3)
    return root.joined(separator: "/") + "/Tools/goldens/media/" + name
  }

  static func bytes(_ name: String) throws -> [UInt8] { try readFile(path(name)) }

  /// A PPM, read without the decoders under test: "P6", width, height, "255", then the pixels.
  static func image(_ name: String) throws -> RGBImage {
    let bytes = try bytes(name)
    let lines = bytes.split(separator: 0x0A, maxSplits: 3, omittingEmptySubsequences: false)
    try #require(lines.count == 4 && lines[0].elementsEqual("P6".utf8), "\(name) is a PPM")
    let sizes = String(decoding: lines[1], as: UTF8.self).split(separator: " ").compactMap {
      Int($0)
    }
    try #require(sizes.count == 2, "\(name) has two sizes")
    return RGBImage(width: sizes[0], height: sizes[1], pixels: Array(lines[3]))
  }
}

/// How two images differ: nil where they are equal, else the sizes or the first differing sample.
func difference(_ image: RGBImage, _ expected: RGBImage) -> String? {
  if image.width != expected.width || image.height != expected.height {
    return "\(image.width) x \(image.height), expected \(expected.width) x \(expected.height)"
  }
  let wrong = image.pixels.indices.filter { image.pixels[$0] != expected.pixels[$0] }
  guard let first = wrong.first else { return nil }
  let (pixel, channel) = (first / 3, first % 3)
  return """
    \(wrong.count) of \(image.pixels.count) samples differ, first row \(pixel / image.width), column \
    \(pixel % image.width), channel \(channel): \(image.pixels[first]), expected \
    \(expected.pixels[first])
    """
}
