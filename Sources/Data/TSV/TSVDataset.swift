package import Diagnostics
import Formats
package import Media

/// Images or clips with their texts: a pair `x.img.tsv` and `x.caption.tsv`.
///
/// | file | a row |
/// |---|---|
/// | `x.img.tsv` | key ⇥ base64 of an image file; a clip has one more column per further frame |
/// | `x.caption.tsv` | key ⇥ JSON list, see below |
///
/// Row i of one belongs to row i of the other, and their keys are equal. A list entry is
/// `{"caption": …}`, or `{"question": …, "answer": …}`. Texts are read and checked when the pair is
/// opened, images when they are asked for. Any number of threads may read at once.
/// - Source: the TSV files of microsoft/GenerativeImage2Text.
package final class TSVDataset: Dataset {
  package let place: String
  /// Of the first row with an image; clips of other lengths are sampled to it.
  package let frames: FrameCount
  package let skipped: SkippedSamples
  private let images: TSVImages
  /// Which row of the files each row is.
  private let rows: [Int]
  private let keys: [String]
  /// All samples, row after row; those of row i are `starts[i]..<starts[i + 1]`.
  private let samples: [TextSample]
  private let starts: [Int]

  /// The two paths of a pair, from either of them; nil where the name ends in neither suffix.
  package static func pair(of path: String) -> (images: String, captions: String)? {
    for suffix in [imageSuffix, captionSuffix] where path.hasSuffix(suffix) {
      let prefix = String(path.dropLast(suffix.count))
      return (prefix + imageSuffix, prefix + captionSuffix)
    }
    return nil
  }

  static let imageSuffix = ".img.tsv"
  static let captionSuffix = ".caption.tsv"

  /// Opens a pair, named by either of its files.
  ///
  /// - Throws: `.usage` for another name; `.noInput` or `.io` where one of the files cannot be read;
  ///   `.badData` where the files differ in their number of rows, or in the first or the last key. A
  ///   difference of other keys is found by ``imageBytes(_:)``: the image file may be too large to
  ///   read through. A row of the caption file that cannot be read is skipped.
  package init(_ path: String) throws(InputError) {
    guard let pair = Self.pair(of: path) else {
      throw InputError(
        .usage, "this is not a TSV pair", expected: "a name that ends in .img.tsv or .caption.tsv",
        found: "another name", in: path, advice: "name either file of the pair")
    }
    let captions = try TSVFile(path: pair.captions)
    images = try TSVImages(pair.images)
    guard images.count == captions.count else {
      throw InputError(
        .badData, "the two files of the pair differ in length",
        expected: "\(captions.count) rows, as in \(pair.captions)", found: "\(images.count) rows",
        in: pair.images, advice: "make both files from the same data")
    }
    var (keys, samples, starts, rows): ([String], [TextSample], [Int], [Int]) = ([], [], [0], [])
    var skipped = SkippedSamples()
    for row in 0..<captions.count {
      do throws(InputError) {
        let (key, texts) = try Self.row(row, of: captions)
        keys.append(key)
        samples += texts
        starts.append(samples.count)
        rows.append(row)
      } catch { skipped.add(error) }
    }
    (self.keys, self.samples, self.starts, self.rows) = (keys, samples, starts, rows)
    self.skipped = skipped
    place = path
    frames = .fixed(images.frameCount)
    if !keys.isEmpty {
      for row in [0, keys.count - 1] { try checkKey(row) }
    }
  }

  /// Key and texts of a row of the caption file.
  private static func row(
    _ row: Int, of captions: TSVFile
  ) throws(InputError) -> (String, [TextSample]) {
    let columns = try captions.columns(row)
    guard columns.count == 2 else {
      throw InputError(
        .badData, "a row has the wrong number of columns", expected: "2: key and JSON list",
        found: "\(columns.count)", in: captions.place(row), advice: "correct the row")
    }
    let key = try captions.string(columns[0], row: row)
    return (key, try AnnotationList.decode(columns[1], key: key, place: captions.place(row)))
  }

  /// The number of rows.
  package var count: Int { keys.count }

  /// The key of row `index`, which is in `0..<count`.
  package func key(_ index: Int) -> String { keys[index] }

  /// The texts of row `index`, which is in `0..<count`; none for a row without text.
  package func annotations(_ index: Int) -> [TextSample] {
    Array(samples[starts[index]..<starts[index + 1]])
  }

  /// The encoded image files of a row: one image, or the frames of a clip in order.
  ///
  /// - Parameter index: in `0..<count`.
  /// - Returns: at least one file's bytes, none of them empty: JPEG, PNG or whatever was stored.
  /// - Throws: `.badData` where the row has another key than the caption file, no image, or a column
  ///   that is not base64.
  package func imageBytes(_ index: Int) throws(InputError) -> [[UInt8]] {
    try checkKey(index)
    return try images.imageBytes(rows[index])
  }

  package func images(_ row: Int, frames: Int) throws(InputError) -> [RGBImage] {
    let files = try imageBytes(row)
    var images: [RGBImage] = []
    for index in FrameSampling.indexes(count: files.count, exactly: frames) {
      images.append(try RGBImage.decode(files[index], place: "\(place), key \(keys[row])"))
    }
    return images
  }

  /// Checks that row `row` of the image file has the caption file's key.
  private func checkKey(_ row: Int) throws(InputError) {
    let key = try images.key(rows[row])
    // By bytes: keys are names, and equivalent spellings are other names.
    guard key.utf8.elementsEqual(keys[row].utf8) else {
      throw InputError(
        .badData, "the keys of the pair differ", expected: "'\(keys[row])', as in the caption file",
        found: "'\(key)'", in: images.place(rows[row]), advice: "write both files in the same order"
      )
    }
  }
}
