/// How a picture has to be turned to be upright: EXIF's tag 0x0112, with its numbers.
///
/// The names say where the first row and the first column of the stored picture belong.
enum Orientation: Int {
  case topLeft = 1
  case topRight, bottomRight, bottomLeft, leftTop, rightTop, rightBottom, leftBottom

  /// Whether rows become columns.
  private var isTransposed: Bool { rawValue >= Orientation.leftTop.rawValue }

  /// The picture upright, as Pillow's `ImageOps.exif_transpose` turns it.
  func upright(_ image: RGBImage) -> RGBImage {
    if self == .topLeft { return image }
    let (width, height) = (image.width, image.height)
    // The stored pixel that becomes the first, and how far it is to those that follow it in a row and in
    // a column.
    let (last, bottom) = (width * height - 1, width * (height - 1))
    let (first, right, down) =
      switch self {
      case .topLeft: (0, 1, width)
      case .topRight: (width - 1, -1, width)
      case .bottomRight: (last, -1, -width)
      case .bottomLeft: (bottom, 1, -width)
      case .leftTop: (0, width, 1)
      case .rightTop: (bottom, -width, 1)
      case .rightBottom: (last, -width, -1)
      case .leftBottom: (width - 1, width, -1)
      }
    let (columns, rows) = isTransposed ? (height, width) : (width, height)
    let pixels = [UInt8](unsafeUninitializedCapacity: image.pixels.count) { target, count in
      image.pixels.withUnsafeBufferPointer { source in
        for y in 0..<rows {
          for x in 0..<columns {
            let (from, to) = (3 * (first + x * right + y * down), 3 * (y * columns + x))
            for channel in 0..<3 { target[to + channel] = source[from + channel] }
          }
        }
      }
      count = image.pixels.count
    }
    return RGBImage(width: columns, height: rows, pixels: pixels)
  }

  /// The orientation that the EXIF data of an image file says; `.topLeft` where it says nothing, or
  /// nothing that can be understood: EXIF is a remark, whose damage is not the picture's.
  init(of file: [UInt8], _ format: ImageFormat) {
    let data: ArraySlice<UInt8>? =
      switch format {
      case .jpeg: Self.jpegEXIF(file)
      case .png: Self.pngEXIF(file)
      case .webp: Self.webpEXIF(file)
      }
    let value = data.flatMap { TIFFHeader($0)?.short(tag: 0x0112) }
    self = value.flatMap(Orientation.init(rawValue:)) ?? .topLeft
  }

  private static let prefix = Array("Exif\0\0".utf8)

  /// The first APP1 segment that begins with "Exif".
  private static func jpegEXIF(_ file: [UInt8]) -> ArraySlice<UInt8>? {
    var position = 2
    while position + 4 <= file.count, file[position] == 0xFF {
      let marker = file[position + 1]
      if marker == 0xFF {  // fill
        position += 1
        continue
      }
      // Image data begins: what follows is no longer a header.
      if marker == 0xDA || marker == 0xD9 { return nil }
      let length = Int(file[position + 2]) << 8 | Int(file[position + 3])
      let end = position + 2 + length
      guard length >= 2, end <= file.count else { return nil }
      let content = file[(position + 4)..<end]
      if marker == 0xE1, content.starts(with: prefix) { return content.dropFirst(prefix.count) }
      position = end
    }
    return nil
  }

  /// The chunk eXIf, before or after the pixels.
  private static func pngEXIF(_ file: [UInt8]) -> ArraySlice<UInt8>? {
    var position = 8
    while position + 12 <= file.count {
      let length = file[position..<position + 4].reduce(0) { $0 << 8 | Int($1) }
      let start = position + 8
      guard length <= file.count - start - 4 else { return nil }
      if file[position + 4..<start].elementsEqual("eXIf".utf8) {
        return file[start..<start + length]
      }
      position = start + length + 4
    }
    return nil
  }

  /// The chunk EXIF, with or without JPEG's "Exif" before it.
  private static func webpEXIF(_ file: [UInt8]) -> ArraySlice<UInt8>? {
    var position = 12
    while position + 8 <= file.count {
      let length = file[position + 4..<position + 8].reversed().reduce(0) { $0 << 8 | Int($1) }
      let start = position + 8
      guard length <= file.count - start else { return nil }
      if file[position..<position + 4].elementsEqual("EXIF".utf8) {
        let content = file[start..<start + length]
        return content.starts(with: prefix) ? content.dropFirst(prefix.count) : content
      }
      position = start + length + length % 2
    }
    return nil
  }
}

/// The first directory of TIFF data, which EXIF is.
private struct TIFFHeader {
  private let bytes: ArraySlice<UInt8>
  private let isBigEndian: Bool

  /// nil for other data.
  init?(_ bytes: ArraySlice<UInt8>) {
    self.bytes = bytes
    if bytes.starts(with: [0x49, 0x49, 42, 0]) {
      isBigEndian = false
    } else if bytes.starts(with: [0x4D, 0x4D, 0, 42]) {
      isBigEndian = true
    } else {
      return nil
    }
  }

  /// The value of a tag that holds one 16-bit number; nil where there is none.
  func short(tag: Int) -> Int? {
    guard let directory = number(at: 4, count: 4), let count = number(at: directory, count: 2)
    else {
      return nil
    }
    for entry in 0..<count {
      let start = directory + 2 + 12 * entry
      guard let name = number(at: start, count: 2) else { return nil }
      guard name == tag else { continue }
      guard number(at: start + 2, count: 2) == 3, number(at: start + 4, count: 4) == 1 else {
        return nil
      }
      return number(at: start + 8, count: 2)
    }
    return nil
  }

  private func number(at offset: Int, count: Int) -> Int? {
    guard offset >= 0, offset <= bytes.count - count else { return nil }
    let part = bytes[(bytes.startIndex + offset)..<(bytes.startIndex + offset + count)]
    return isBigEndian
      ? part.reduce(0) { $0 << 8 | Int($1) } : part.reversed().reduce(0) { $0 << 8 | Int($1) }
  }
}
