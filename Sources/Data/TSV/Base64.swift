/// Base64 as RFC 4648, section 4, has it: the standard alphabet, padded, no line ends.
enum Base64 {
  /// Why text is not base64, with what to show a user.
  enum Failure: Error, CustomStringConvertible {
    /// The length in bytes is 0 or no multiple of four.
    case length(Int)
    /// A byte at this offset that is not of the alphabet, or padding before the end.
    case character(UInt8, offset: Int)

    var description: String {
      switch self {
      case .length(0): "nothing"
      case .length(let length): "\(length) characters, not a multiple of 4"
      case .character(let byte, let offset):
        "byte 0x\(String(byte, radix: 16, uppercase: true)) at character \(offset + 1)"
      }
    }
  }

  /// Decodes a whole text, which is not empty.
  ///
  /// Bits that the padding leaves over are ignored, as other decoders do.
  static func decode(_ text: UnsafeRawBufferPointer) throws(Failure) -> [UInt8] {
    guard text.count > 0, text.count.isMultiple(of: 4) else { throw .length(text.count) }
    let padding = text[text.count - 1] != pad ? 0 : text[text.count - 2] != pad ? 1 : 2
    let groups = text.count / 4 - 1  // all but the last, which may be padded
    // Bits 6 and 7 of any value that is no digit stay set here.
    var seen: UInt8 = 0
    let bytes = values.withUnsafeBufferPointer { values in
      [UInt8](unsafeUninitializedCapacity: 3 * groups + 3) { bytes, count in
        for group in 0..<groups {
          let a = values[Int(text[4 * group])]
          let b = values[Int(text[4 * group + 1])]
          let c = values[Int(text[4 * group + 2])]
          let d = values[Int(text[4 * group + 3])]
          seen |= a | b | c | d
          bytes[3 * group] = a << 2 | b >> 4
          bytes[3 * group + 1] = b << 4 | c >> 2
          bytes[3 * group + 2] = c << 6 | d
        }
        let last = 4 * groups
        let a = values[Int(text[last])]
        let b = values[Int(text[last + 1])]
        let c = padding == 2 ? 0 : values[Int(text[last + 2])]
        let d = padding > 0 ? 0 : values[Int(text[last + 3])]
        seen |= a | b | c | d
        bytes[3 * groups] = a << 2 | b >> 4
        bytes[3 * groups + 1] = b << 4 | c >> 2
        bytes[3 * groups + 2] = c << 6 | d
        count = 3 * groups + 3 - padding
      }
    }
    if seen & 0xC0 != 0 { throw firstBadCharacter(in: text, padding: padding) }
    return bytes
  }

  /// Encodes bytes; none give an empty text.
  static func encode(_ bytes: [UInt8]) -> [UInt8] {
    var text: [UInt8] = []
    text.reserveCapacity((bytes.count + 2) / 3 * 4)
    for start in stride(from: 0, to: bytes.count, by: 3) {
      let left = bytes.count - start
      let a = bytes[start]
      let b = left > 1 ? bytes[start + 1] : 0
      let c = left > 2 ? bytes[start + 2] : 0
      text.append(alphabet[Int(a >> 2)])
      text.append(alphabet[Int((a & 3) << 4 | b >> 4)])
      text.append(left > 1 ? alphabet[Int((b & 15) << 2 | c >> 6)] : pad)
      text.append(left > 2 ? alphabet[Int(c & 63)] : pad)
    }
    return text
  }

  private static func firstBadCharacter(
    in text: UnsafeRawBufferPointer, padding: Int
  ) -> Failure {
    for offset in 0..<(text.count - padding) where values[Int(text[offset])] > 63 {
      return .character(text[offset], offset: offset)
    }
    preconditionFailure("a bad character was seen")
  }

  private static let pad = UInt8(ascii: "=")
  private static let alphabet = Array(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
  /// The six bits of each byte of the alphabet, 0xFF for any other.
  private static let values: [UInt8] = {
    var values = [UInt8](repeating: 0xFF, count: 256)
    for (value, character) in alphabet.enumerated() { values[Int(character)] = UInt8(value) }
    return values
  }()
}
