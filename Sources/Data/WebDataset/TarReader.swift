import Diagnostics

/// Walks through the members of a tar file, header by header; what lies between is not touched.
///
/// Regular members of POSIX ustar, GNU and pax archives; folders, links and the like are passed over.
/// - Source: POSIX.1-2017, pax, "ustar Interchange Format" and "pax Header Block"; GNU tar manual,
///   "Basic Tar Format".
struct TarReader {
  /// A regular file inside.
  struct Member: Equatable {
    var name: String
    /// Where its bytes lie in the archive.
    var bytes: Range<Int>
  }

  private static let blockSize = 512

  private let archive: UnsafeRawBufferPointer
  private let place: String
  private var offset = 0

  /// - Parameters:
  ///   - archive: the whole file, valid while the reader is used.
  ///   - place: its path, for errors.
  init(_ archive: UnsafeRawBufferPointer, place: String) {
    self.archive = archive
    self.place = place
  }

  /// The next member; nil at the end, which two empty blocks mark or the file's own end.
  ///
  /// - Throws: `.badData` where there is no header or the member is cut short; nothing can be read
  ///   after that.
  mutating func next() throws(InputError) -> Member? {
    var longName: String?
    while offset < archive.count {
      guard archive.count - offset >= Self.blockSize else { throw damaged("a part of a header") }
      let header = UnsafeRawBufferPointer(rebasing: archive[offset..<(offset + Self.blockSize)])
      if header.allSatisfy({ $0 == 0 }) {
        offset = archive.count
        return nil
      }
      guard Self.checksumFits(header) else { throw damaged("no tar header") }
      guard let size = Self.number(header[124..<136]), size >= 0,
        size <= archive.count - offset - Self.blockSize
      else { throw damaged("a member that is cut short") }
      let start = offset + Self.blockSize
      let bytes = start..<(start + size)
      offset = min(
        archive.count, start + (size + Self.blockSize - 1) / Self.blockSize * Self.blockSize)
      switch header[156] {
      case UInt8(ascii: "0"), 0, UInt8(ascii: "7"):
        let name = longName ?? Self.name(header)
        return Member(name: name, bytes: bytes)
      case UInt8(ascii: "L"): longName = Self.text(archive[bytes])
      case UInt8(ascii: "x"): longName = Self.path(inPax: archive[bytes]) ?? longName
      default: longName = nil
      }
    }
    return nil
  }

  private func damaged(_ found: String) -> InputError {
    InputError(
      .badData, "the tar shard is damaged", expected: "a whole member", found: found,
      in: "\(place), byte \(offset)", advice: "fetch or make the shard again")
  }

  /// Whether the header's bytes add up to its sum, which counts its own field as spaces.
  private static func checksumFits(_ header: UnsafeRawBufferPointer) -> Bool {
    var sum = 0
    for (index, byte) in header.enumerated() {
      sum += (148..<156).contains(index) ? 32 : Int(byte)
    }
    return number(header[148..<156]) == sum
  }

  /// An octal number, or a binary one as GNU tar writes large sizes.
  private static func number(_ field: Slice<UnsafeRawBufferPointer>) -> Int? {
    if let first = field.first, first & 0x80 != 0 {
      return field.dropFirst().reduce(Int(first & 0x7F)) { value, byte in
        value.map { $0 > Int.max >> 8 ? nil : $0 << 8 | Int(byte) } ?? nil
      }
    }
    let digits = field.filter { $0 != 0 && $0 != 32 }
    return digits.isEmpty ? 0 : Int(String(decoding: digits, as: UTF8.self), radix: 8)
  }

  private static func text(_ field: Slice<UnsafeRawBufferPointer>) -> String {
    String(decoding: field.prefix { $0 != 0 }, as: UTF8.self)
  }

  private static func name(_ header: UnsafeRawBufferPointer) -> String {
    let isUstar = header[257..<262].elementsEqual("ustar".utf8)
    let prefix = isUstar ? text(header[345..<500]) : ""
    let name = text(header[0..<100])
    return prefix.isEmpty ? name : "\(prefix)/\(name)"
  }

  /// The path of a pax header: records "<length> <key>=<value>\n".
  private static func path(inPax records: Slice<UnsafeRawBufferPointer>) -> String? {
    var rest = records[...]
    while let space = rest.firstIndex(of: 32),
      let length = Int(String(decoding: rest[..<space], as: UTF8.self)),
      length > space - rest.startIndex + 1, length <= rest.count
    {
      let record = rest[(space + 1)..<(rest.startIndex + length)]
      let line = String(decoding: record, as: UTF8.self)
      if line.hasPrefix("path=") { return String(line.dropFirst(5).dropLast()) }
      rest = rest[(rest.startIndex + length)...]
    }
    return nil
  }
}
