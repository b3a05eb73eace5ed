import Data
import Diagnostics
import Glibc
import Testing

@Suite("A TSV file")
struct TSVFileTests {
  private static let text = "a\t1\n\u{E9}\t22\t\r\n\nd\t4"
  private static let offsets = [0, 4, 12, 13]

  @Test("Rows are found in any order, with and without a last line end")
  func rows() throws {
    let folder = try TemporaryFolder()
    for end in ["", "\n"] {
      try folder.write(Self.text + end, "x.tsv")
      let file = try TSVFile(path: folder["x.tsv"])
      #expect(file.count == 4)
      #expect(try file.row(3) == ["d", "4"])
      #expect(try file.row(0) == ["a", "1"])
      #expect(try file.row(2) == [""])
      #expect(try file.row(1) == ["\u{E9}", "22", ""])
    }
  }

  @Test("A missing index is made, with little-endian offsets, and used afterwards")
  func indexIsMade() throws {
    let folder = try TemporaryFolder()
    try folder.write(Self.text, "x.tsv")
    _ = try TSVFile(path: folder["x.tsv"])
    #expect(try folder.index("x.lineidx.8b") == Self.offsets)
    #expect(try folder.names == ["x.lineidx.8b", "x.tsv"])
    // An index that passes every check but leaves a row out shows that it is read.
    try folder.writeIndex([0, 4, 13], "x.lineidx.8b")
    #expect(try TSVFile(path: folder["x.tsv"]).count == 3)
  }

  @Test(
    "An index that does not fit is made again",
    arguments: [
      [], [0, 4, 12], [0, 4, 12, 13, 17], [0, 12, 4, 13], [0, 4, 4, 13], [1, 4, 12, 13],
      [0, 4, 12, 14], [0, 4, 12, 900], [-4, 0, 12, 13], [0, 4, 12, Int.max],
    ])
  func staleIndex(stale: [Int]) throws {
    let folder = try TemporaryFolder()
    try folder.write(Self.text, "x.tsv")
    try folder.writeIndex(stale, "x.lineidx.8b")
    #expect(try TSVFile(path: folder["x.tsv"]).count == 4)
    #expect(try folder.index("x.lineidx.8b") == Self.offsets)
  }

  @Test("An index cut within an entry is made again")
  func cutIndex() throws {
    let folder = try TemporaryFolder()
    try folder.write(Self.text, "x.tsv")
    try folder.write([UInt8](repeating: 0, count: 9), "x.lineidx.8b")
    #expect(try TSVFile(path: folder["x.tsv"]).count == 4)
    #expect(try folder.index("x.lineidx.8b") == Self.offsets)
  }

  @Test("A row that moved without a change of length is refused, with the index to delete")
  func movedRow() throws {
    let folder = try TemporaryFolder()
    try folder.write("aa\tbb\nc\nd\n", "x.tsv")
    _ = try TSVFile(path: folder["x.tsv"])
    try folder.write("a\nbb\tcc\nd\n", "x.tsv")
    let file = try TSVFile(path: folder["x.tsv"])
    for row in [0, 1] {
      let error = #expect(throws: InputError.self) { try file.row(row) }
      #expect(error?.kind == .badData)
      #expect(error?.place == folder["x.lineidx.8b"])
      #expect(error?.advice == "delete the index; it is made again")
    }
    #expect(try file.row(2) == ["d"])
  }

  @Test(
    "In a folder that cannot be written, the index stays in memory",
    .enabled(if: getuid() != 0, "root may write anywhere"))
  func readOnlyFolder() throws {
    let folder = try TemporaryFolder()
    try folder.write(Self.text, "x.tsv")
    chmod(folder.path, 0o555)
    #expect(try TSVFile(path: folder["x.tsv"]).count == 4)
    #expect(try folder.names == ["x.tsv"])
  }

  @Test("Where the index cannot be written, it stays in memory")
  func blockedIndex() throws {
    let folder = try TemporaryFolder()
    try folder.write(Self.text, "x.tsv")
    mkdir(folder["x.lineidx.8b"], 0o755)
    let file = try TSVFile(path: folder["x.tsv"])
    #expect(try file.row(3) == ["d", "4"])
    #expect(try folder.names == ["x.lineidx.8b", "x.tsv"])
  }

  @Test("An empty file has no rows")
  func empty() throws {
    let folder = try TemporaryFolder()
    try folder.write("", "x.tsv")
    for _ in 0..<2 { #expect(try TSVFile(path: folder["x.tsv"]).count == 0) }
  }

  @Test("A missing file, a folder and bytes that are no text are refused")
  func badFiles() throws {
    let folder = try TemporaryFolder()
    let missing = #expect(throws: InputError.self) { try TSVFile(path: folder["x.tsv"]) }
    #expect(missing?.kind == .noInput)
    #expect(missing?.place == folder["x.tsv"])
    let notFile = #expect(throws: InputError.self) { try TSVFile(path: folder.path) }
    #expect(notFile?.kind == .noInput)
    try folder.write([0x61, 0x0A, 0xFF, 0x0A], "x.tsv")
    let notText = #expect(throws: InputError.self) { try TSVFile(path: folder["x.tsv"]).row(1) }
    #expect(notText?.kind == .badData)
    #expect(notText?.place == folder["x.tsv"] + ", row 2")
  }

  @Test("Threads may read rows at once")
  func threads() async throws {
    let folder = try TemporaryFolder()
    let lines = (0..<2000).map { "key\($0)\t\($0 * $0)" }
    try folder.write(lines.joined(separator: "\n"), "x.tsv")
    let file = try TSVFile(path: folder["x.tsv"])
    await withTaskGroup(of: Int.self) { group in
      for thread in 0..<4 {
        group.addTask {
          (0..<2000).count { row in
            (try? file.row((row * 7 + thread) % 2000))?.joined(separator: "\t")
              == lines[(row * 7 + thread) % 2000]
          }
        }
      }
      for await right in group { #expect(right == 2000) }
    }
  }
}
