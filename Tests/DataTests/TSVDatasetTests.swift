import Data
import Diagnostics
import FoundationEssentials
import Testing

@Suite("A TSV pair")
struct TSVDatasetTests {
  /// A pair of one image row and one caption row, and the error of reading it or a row of it.
  private func error(
    images: String = "k\tAAEC\n", captions: String = "k\t[{\"caption\":\"a\"}]\n",
    reading row: Int? = nil
  ) throws -> (error: InputError?, folder: TemporaryFolder) {
    let folder = try TemporaryFolder()
    try folder.write(images, "x.img.tsv")
    try folder.write(captions, "x.caption.tsv")
    do throws(InputError) {
      let pair = try TSVDataset(folder["x.img.tsv"])
      if let row { _ = try pair.imageBytes(row) }
      return (pair.skipped.named.first, folder)
    } catch {
      return (error, folder)
    }
  }

  @Test("Either file names the pair; captions, questions and clips are read")
  func reads() throws {
    let folder = try TemporaryFolder()
    try folder.write("one\tAAEC\nclip\t/w==\tAAE=\t+/+/\nlast\tZg==", "x.img.tsv")
    try folder.write(
      """
      one\t[{"caption": "a \\"cat\\" \\u00e9\\ud83d\\ude00"}, {"id": 7, "caption": "b"}]
      clip\t[{"question":"how many?","answer":"two","question_id":1},{"caption":"c"}]
      last\t[]

      """, "x.caption.tsv")
    for name in ["x.img.tsv", "x.caption.tsv"] {
      let pair = try TSVDataset(folder[name])
      #expect(pair.count == 3)
      #expect((0..<3).map(pair.key) == ["one", "clip", "last"])
      #expect(
        pair.annotations(0) == [
          TextSample(key: "one", caption: "a \"cat\" é😀"), TextSample(key: "one", caption: "b"),
        ])
      #expect(
        pair.annotations(1) == [
          TextSample(key: "clip", caption: "two", question: "how many?"),
          TextSample(key: "clip", caption: "c"),
        ])
      #expect(pair.annotations(2) == [])
      #expect(try pair.imageBytes(0) == [[0, 1, 2]])
      #expect(try pair.imageBytes(1) == [[255], [0, 1], [0xFB, 0xFF, 0xBF]])
      #expect(try pair.imageBytes(2) == [[0x66]])
    }
  }

  @Test("The image half can be read alone, under any name")
  func imagesAlone() throws {
    let folder = try TemporaryFolder()
    try folder.write("one\tAAEC\nclip\t/w==\tAAE=\n", "photos.tsv")
    let images = try TSVImages(folder["photos.tsv"])
    #expect(images.count == 2)
    #expect(try images.key(1) == "clip")
    #expect(try images.imageBytes(1) == [[255], [0, 1]])
    #expect(try folder.names == ["photos.lineidx.8b", "photos.tsv"])
  }

  @Test("Two empty files are an empty pair")
  func empty() throws {
    #expect(try error(images: "", captions: "").error == nil)
  }

  @Test("Another name is a usage error")
  func otherName() throws {
    let error = #expect(throws: InputError.self) { try TSVDataset("x.tsv") }
    #expect(error?.kind == .usage)
    #expect(TSVDataset.pair(of: "x.tsv") == nil)
    #expect(TSVDataset.pair(of: "a/x.caption.tsv")?.images == "a/x.img.tsv")
  }

  @Test("A missing half is named", arguments: ["x.img.tsv", "x.caption.tsv"])
  func missing(name: String) throws {
    let folder = try error().folder
    try FileManager.default.removeItem(atPath: folder[name])
    let error = #expect(throws: InputError.self) { try TSVDataset(folder["x.img.tsv"]) }
    #expect(error?.kind == .noInput)
    #expect(error?.place == folder[name])
  }

  @Test("Halves of different length are refused")
  func lengths() throws {
    let (error, folder) = try error(images: "k\tAAEC\nl\tAAEC\n")
    #expect(error?.what == "the two files of the pair differ in length")
    #expect(error?.found == "2 rows")
    #expect(error?.place == folder["x.img.tsv"])
  }

  @Test("Different keys are refused: the first and last at once, the others when read")
  func keys() throws {
    let captions = ["a", "b", "c"].map { "\($0)\t[]\n" }.joined()
    for (keys, row, reading) in [("xbc", 1, nil), ("abx", 3, nil), ("axc", 2, 1 as Int?)] {
      let images = keys.map { "\($0)\tAAEC\n" }.joined()
      let (error, folder) = try error(images: images, captions: captions, reading: reading)
      #expect(error?.kind == .badData)
      #expect(error?.what == "the keys of the pair differ")
      #expect(error?.found == "'x'")
      #expect(error?.place == folder["x.img.tsv"] + ", row \(row)")
    }
    // Canonically equivalent keys are different names.
    #expect(try self.error(images: "\u{E9}\tAAEC", captions: "e\u{301}\t[]").error != nil)
  }

  @Test(
    "Text that is not base64 is refused with its place",
    arguments: [
      ("AAE", "3 characters, not a multiple of 4"), ("AA=A", "byte 0x3D at character 3"),
      ("A===", "byte 0x3D at character 2"), ("====", "byte 0x3D at character 1"),
      ("AAECA-EC", "byte 0x2D at character 6"), ("AA C", "byte 0x20 at character 3"),
      ("AAE\u{E9}AEC", "byte 0xC3 at character 4"), ("AA==AAEC", "byte 0x3D at character 3"),
      ("", "nothing"),
    ])
  func badBase64(text: String, found: String) throws {
    let (error, folder) = try error(images: "k\tAAEC\t\(text)\n", reading: 0)
    #expect(error?.kind == .badData)
    #expect(error?.found == found)
    #expect(error?.place == folder["x.img.tsv"] + ", row 1, column 3")
  }

  @Test("A row without image is refused")
  func noImage() throws {
    let (error, folder) = try error(images: "k\n", reading: 0)
    #expect(error?.what == "a row has no image")
    #expect(error?.place == folder["x.img.tsv"] + ", row 1")
  }

  @Test(
    "Rows whose annotations are no such list are skipped and named",
    arguments: [
      ("{\"caption\":\"a\"}", "row 2"), ("[{\"caption\":3}]", "row 2"),
      ("[{\"caption\":\"a\"}", "row 2"), ("a cat", "row 2"), ("", "row 2"),
      ("[{\"caption\":\"\\ud83d\"}]", "row 2"),
      ("[{\"caption\":\"a\"},{\"id\":1}]", "row 2, entry 2"),
      ("[{\"question\":\"q\"}]", "row 2, entry 1"), ("[{\"answer\":\"q\"}]", "row 2, entry 1"),
      ("[{\"answer\":\"q\",\"caption\":\"c\"}]", "row 2, entry 1"),
    ])
  func badAnnotations(json: String, place: String) throws {
    let (error, folder) = try error(
      images: "k\tAAEC\nl\tAAEC\n", captions: "k\t[]\nl\t\(json)\n")
    #expect(error?.kind == .badData)
    #expect(error?.place == folder["x.caption.tsv"] + ", " + place)
  }

  @Test("A caption row of one or three columns is skipped and named")
  func columns() throws {
    for (row, found) in [("k", "1"), ("k\t[]\t[]", "3"), ("", "1")] {
      let error = try error(captions: row + "\n").error
      #expect(error?.what == "a row has the wrong number of columns")
      #expect(error?.found == found)
    }
  }

  @Test("Rows after a skipped one keep their images, and images are decoded on demand")
  func afterSkipped() throws {
    let folder = try TemporaryFolder()
    let images = (1...3).map { Picture.base64(shade: $0) }
    try folder.write(
      "a\t\(images[0])\nb\t\(images[1])\nc\t\(images[2])\t\(images[0])\n", "x.img.tsv")
    try folder.write(
      "a\t[{\"caption\":\"a\"}]\nb\tno list\nc\t[{\"caption\":\"c\"}]\n", "x.caption.tsv")
    let pair = try TSVDataset(folder["x.img.tsv"])
    #expect(pair.count == 2 && pair.skipped.count == 1 && pair.frames == .fixed(1))
    #expect(pair.key(1) == "c" && pair.annotations(1).map(\.caption) == ["c"])
    #expect(try pair.images(0, frames: 1) == [Picture.image(shade: 1)])
    // Two frames, sampled to one or stretched to four.
    #expect(try pair.images(1, frames: 1) == [Picture.image(shade: 1)])
    #expect(
      try pair.images(1, frames: 4) == [3, 3, 1, 1].map { Picture.image(shade: $0) })
  }
}
