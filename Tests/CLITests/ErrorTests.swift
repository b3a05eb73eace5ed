import Foundation
import Testing

@Suite("Errors", .enabled(if: Gitc.isBuilt, "gitc is not built beside the tests"))
struct ErrorTests {
  @Test(
    "a command line that makes no sense is a usage error",
    arguments: [
      ["fly"], ["data", "scenes"], ["data", "scenes", "-o"],
      ["data", "scenes", "-o", "x", "--images", "many"],
      ["data", "scenes", "-o", "x", "--threads", "0"],
      ["data", "scenes", "-o", "x", "--color"],
    ])
  func usage(arguments: [String]) throws {
    let outcome = try Gitc.run(arguments)
    expectError(outcome, status: 64, "gitc --help", arguments.joined(separator: " "))
    #expect(outcome.output.isEmpty)
  }

  @Test("a number out of range is a usage error that names the range")
  func range() throws {
    expectError(
      try Gitc.run("data", "scenes", "-o", "/tmp", "--side", "5"), status: 64,
      "expected 32 to 1024",
      "found 5")
  }

  @Test("a folder that cannot be made is an I/O error")
  func output() throws {
    expectError(
      try Gitc.run("data", "scenes", "-o", "/dev/null/x", "--images", "1"), status: 74,
      "in /dev/null/x")
  }

  @Test(
    "a result that cannot be written is an I/O error",
    .enabled(if: FileManager.default.fileExists(atPath: "/dev/full"), "no /dev/full here"))
  func full() throws {
    expectError(try Gitc.run("--version", output: "/dev/full"), status: 74, "in stdout")
  }
}
