import Diagnostics

/// Where the entries of a zip archive lie in the file; only archives that store them as they are.
///
/// - Source: PKWARE's APPNOTE 6.3, sections 4.3 to 4.5, with the 64-bit extensions.
struct ZipDirectory {
  /// Bytes of the file by the entry's name; no two overlap.
  private(set) var entries: [String: Range<Int>] = [:]
  private let file: UnsafeRawBufferPointer
  private let place: String

  private static let localSize = 30
  private static let endSize = 22
  private static let locatorSize = 20

  /// Reads the directory and checks every entry's header.
  ///
  /// - Throws: `.badData` for a file that is no zip archive, damaged, compressed or encrypted.
  init(_ file: UnsafeRawBufferPointer, place: String) throws(InputError) {
    self.file = file
    self.place = place
    let directory = try directory()
    var reader = LittleEndianReader(
      UnsafeRawBufferPointer(rebasing: file[directory]))
    /// Header and data of each entry.
    var spans: [(name: String, range: Range<Int>)] = []
    while reader.remaining > 0 {
      let (name, header, size) = try record(&reader)
      let data = try data(of: name, header: header, size: size, limit: directory.lowerBound)
      guard entries.updateValue(data, forKey: name) == nil else {
        throw fail("each name once", "it again", name)
      }
      spans.append((name, header..<data.upperBound))
    }
    spans.sort { $0.range.lowerBound < $1.range.lowerBound }
    for (before, after) in zip(spans, spans.dropFirst())
    where after.range.lowerBound < before.range.upperBound {
      throw fail(
        "entries that do not overlap", "'\(before.name.prefix(100))' over it", after.name)
    }
  }

  private func fail(_ expected: String, _ found: String, _ entry: String? = nil) -> InputError {
    InputError(
      .badData, "not a readable zip archive", expected: expected, found: found,
      in: place + (entry.map { ", entry '\($0.prefix(200))'" } ?? ""),
      advice: "check that this is a file torch.save wrote; get it again")
  }

  // MARK: The end of the file

  /// Where the central directory lies.
  private func directory() throws(InputError) -> Range<Int> {
    let end = try endRecord()
    var reader = LittleEndianReader(file, at: end + 4)
    guard let disk: UInt16 = reader.integer(), let first: UInt16 = reader.integer(),
      let count: UInt16 = reader.integer(), let total: UInt16 = reader.integer(),
      let size: UInt32 = reader.integer(), let offset: UInt32 = reader.integer()
    else { throw fail("an end record of 22 bytes", "fewer") }
    if count == .max || size == .max || offset == .max { return try largeDirectory(before: end) }
    guard disk == 0, first == 0, count == total else {
      throw fail("an archive in one part", "part \(disk) of several")
    }
    return try range(UInt64(offset), UInt64(size), limit: end)
  }

  /// The last record that ends with the file: after it comes only its own comment.
  private func endRecord() throws(InputError) -> Int {
    var position = file.count - Self.endSize
    while position >= 0, position >= file.count - Self.endSize - Int(UInt16.max) {
      var reader = LittleEndianReader(file, at: position)
      if reader.integer(UInt32.self) == 0x0605_4b50 {
        reader = LittleEndianReader(file, at: position + 20)
        if let length: UInt16 = reader.integer(), reader.remaining == Int(length) {
          return position
        }
      }
      position -= 1
    }
    throw fail("a zip archive's end record", "none in \(file.count) bytes, so it may be cut short")
  }

  /// As ``directory()``, for counts and offsets beyond the older record's fields.
  private func largeDirectory(before end: Int) throws(InputError) -> Range<Int> {
    var reader = LittleEndianReader(file, at: max(0, end - Self.locatorSize))
    guard reader.integer(UInt32.self) == 0x0706_4b50, reader.integer(UInt32.self) == 0,
      let offset: UInt64 = reader.integer(), let place = Int(exactly: offset), place <= end
    else { throw fail("a 64-bit end record", "none") }
    reader = LittleEndianReader(file, at: place)
    guard reader.integer(UInt32.self) == 0x0606_4b50, reader.slice(36) != nil,
      let size: UInt64 = reader.integer(), let start: UInt64 = reader.integer()
    else { throw fail("a 64-bit end record", "other bytes at \(place)") }
    return try range(start, size, limit: place)
  }

