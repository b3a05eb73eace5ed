package import Diagnostics

/// The image half of a TSV pair, which can also stand alone: key ⇥ base64 of an image file, and for a
/// clip one more column per further frame.
///
/// Any number of threads may read at once.
package final class TSVImages: Sendable {
  private let file: TSVFile

  /// Opens an image TSV.
  ///
  /// - Throws: `.noInput` where there is no such file; `.io` where the system refuses.
  package init(_ path: String) throws(InputError) {
    file = try TSVFile(path: path)
  }

  /// The number of rows.
  package var count: Int { file.count }

  /// The key of row `index`, which is in `0..<count`.
  ///
  /// - Throws: `.badData` where it is not UTF-8.
  package func key(_ index: Int) throws(InputError) -> String {
    try file.string(file.columns(index)[0], row: index)
  }

  /// The images of the first row that has any; 1 where none has.
  var frameCount: Int {
    for row in 0..<count {
      if let columns = try? file.columns(row), columns.count > 1 { return columns.count - 1 }
    }
    return 1
  }

  /// The encoded image files of a row: one image, or the frames of a clip in order.
  ///
  /// - Parameter index: in `0..<count`.
  /// - Returns: at least one file's bytes, none of them empty: JPEG, PNG or whatever was stored.
  /// - Throws: `.badData` where the row has no image, or a column that is not base64.
  package func imageBytes(_ index: Int) throws(InputError) -> [[UInt8]] {
    let columns = try file.columns(index)
    guard columns.count > 1 else {
      throw InputError(
        .badData, "a row has no image", expected: "key, tab, base64",
        found: "\(columns.count) column", in: place(index), advice: "correct the row")
    }
    var files: [[UInt8]] = []
    for column in columns.indices.dropFirst() {
      do throws(Base64.Failure) {
        files.append(try Base64.decode(columns[column]))
      } catch {
        throw InputError(
          .badData, "an image cannot be read", expected: "base64 with padding",
          found: error.description, in: "\(place(index)), column \(column + 1)",
          advice: "write the row again")
      }
    }
    return files
  }

  /// "x.img.tsv, row 3", for errors.
  func place(_ row: Int) -> String { file.place(row) }
}
