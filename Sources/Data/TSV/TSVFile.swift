package import Diagnostics
import Formats

/// A file of tab-separated rows without header or quoting, read at random.
///
/// The file is mapped, so opening is fast and rows may be read from several threads at once. Rows
/// are found by `x.lineidx.8b`, which is made when it is missing or does not fit.
/// - Source: the TSV files of microsoft/GenerativeImage2Text.
package final class TSVFile: Sendable {
  /// The path it was opened by.
  package let path: String
  private let mapping: FileMapping
  /// Where each row begins.
  private let offsets: [Int]

  /// Opens a file and reads or makes its index.
  ///
  /// An empty file has no rows.
  /// - Throws: `.noInput` where there is no such file; `.io` where the system refuses.
  package init(path: String) throws(InputError) {
    self.path = path
    mapping = try FileMapping(path: path)
    offsets = LineIndex.load(for: mapping)
  }

  /// The number of rows.
  package var count: Int { offsets.count }

  /// The columns of row `index`, counted from 0.
  ///
  /// - Parameter index: in `0..<count`.
  /// - Returns: at least one column; a carriage return before the line end is no part of the last.
  /// - Throws: `.badData` where the row is not UTF-8 or the index is of another file.
  package func row(_ index: Int) throws(InputError) -> [String] {
    var columns: [String] = []
    for column in try self.columns(index) { columns.append(try string(column, row: index)) }
    return columns
  }

  /// The bytes of each column of a row; valid while this object lives.
  func columns(_ index: Int) throws(InputError) -> [UnsafeRawBufferPointer] {
    let row = try bytes(index)
    var columns: [UnsafeRawBufferPointer] = []
    var start = 0
    while let tab = LineIndex.first(UInt8(ascii: "\t"), in: row, from: start) {
      columns.append(UnsafeRawBufferPointer(rebasing: row[start..<tab]))
      start = tab + 1
    }
    columns.append(UnsafeRawBufferPointer(rebasing: row[start...]))
    return columns
  }

  /// A column as text.
  func string(_ column: UnsafeRawBufferPointer, row: Int) throws(InputError) -> String {
    guard let text = String(validating: column, as: UTF8.self) else {
      throw InputError(
        .badData, "a column is not text", expected: "UTF-8", found: "other bytes",
        in: place(row), advice: "write the file as UTF-8")
    }
    return text
  }

  /// "x.tsv, row 3", for errors; users count rows, as lines, from 1.
  func place(_ row: Int) -> String { "\(path), row \(row + 1)" }

  /// The bytes of a row without its line end; valid while this object lives.
  private func bytes(_ index: Int) throws(InputError) -> UnsafeRawBufferPointer {
    precondition(offsets.indices.contains(index), "row \(index) of \(count)")
    let all = mapping.bytes
    let start = offsets[index]
    let isLast = index + 1 == offsets.count
    let end = LineIndex.first(LineIndex.newline, in: all, from: start)
    let isLine = start == 0 || all[start - 1] == LineIndex.newline
    let endFits = isLast ? end == nil || end == all.count - 1 : end == offsets[index + 1] - 1
    guard isLine, endFits else {
      throw InputError(
        .badData, "the index does not fit the file", expected: "the offset of every line",
        found: "offset \(start) for row \(index + 1), which is not that line",
        in: LineIndex.path(for: path), advice: "delete the index; it is made again")
    }
    var row = all[start..<(end ?? all.count)]
    if row.last == UInt8(ascii: "\r") { row.removeLast() }
    return UnsafeRawBufferPointer(rebasing: row)
  }
}
