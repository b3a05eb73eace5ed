import Data
import FoundationEssentials
import Testing

@Suite("CIFAR-10 as a TSV pair")
struct CIFARTests {
  private static let source =
    URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "shared/data/cifar10").path

  @Test(
    "Every row has a JPEG and one of ten captions",
    .enabled(
      if: FileManager.default.fileExists(atPath: source + "/val.img.tsv"),
      "needs ../shared/data/cifar10"))
  func validation() throws {
    let folder = try TemporaryFolder()
    // Links, so that the index is made here and not beside the shared files.
    for name in ["val.img.tsv", "val.caption.tsv"] {
      try FileManager.default.createSymbolicLink(
        atPath: folder[name], withDestinationPath: "\(Self.source)/\(name)")
    }
    let pair = try TSVDataset(folder["val.img.tsv"])
    #expect(pair.count == 5000)
    var captions: [String: Int] = [:]
    var total = 0
    for row in 0..<pair.count {
      let images = try pair.imageBytes(row)
      #expect(images.count == 1)
      #expect(images[0].starts(with: [0xFF, 0xD8, 0xFF]) && images[0].suffix(2) == [0xFF, 0xD9])
      #expect(pair.key(row).hasPrefix("test-"))
      #expect(pair.annotations(row).count == 1)
      for sample in pair.annotations(row) { captions[sample.caption, default: 0] += 1 }
      total += images[0].count
    }
    #expect(captions.count == 10)
    #expect(captions["horse", default: 0] > 400)
    // The sum of the decoded lengths, by Python's base64.
    #expect(total == 4_603_689)
  }
}
