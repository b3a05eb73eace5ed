import Diagnostics
import Foundation
import Testing
import gitc

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

  @Test("every exit code of the contract, with its one line on stderr")
  func codes() throws {
    let workshop = try TinyWorkshop()
    let (checkpoint, plan) = (workshop.folder.path("tiny.ckpt"), workshop.plan)
    let picture = try workshop.picture("a.png", shade: 1)
    let done = try Gitc.run("run", plan, picture)
    #expect(done.status == 0 && done.errors.isEmpty)
    // A check that fails is a result, not an error.
    let stranger = try TinyWorkshop(seed: 2)
    let failed = try Gitc.run(
      "verify", checkpoint, stranger.plan, "--data", workshop.pictures("p", count: 4))
    #expect(failed.status == 1 && failed.errors.isEmpty && !failed.output.isEmpty)
    expectError(try Gitc.run("run", plan), status: 64, "command line")
    expectError(try Gitc.run("run", plan, picture, "--beam", "0"), status: 64, "1 to 64", "0")
    expectError(try Gitc.run("run", picture, picture), status: 65, picture)
    expectError(try Gitc.run("run", plan, "/none.png"), status: 66, "in /none.png")
    expectError(
      try Gitc.run("data", "scenes", "-o", "/dev/null/x", "--images", "1"), status: 74,
      "in /dev/null/x")
  }

  @Test("an error that nobody foresaw is an internal one, with all of its text")
  func unforeseen() throws {
    struct Surprise: Error {}
    let verdict = CommandFailure.verdict(on: Surprise())
    #expect(verdict.code == 70)
    #expect(verdict.message?.description.contains("found Surprise()") == true)
  }

  @Test("what a file calls things neither ends the line nor speaks to the terminal")
  func controls() {
    let error = InputError(
      .badData, "symbol 'a\nb'", expected: "é", found: "\u{1B}[2J", in: "x\u{2028}y",
      advice: "\u{7F}")
    #expect(
      error.description
        == "symbol 'a\\nb', expected é, found \\u{1B}[2J, in x\\u{2028}y; \\u{7F}")
  }

  @Test("every kind of bad input has its code")
  func kinds() {
    let kinds: [(InputError.Kind, Int32)] = [
      (.usage, 64), (.badData, 65), (.noInput, 66), (.io, 74),
    ]
    for (kind, code) in kinds {
      let error = InputError(
        kind, "what", expected: "this", found: "that", in: "place", advice: "advice")
      #expect(CommandFailure.verdict(on: error).code == code)
    }
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
