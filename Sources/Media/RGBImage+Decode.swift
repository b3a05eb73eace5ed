import CMedia
package import Diagnostics

/// The image formats that are read, told apart by their first bytes.
enum ImageFormat: String, CaseIterable {
  case jpeg = "JPEG"
  case png = "PNG"
  case webp = "WebP"

  /// Bytes a reader must have seen before it can tell.
  static let signatureLength = 12

  /// The format whose signature `bytes` begins with; nil for anything else.
  init?(signatureOf bytes: some Collection<UInt8>) {
    let head = Array(bytes.prefix(ImageFormat.signatureLength))
    if head.starts(with: [0xFF, 0xD8, 0xFF]) {
      self = .jpeg
    } else if head.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) {
      self = .png
    } else if head.count == 12, head.starts(with: Array("RIFF".utf8)),
      head[8...].elementsEqual("WEBP".utf8)
    {
      self = .webp
    } else {
      return nil
    }
  }

  typealias Sizer = (
    UnsafePointer<UInt8>, Int, UnsafeMutablePointer<Int32>, UnsafeMutablePointer<Int32>,
    UnsafeMutablePointer<CChar>, Int
  ) -> cm_status
  typealias Decoder = (
    UnsafePointer<UInt8>, Int, Int32, Int32, UnsafeMutablePointer<UInt8>,
    UnsafeMutablePointer<CChar>, Int
  ) -> cm_status

  /// Reads the size from the header.
  var size: Sizer {
    switch self {
    case .jpeg: cm_jpeg_size
    case .png: cm_png_size
    case .webp: cm_webp_size
    }
  }

  /// Decodes to bytes, given the size.
  var decode: Decoder {
    switch self {
    case .jpeg: cm_jpeg_decode
    case .png: cm_png_decode
    case .webp: cm_webp_decode
    }
  }
}

extension RGBImage {
  /// Decodes a JPEG, PNG or WebP still, told apart by its first bytes, to the bytes that Pillow's
  /// `Image.open(…).convert("RGB")` gives.
  ///
  /// Alpha is dropped, not composited; 16-bit colour keeps the high byte of its samples, while those of
  /// 16-bit grey above 255 are white; colour profiles are not applied; CMYK is taken as Adobe writes
  /// it. A file that is cut short or whose coded data is damaged is refused, also where a lenient
  /// reader would show a part of it.
  ///
  /// - Parameters:
  ///   - bytes: the whole file.
  ///   - place: names the bytes in errors: a path, or "row 7 of train.img.tsv".
  ///   - upright: turns the picture as its EXIF orientation says, which Pillow does not do by itself.
  /// - Returns: the image, of at least one pixel.
  /// - Throws: `InputError` of kind `.badData` for bytes that are empty, of an unknown format, damaged,
  ///   animated, or of more than ``maximumPixels``.
  package static func decode(
    _ bytes: [UInt8], place: String, upright: Bool = false
  ) throws(InputError) -> RGBImage {
    guard let format = ImageFormat(signatureOf: bytes) else {
      throw InputError(
        .badData, bytes.isEmpty ? "the image is empty" : "the image has an unknown format",
        expected: "a JPEG, PNG or WebP", found: describe(signatureOf: bytes), in: place,
        advice: "convert it to one of these, for example with ffmpeg or ImageMagick")
    }
    var width: Int32 = 0
    var height: Int32 = 0
    try call(format, place) { message, capacity in
      bytes.withUnsafeBufferPointer { source in
        guard let start = source.baseAddress else { return CM_DAMAGED }
        return format.size(start, source.count, &width, &height, message, capacity)
      }
    }
    let (columns, rows) = (Int(width), Int(height))
    guard rows <= maximumPixels / columns else {
      throw InputError(
        .badData, "the \(format.rawValue) is too large",
        expected: "at most \(maximumPixels) pixels",
        found: "\(columns) x \(rows) pixels", in: place, advice: "scale it down first")
    }
    var status: Result<Void, InputError> = .success(())
    let pixels = [UInt8](unsafeUninitializedCapacity: rows * columns * 3) { target, count in
      do throws(InputError) {
        try call(format, place) { message, capacity in
          bytes.withUnsafeBufferPointer { source in
            guard let start = source.baseAddress, let target = target.baseAddress else {
              return CM_DAMAGED
            }
            return format.decode(start, source.count, width, height, target, message, capacity)
          }
        }
        count = rows * columns * 3
      } catch {
        status = .failure(error)
      }
    }
    try status.get()
    let image = RGBImage(width: columns, height: rows, pixels: pixels)
    return upright ? Orientation(of: bytes, format).upright(image) : image
  }

  /// Reads and decodes an image file; see ``decode(_:place:upright:)``.
  ///
  /// - Throws: `InputError`: `.noInput` where there is no such file, `.io` where it cannot be read,
  ///   `.badData` as for ``decode(_:place:upright:)``.
  package static func read(path: String, upright: Bool = false) throws(InputError) -> RGBImage {
    try decode(InputFile.read(path: path), place: path, upright: upright)
  }

  /// Runs one step of a decoder and turns its status into an error.
  private static func call(
    _ format: ImageFormat, _ place: String,
    _ body: (UnsafeMutablePointer<CChar>, Int) -> cm_status
  ) throws(InputError) {
    let (status, message) = withMessage(body)
    switch status {
    case CM_OK: return
    case CM_UNSUPPORTED:
      throw InputError(
        .badData, "the \(format.rawValue) cannot be decoded", expected: "a still image",
        found: message, in: place, advice: "convert it to a still PNG or JPEG")
    case CM_NO_MEMORY:
      throw InputError(
        .io, "the \(format.rawValue) does not fit into memory", expected: "room for its pixels",
        found: message, in: place, advice: "scale it down first")
    default:
      throw InputError(
        .badData, "the \(format.rawValue) is damaged",
        expected: "a complete \(format.rawValue) file",
        found: "'\(message)' from the decoder", in: place,
        advice: "fetch or export the image again")
    }
  }

  private static func describe(signatureOf bytes: [UInt8]) -> String {
    if bytes.isEmpty { return "0 bytes" }
    let digits = bytes.prefix(8).map { byte in
      (byte < 16 ? "0" : "") + String(byte, radix: 16)
    }
    return "\(bytes.count) bytes that begin with \(digits.joined(separator: " "))"
  }
}

/// Runs a C function that may leave a message, and returns its result with that message.
func withMessage<Status>(
  _ body: (UnsafeMutablePointer<CChar>, Int) -> Status
) -> (Status, String) {
  withUnsafeTemporaryAllocation(of: CChar.self, capacity: 512) { buffer in
    buffer.initialize(repeating: 0)
    guard let start = buffer.baseAddress else { preconditionFailure("an empty message buffer") }
    let status = body(start, buffer.count)
    return (status, String(cString: start))
  }
}
