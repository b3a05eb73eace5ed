import Data
import FoundationEssentials
import Graph
import Media

@testable import Trainer

/// A folder with a small data set, removed with everything in it.
///
/// Images of 16 pixels in one colour each, and captions that say it: a model that works has learnt
/// them in a second.
final class ColouredImages {
  static let colours: [(name: String, red: UInt8, green: UInt8, blue: UInt8)] = [
    ("red", 230, 20, 20), ("green", 20, 200, 30), ("blue", 30, 40, 220), ("yellow", 240, 230, 20),
    ("black", 5, 5, 5), ("white", 250, 250, 250), ("pink", 250, 130, 190), ("brown", 120, 70, 20),
  ]

  let folder: String

  init() throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "gitc-\(UUID())").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try write(
      "train", Self.colours.map { ($0.name, [Self.image($0)], ["the picture is \($0.name)"]) })
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  subscript(name: String) -> String { "\(folder)/\(name)" }

  /// Writes the pair `name`.img.tsv and `name`.caption.tsv.
  func write(
    _ name: String, _ rows: [(key: String, images: [[UInt8]], captions: [String])]
  ) throws {
    var writer = try TSVWriter(prefix: self[name])
    for row in rows {
      try writer.append(
        key: row.key, images: row.images,
        annotations: row.captions.map { TextSample(key: row.key, caption: $0) })
    }
    try writer.finish()
  }

  func bytes(_ name: String) throws -> [UInt8] {
    Array(try FoundationEssentials.Data(contentsOf: URL(filePath: self[name])))
  }

  /// The files that the data set does not consist of.
  var outputs: [String] {
    get throws {
      try FileManager.default.contentsOfDirectory(atPath: folder)
        .filter { name in ![".tsv", ".lineidx.8b"].contains { name.hasSuffix($0) } }.sorted()
    }
  }

  /// A PNG of one colour.
  static func image(
    _ colour: (name: String, red: UInt8, green: UInt8, blue: UInt8), side: Int = 16
  ) -> [UInt8] {
    RGBImage(
      width: side, height: side,
      pixels: (0..<side * side).flatMap { _ in [colour.red, colour.green, colour.blue] }
    ).encodedPNG()
  }

  /// A recipe that learns the data set; `more` overrides it.
  func recipe(steps: Int, _ more: String...) throws -> Recipe {
    try recipe(steps: steps, overrides: more)
  }

  func recipe(steps: Int, overrides: [String]) throws -> Recipe {
    try Recipe(
      yaml: """
        seed: 3
        batch_size: 8
        steps: \(steps)
        model:
          image_size: 16
          patch_size: 8
          vision_width: 32
          vision_layers: 1
          vision_heads: 2
          text_width: 32
          text_layers: 1
          text_heads: 2
          maximum_text_length: 8
          frames: 0
          dropout: 0
        text: {vocabulary_size: 80}
        data: {train: ["\(self["train.img.tsv"])"], validation: ["\(self["train.img.tsv"])"]}
        loss: {smoothing: 0}
        optimizer: {learning_rate: 4e-3, warmup_steps: 10}
        validation: {interval: 10}
        """, overrides: overrides, place: "test recipe")
  }
}
