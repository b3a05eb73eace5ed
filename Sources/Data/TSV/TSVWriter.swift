package import Diagnostics
import Formats
import Glibc

/// Writes a TSV pair and its indexes: `x.img.tsv`, `x.caption.tsv` and a `.lineidx.8b` for each.
///
/// All four files appear, whole, with ``finish()``; without it, files of these names stay as they
/// are. The files are what ``TSVDataset`` reads.
package struct TSVWriter: ~Copyable {
  private var imageFile: IndexedFile
  private var captionFile: IndexedFile

  /// Begins a pair.
  ///
  /// - Parameter path: folder and name without suffix: `data/train` for `data/train.img.tsv`.
  /// - Throws: `.noInput` where the folder is missing; `.io` where it cannot be written.
  package init(prefix path: String) throws(InputError) {
    // Locals first: Swift cannot destroy half a noncopyable value when the second throws.
    let imageFile = try IndexedFile(path + TSVDataset.imageSuffix)
    let captionFile = try IndexedFile(path + TSVDataset.captionSuffix)
    self.imageFile = imageFile
    self.captionFile = captionFile
  }

  /// Appends a row to both files.
  ///
  /// - Parameters:
  ///   - key: not empty, without tab and line end.
  ///   - images: the encoded files: one image, or the frames of a clip in order.
  ///   - annotations: texts with this same key; may be none.
  /// - Throws: `.badData` for a key that cannot be written, no image or an empty one; `.io` where
  ///   the system refuses.
  package mutating func append(
    key: String, images: [[UInt8]], annotations: [TextSample]
  ) throws(InputError) {
    precondition(annotations.allSatisfy { $0.key == key }, "'\(key)' has texts of another key")
    guard !key.isEmpty, key.utf8.allSatisfy({ !Self.separators.contains($0) }) else {
      throw InputError(
        .badData, "a key cannot be written to a TSV file",
        expected: "a name without tab and line end", found: key.debugDescription,
        in: imageFile.path, advice: "rename the image")
    }
    guard !images.isEmpty, images.allSatisfy({ !$0.isEmpty }) else {
      throw InputError(
        .badData, "a row has no image", expected: "at least one file, none of them empty",
        found: images.isEmpty ? "no file" : "an empty file", in: "\(imageFile.path), key '\(key)'",
        advice: "leave the row out")
    }
    var row = Array(key.utf8)
    for file in images {
      row.append(UInt8(ascii: "\t"))
      row += Base64.encode(file)
    }
    try imageFile.append(row)
    let json = AnnotationList.encode(annotations)
    try captionFile.append(Array(key.utf8) + [UInt8(ascii: "\t")] + json)
  }

  /// Puts the files in place of any older ones; call it once, last.
  ///
  /// - Throws: `.io` where the system refuses, for a full disk for example; mostly no file has
  ///   changed then.
  package mutating func finish() throws(InputError) {
    try imageFile.sync()
    try captionFile.sync()
    // Should the process be killed between the renames, no new file stands beside an old index.
    imageFile.removeOldIndex()
    captionFile.removeOldIndex()
    try captionFile.commit()
    try imageFile.commit()
  }

  private static let separators = [UInt8(ascii: "\t"), UInt8(ascii: "\n"), UInt8(ascii: "\r")]

  /// A TSV file and its index, growing together.
  private struct IndexedFile: ~Copyable {
    let path: String
    private var rows: StagedFile
    private var index: StagedFile

    init(_ path: String) throws(InputError) {
      self.path = path
      let rows = try StagedFile(for: path)
      let index = try StagedFile(for: LineIndex.path(for: path))
      self.rows = rows
      self.index = index
    }

    mutating func append(_ row: [UInt8]) throws(InputError) {
      try index.writer.write([Int64(rows.writer.position).littleEndian])
      try rows.writer.write(row + [LineIndex.newline])
    }

    mutating func sync() throws(InputError) {
      try rows.sync()
      try index.sync()
    }

    func removeOldIndex() { unlink(LineIndex.path(for: path)) }

    mutating func commit() throws(InputError) {
      try rows.commit()
      try index.commit()
    }
  }
}
