import Foundation
import Testing

/// Runs the program that was built beside the tests.
struct Gitc {
  /// What a run left behind.
  struct Outcome {
    var status: Int32
    var output: String
    var errors: String

    /// Lines of stdout.
    var lines: [String] { output.split(separator: "\n").map(String.init) }
    /// Stdout as JSON.
    func json() throws -> Any {
      try JSONSerialization.jsonObject(with: Data(output.utf8), options: .fragmentsAllowed)
    }
  }

  /// The program, or nil where only the tests were built.
  static let path: String? = {
    let folder = Bundle.main.executableURL?.deletingLastPathComponent()
    // The bundle is `gitcPackageTests.xctest`, a file on Linux and a folder on macOS.
    let folders = sequence(first: folder) { $0?.deletingLastPathComponent() }.prefix(4)
    return folders.compactMap { $0?.appendingPathComponent("gitc").path }.first {
      FileManager.default.isExecutableFile(atPath: $0)
    }
  }()

  static let isBuilt = path != nil

  /// Runs `gitc` with `arguments`, `input` on stdin and `folder` to work in; its stdout goes to the
  /// outcome, or to the file `output`.
  static func run(
    _ arguments: String..., input: String = "", in folder: String? = nil, output: String? = nil
  ) throws -> Outcome {
    try run(arguments, input: input, in: folder, output: output)
  }

  static func run(
    _ arguments: [String], input: String = "", in folder: String? = nil, output: String? = nil
  ) throws -> Outcome {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: try #require(path))
    process.arguments = arguments
    if let folder { process.currentDirectoryURL = URL(fileURLWithPath: folder) }
    // Files, since a full pipe that nobody reads yet would stop the program.
    let scratch = try TemporaryFolder()
    try scratch.write("input", Data(input.utf8))
    for name in ["output", "errors"] { try scratch.write(name, Data()) }
    let outputPath = output ?? scratch.path("output")
    process.standardInput = try FileHandle(forReadingFrom: scratch.url("input"))
    process.standardOutput = try FileHandle(forWritingTo: URL(fileURLWithPath: outputPath))
    process.standardError = try FileHandle(forWritingTo: scratch.url("errors"))
    try process.run()
    process.waitUntilExit()
    func text(_ name: String) throws -> String {
      String(
        decoding: try Data(contentsOf: URL(fileURLWithPath: scratch.path(name))), as: UTF8.self)
    }
    return Outcome(
      status: process.terminationReason == .exit
        ? process.terminationStatus : -process.terminationStatus,
      output: try text("output"), errors: try text("errors"))
  }
}

/// A folder that goes when nobody holds it any more.
final class TemporaryFolder {
  let path: String

  init() throws {
    path = NSTemporaryDirectory() + "gitc-cli-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  /// With the recipe as tiny.yaml and eight small scenes to train on in made/.
  convenience init(recipe: String) throws {
    try self.init()
    try write("tiny.yaml", Data(recipe.utf8))
    let made = try Gitc.run(
      "data", "scenes", "-o", path("made"), "--images", "8", "--clips", "0",
      "--evaluation-rows", "2", "--side", "32")
    try #require(made.status == 0, "\(made.errors)")
  }

  deinit {
    do { try FileManager.default.removeItem(atPath: path) } catch {
      Issue.record("cannot remove \(path): \(error)")
    }
  }

  func path(_ name: String) -> String { "\(path)/\(name)" }
  func url(_ name: String) -> URL { URL(fileURLWithPath: path(name)) }
  func write(_ name: String, _ data: Data) throws { try data.write(to: url(name)) }
}

/// Checks that a run failed with one line on stderr, of the form every error has.
func expectError(
  _ outcome: Gitc.Outcome, status: Int32, _ parts: String...,
  at location: SourceLocation = #_sourceLocation
) {
  #expect(outcome.status == status, "\(outcome.errors)", sourceLocation: location)
  let lines = outcome.errors.split(separator: "\n", omittingEmptySubsequences: false)
  #expect(
    lines.count == 2 && lines[0].hasPrefix("gitc: error: ") && lines[1].isEmpty,
    "\(outcome.errors)", sourceLocation: location)
  let line = lines.first ?? ""
  var rest = line[...]
  for mark in [", expected ", ", found ", ", in ", "; "] {
    guard let range = rest.range(of: mark) else {
      Issue.record("no '\(mark)' in: \(line)", sourceLocation: location)
      return
    }
    rest = rest[range.upperBound...]
  }
  for part in parts {
    #expect(line.contains(part), "\(line)", sourceLocation: location)
  }
}
