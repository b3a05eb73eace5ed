import Diagnostics
import Formats
import Glibc

/// Where each row of a TSV file begins: `x.lineidx.8b` beside `x.tsv`, 8-byte little-endian offsets.
enum LineIndex {
  /// The path of the index of a TSV file: `.tsv` at the end replaced, or `.lineidx.8b` appended.
  static func path(for tsv: String) -> String {
    (tsv.hasSuffix(".tsv") ? String(tsv.dropLast(4)) : tsv) + ".lineidx.8b"
  }

  /// The offsets of all rows.
  ///
  /// Taken from the index file where it fits the TSV file; else found by reading the TSV file, and
  /// written as the index file for the next time.
  static func load(for tsv: FileMapping) -> [Int] {
    let path = path(for: tsv.path)
    if let offsets = read(path), fits(offsets, tsv.bytes) { return offsets }
    let offsets = scan(tsv.bytes)
    // The index only saves time: in a folder that cannot be written, each open scans again.
    try? AtomicFile.write(to: path) { writer throws(InputError) in
      try writer.write(offsets.map { Int64($0).littleEndian })
    }
    return offsets
  }

  /// The offsets in an index file, or nil where there is none of whole entries.
  private static func read(_ path: String) -> [Int]? {
    guard let file = try? FileMapping(path: path) else { return nil }
    let bytes = file.bytes
    guard bytes.count.isMultiple(of: 8) else { return nil }
    return withExtendedLifetime(file) {
      (0..<(bytes.count / 8)).map { index in
        Int(Int64(littleEndian: bytes.loadUnaligned(fromByteOffset: 8 * index, as: Int64.self)))
      }
    }
  }

  /// Whether offsets can be those of this file: from 0 ascending, and the last row is one line.
  ///
  /// An index of an older file is found out here when the file has grown or shrunk since. What is
  /// left, rows moved within the same length, is found when such a row is read.
  private static func fits(_ offsets: [Int], _ tsv: UnsafeRawBufferPointer) -> Bool {
    guard let last = offsets.last else { return tsv.isEmpty }
    guard offsets[0] == 0, last < tsv.count else { return false }
    guard zip(offsets, offsets.dropFirst()).allSatisfy({ $0 < $1 }) else { return false }
    guard last == 0 || tsv[last - 1] == newline else { return false }
    return first(newline, in: tsv, from: last).map { $0 == tsv.count - 1 } ?? true
  }

  /// Finds every row; a last row may lack its line end.
  private static func scan(_ tsv: UnsafeRawBufferPointer) -> [Int] {
    var offsets: [Int] = []
    var start = 0
    while start < tsv.count {
      offsets.append(start)
      guard let end = first(newline, in: tsv, from: start) else { break }
      start = end + 1
    }
    return offsets
  }

  static let newline = UInt8(ascii: "\n")

  /// The offset of the first `byte` at or after `start`, or nil.
  static func first(_ byte: UInt8, in bytes: UnsafeRawBufferPointer, from start: Int) -> Int? {
    guard let base = bytes.baseAddress, start < bytes.count,
      let found = memchr(base + start, Int32(byte), bytes.count - start)
    else { return nil }
    return UnsafeRawPointer(found) - base
  }
}
