package import Diagnostics
import Formats
import FoundationEssentials
package import Media

/// Tar shards as img2dataset writes them: members with one stem are a sample, `.jpg` (or `.png`,
/// `.webp`) the image, `.txt` the caption, `.json` what else is known.
///
/// Opening walks over the headers and reads the texts; images are read when they are asked for. A
/// sample without `.txt` takes the `caption` of its `.json`. A shard that breaks off gives the
/// samples before that.
/// - Source: img2dataset's webdataset output; webdataset's convention that a stem ends at the first
///   dot of a member's name.
package final class TarDataset: Dataset {
  package let place: String
  package let skipped: SkippedSamples
  package let frames = FrameCount.fixed(1)
  private let shards: [FileMapping]
  private let rows: [Row]

  private struct Row: Sendable {
    var key: String
    var caption: String
    var shard: Int
    var image: Range<Int>
  }

  /// Opens shards.
  ///
  /// - Throws: `.noInput` or `.io` where one of them cannot be read; `.badData` where there is no
  ///   sample at all.
  package init(_ paths: [String], place: String) throws(InputError) {
    self.place = place
    var (shards, rows, skipped): ([FileMapping], [Row], SkippedSamples) = ([], [], .init())
    for (index, path) in paths.enumerated() {
      let shard = try FileMapping(path: path)
      shards.append(shard)
      var samples = Samples(shard: shard, index: index)
      samples.read()
      rows += samples.rows
      for problem in samples.problems { skipped.add(problem) }
    }
    guard !rows.isEmpty else {
      throw InputError(
        .badData, "data set is empty", expected: "one sample or more",
        found: skipped.summary ?? "0 samples in \(paths.count) shards", in: place,
        advice: "check the shards")
    }
    (self.shards, self.rows, self.skipped) = (shards, rows, skipped)
  }

  package var count: Int { rows.count }
  package func key(_ row: Int) -> String { rows[row].key }
  package func annotations(_ row: Int) -> [TextSample] {
    [TextSample(key: rows[row].key, caption: rows[row].caption)]
  }

  package func images(_ row: Int, frames: Int) throws(InputError) -> [RGBImage] {
    let place = "\(shards[rows[row].shard].path), key \(rows[row].key)"
    return [try RGBImage.decode(imageBytes(row), place: place)]
  }

  /// The encoded image file of a row.
  package func imageBytes(_ row: Int) -> [UInt8] {
    let shard = shards[rows[row].shard]
    return withExtendedLifetime(shard) { [UInt8](shard.bytes[rows[row].image]) }
  }

  /// The samples of one shard, whose members come one after the other.
  private struct Samples {
    let shard: FileMapping
    let index: Int
    var rows: [Row] = []
    var problems: [InputError] = []
    private var stem: String?
    private var image: Range<Int>?
    private var text: Range<Int>?
    private var json: Range<Int>?

    private struct Metadata: Decodable {
      var caption: String?
    }

    init(shard: FileMapping, index: Int) {
      self.shard = shard
      self.index = index
    }

    mutating func read() {
      withExtendedLifetime(shard) {
        var reader = TarReader(shard.bytes, place: shard.path)
        do throws(InputError) {
          while let member = try reader.next() { add(member) }
        } catch { problems.append(error) }
        finish()
      }
    }

    private mutating func add(_ member: TarReader.Member) {
      let base = member.name.lastIndex(of: "/").map { member.name.index(after: $0) }
      let file = member.name[(base ?? member.name.startIndex)...]
      guard !file.hasPrefix("."), let dot = file.firstIndex(of: ".") else { return }
      let stem = String(member.name[..<dot])
      if stem != self.stem {
        finish()
        self.stem = stem
      }
      switch file[file.index(after: dot)...].lowercased() {
      case "jpg", "jpeg", "png", "webp": image = image ?? member.bytes
      case "txt": text = member.bytes
      case "json": json = member.bytes
      default: break
      }
    }

    /// Makes a row of what came with one stem.
    private mutating func finish() {
      defer { (stem, image, text, json) = (nil, nil, nil, nil) }
      guard let stem else { return }
      guard let image else {
        // Statistics and the like have no caption either.
        if text != nil { problems.append(problem("no image", stem)) }
        return
      }
      guard let caption = caption(), !caption.isEmpty else {
        problems.append(problem("no caption", stem))
        return
      }
      rows.append(Row(key: stem, caption: caption, shard: index, image: image))
    }

    private func caption() -> String? {
      if let text {
        guard let caption = String(validating: shard.bytes[text], as: UTF8.self) else { return nil }
        return String(
          caption.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
      }
      guard let json else { return nil }
      return (try? JSONDecoder().decode(Metadata.self, from: Data(shard.bytes[json])))?.caption
    }

    private func problem(_ found: String, _ stem: String) -> InputError {
      InputError(
        .badData, "a sample is incomplete", expected: "an image and a caption", found: found,
        in: "\(shard.path), key \(stem)", advice: "leave it out, or make the shard again")
    }
  }
}
