import FoundationEssentials
import Media

/// Small pictures that tell themselves apart.
enum Picture {
  static func image(shade: Int, width: Int = 6, height: Int = 4) -> RGBImage {
    RGBImage(
      width: width, height: height,
      pixels: (0..<width * height * 3).map { UInt8(truncatingIfNeeded: $0 * 7 + shade * 40) })
  }

  static func png(shade: Int) -> [UInt8] { image(shade: shade).encodedPNG() }

  static func base64(shade: Int) -> String {
    FoundationEssentials.Data(png(shade: shade)).base64EncodedString()
  }
}

extension TemporaryFolder {
  /// Writes a PNG, and the folders it lies in.
  func picture(_ name: String, shade: Int) throws {
    if let slash = name.lastIndex(of: "/") {
      try FileManager.default.createDirectory(
        atPath: self[String(name[..<slash])], withIntermediateDirectories: true)
    }
    try write(Picture.png(shade: shade), name)
  }
}
