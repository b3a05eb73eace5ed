import Data
import Diagnostics
import FoundationEssentials
import Testing

@Suite("Writing a TSV pair")
struct TSVWriterTests {
  /// Files of every length modulo 3, with every byte in them.
  private static let images: [[[UInt8]]] = [
    [[0]], [Array(0...255), [7, 8], [9, 10, 11]], [Array((0...255).reversed()) + [1]],
  ]
  private static let annotations: [[TextSample]] = [
    [TextSample(key: "é 0", caption: "a \"b\" \\ / \u{7}\n\t\u{2028}😀 c")],
    [],
    [
      TextSample(key: "k2", caption: "blue", question: "what color?"),
      TextSample(key: "k2", caption: ""),
    ],
  ]
  private static let keys = ["é 0", "k1", "k2"]

  private func write(_ prefix: String) throws {
    var writer = try TSVWriter(prefix: prefix)
    for row in 0..<3 {
      try writer.append(
        key: Self.keys[row], images: Self.images[row], annotations: Self.annotations[row])
    }
    try writer.finish()
  }

  @Test("What was written is read back")
  func roundTrip() throws {
    let folder = try TemporaryFolder()
    try write(folder["x"])
    #expect(
      try folder.names == [
        "x.caption.lineidx.8b", "x.caption.tsv", "x.img.lineidx.8b", "x.img.tsv",
      ])
    let pair = try TSVDataset(folder["x.img.tsv"])
    #expect(pair.count == 3)
    for row in 0..<3 {
      #expect(pair.key(row) == Self.keys[row])
      #expect(try pair.imageBytes(row) == Self.images[row])
      #expect(pair.annotations(row) == Self.annotations[row])
    }
  }

  @Test("JSON has sorted keys and no spaces, base64 is padded")
  func form() throws {
    let folder = try TemporaryFolder()
    try write(folder["x"])
    let captions = try folder.text("x.caption.tsv").split(separator: "\n")
    #expect(captions[1] == "k1\t[]")
    #expect(
      captions[2] == "k2\t[{\"answer\":\"blue\",\"question\":\"what color?\"},{\"caption\":\"\"}]")
    #expect(try folder.text("x.img.tsv").hasPrefix("é 0\tAA==\nk1\tAAECAwQF"))
    #expect(try folder.text("x.img.tsv").contains("\tBwg=\tCQoL\nk2\t//79/Pv6"))
  }

  @Test("The index is the one a reader would make")
  func index() throws {
    let folder = try TemporaryFolder()
    try write(folder["x"])
    for name in ["x.img", "x.caption"] {
      let written = try folder.index("\(name).lineidx.8b")
      try FileManager.default.removeItem(atPath: folder["\(name).lineidx.8b"])
      _ = try TSVFile(path: folder["\(name).tsv"])
      #expect(try folder.index("\(name).lineidx.8b") == written)
    }
  }

  @Test("Without finish, older files stay and nothing is left behind")
  func unfinished() throws {
    let folder = try TemporaryFolder()
    try folder.write("old", "x.img.tsv")
    do {
      var writer = try TSVWriter(prefix: folder["x"])
      try writer.append(key: "k", images: [[1]], annotations: [])
      #expect(try folder.names.count == 5)
    }
    #expect(try folder.names == ["x.img.tsv"])
    #expect(try folder.text("x.img.tsv") == "old")
  }

  @Test("An older pair is replaced with its indexes")
  func replaces() throws {
    let folder = try TemporaryFolder()
    try write(folder["x"])
    var writer = try TSVWriter(prefix: folder["x"])
    try writer.append(key: "new", images: [[5]], annotations: [])
    try writer.finish()
    #expect(try folder.names.count == 4)
    #expect(try folder.index("x.img.lineidx.8b") == [0])
    #expect(try TSVDataset(folder["x.img.tsv"]).key(0) == "new")
  }

  @Test("No rows make an empty pair")
  func empty() throws {
    let folder = try TemporaryFolder()
    var writer = try TSVWriter(prefix: folder["x"])
    try writer.finish()
    #expect(try TSVDataset(folder["x.img.tsv"]).count == 0)
  }

  @Test("Keys that a row cannot hold are refused", arguments: ["", "a\tb", "a\nb", "a\rb"])
  func badKey(key: String) throws {
    let folder = try TemporaryFolder()
    var writer = try TSVWriter(prefix: folder["x"])
    var error: InputError?
    do throws(InputError) {
      try writer.append(key: key, images: [[1]], annotations: [])
    } catch let thrown {
      error = thrown
    }
    #expect(error?.kind == .badData)
    #expect(error?.place == folder["x.img.tsv"])
  }

  @Test("A row without image or with an empty one is refused", arguments: [[], [[1], []]])
  func noImage(images: [[UInt8]]) throws {
    let folder = try TemporaryFolder()
    var writer = try TSVWriter(prefix: folder["x"])
    var error: InputError?
    do throws(InputError) {
      try writer.append(key: "k", images: images, annotations: [])
    } catch let thrown {
      error = thrown
    }
    #expect(error?.what == "a row has no image")
  }

  @Test("A folder that is not there is refused before any row")
  func noFolder() throws {
    let folder = try TemporaryFolder()
    let error = #expect(throws: InputError.self) {
      _ = try TSVWriter(prefix: folder["none/x"])
    }
    #expect(error?.kind == .noInput)
  }
}