  private func range(
    _ offset: UInt64, _ size: UInt64, limit: Int
  ) throws(InputError) -> Range<Int> {
    guard let start = Int(exactly: offset), let size = Int(exactly: size), start <= limit,
      size <= limit - start
    else { throw fail("a directory within the file", "\(size) bytes at \(offset)") }
    return start..<start + size
  }

  // MARK: Entries

  /// One record of the directory: the entry's name, where its header is, and the bytes it holds.
  private func record(
    _ reader: inout LittleEndianReader
  ) throws(InputError) -> (name: String, header: Int, size: Int) {
    let cut = fail("a directory of whole records", "one cut short")
    guard reader.integer(UInt32.self) == 0x0201_4b50 else {
      throw fail("a record of the directory", "other bytes")
    }
    guard reader.slice(4) != nil, let flags: UInt16 = reader.integer(),
      let method: UInt16 = reader.integer(), reader.slice(8) != nil,
      let packed: UInt32 = reader.integer(), let plain: UInt32 = reader.integer(),
      let nameLength: UInt16 = reader.integer(), let extraLength: UInt16 = reader.integer(),
      let commentLength: UInt16 = reader.integer(), reader.slice(8) != nil,
      let offset: UInt32 = reader.integer(), let nameBytes = reader.slice(Int(nameLength)),
      let extra = reader.slice(Int(extraLength)), reader.slice(Int(commentLength)) != nil
    else { throw cut }
    guard let name = String(validating: nameBytes, as: UTF8.self), !name.isEmpty else {
      throw fail("names in UTF-8", "other bytes")
    }
    guard flags & 1 == 0 else { throw fail("entries as they are", "an encrypted one", name) }
    guard method == 0 else {
      throw fail("stored entries", "one compressed by method \(method)", name)
    }
    var large = LittleEndianReader(extended(extra))
    func value(_ field: UInt32) throws(InputError) -> Int {
      let wide: UInt64? = field == .max ? large.integer() : UInt64(field)
      guard let wide, let value = Int(exactly: wide), value <= file.count else {
        throw fail("sizes and offsets within the file", "others", name)
      }
      return value
    }
    // In this order in the extra field.
    let (size, packedSize) = (try value(plain), try value(packed))
    guard size == packedSize else {
      throw fail("\(size) stored bytes", "\(packedSize)", name)
    }
    return (name, try value(offset), size)
  }

  /// The 64-bit values among a record's extra fields; empty where it has none.
  private func extended(_ extra: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
    var reader = LittleEndianReader(extra)
    while let tag: UInt16 = reader.integer(), let length: UInt16 = reader.integer(),
      let field = reader.slice(Int(length))
    {
      if tag == 1 { return field }
    }
    return UnsafeRawBufferPointer(start: nil, count: 0)
  }

  /// The bytes of an entry, behind its own header.
  private func data(
    of name: String, header: Int, size: Int, limit: Int
  ) throws(InputError) -> Range<Int> {
    var reader = LittleEndianReader(file, at: header)
    guard reader.integer(UInt32.self) == 0x0403_4b50, reader.slice(22) != nil,
      let nameLength: UInt16 = reader.integer(), let extraLength: UInt16 = reader.integer()
    else { throw fail("an entry's header", "other bytes at \(header)", name) }
    let start = header + Self.localSize + Int(nameLength) + Int(extraLength)
    guard start <= limit, size <= limit - start else {
      throw fail("\(size) bytes before the directory", "fewer", name)
    }
    return start..<start + size
  }
}
