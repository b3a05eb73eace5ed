import Foundation
import Testing

@Suite("gitc data scenes", .enabled(if: Gitc.isBuilt, "gitc is not built beside the tests"))
struct DataScenesTests {
  private func make(_ folder: TemporaryFolder, _ more: String...) throws -> Gitc.Outcome {
    try Gitc.run(
      [
        "data", "scenes", "-o", folder.path("made"), "--images", "3", "--clips", "2",
        "--evaluation-rows", "2", "--side", "32",
      ] + more)
  }

  @Test("names every file it wrote, one per line")
  func files() throws {
    let folder = try TemporaryFolder()
    let outcome = try make(folder)
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(outcome.lines.contains("scenes-train.img.tsv"))
    #expect(outcome.lines.contains("clips-heldout.caption.tsv"))
    for name in outcome.lines {
      #expect(FileManager.default.fileExists(atPath: folder.path("made/\(name)")))
    }
    let captions = try String(
      contentsOfFile: folder.path("made/scenes-train.caption.tsv"), encoding: .utf8)
    #expect(captions.split(separator: "\n").count == 3)
  }

  @Test("the seed decides every byte, the number of threads none")
  func seeds() throws {
    func images(_ more: String...) throws -> Data {
      let folder = try TemporaryFolder()
      _ = try Gitc.run(
        [
          "data", "scenes", "-o", folder.path, "--images", "4", "--clips", "0",
          "--evaluation-rows", "1", "--side", "32",
        ] + more)
      return try Data(contentsOf: URL(fileURLWithPath: folder.path("scenes-train.img.tsv")))
    }
    let one = try images("--seed", "5", "--threads", "1")
    #expect(try images("--seed", "5", "--threads", "3") == one)
    #expect(try images("--seed", "6", "--threads", "1") != one)
  }
}
