import Compiler
import FoundationEssentials
import Graph
import Testing

/// A file of `Tests/Goldens/passes/<pass>`: a graph and what the pass makes of it.
///
///     // Why this case is here.
///     <graph>
///     // becomes, in 2 rewrites
///     <graph>
///
/// or, for what the pass leaves alone, the graph and a last line `// stays`. With
/// GITC_RECORD_GOLDENS=1 the second part is written anew, and the tests fail.
struct PassGolden: Sendable, Equatable, CustomTestStringConvertible {
  let pass: String
  let name: String
  let file: URL
  /// The text before the line that says what happens.
  let before: String
  /// That line and the text after it.
  let outcome: String

  var testDescription: String { "\(pass)/\(name)" }

  /// Whether the pass is to leave the graph alone.
  var stays: Bool { outcome == "// stays\n" }

  static let folder = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "Goldens/passes")
  static let isRecording = ProcessInfo.processInfo.environment["GITC_RECORD_GOLDENS"] == "1"

  /// Every pass as the files have it: with factors for the norm of which they speak.
  static let passes: [any Pass] =
    Pipeline.whole
    + Pipeline.functions(
      .int8,
      quantization: QuantizationOptions(
        groups: .exactly(1),
        smoothing: ["smooth.gamma": (0..<16).map { $0.isMultiple(of: 5) ? 4 : 0.5 }]))

  /// Every file, in the order of the passes.
  static let all: [PassGolden] = passes.flatMap { goldens(of: type(of: $0).name) }

  /// What the files of `goldens` do not show of a pass: that it changes something, and that it leaves
  /// alone what only looks like it.
  static func missing(of pass: String, _ goldens: [PassGolden]) -> [String] {
    let here = "Tests/Goldens/passes/\(pass)"
    return (goldens.contains { !$0.stays } ? [] : ["\(here) has no positive case"])
      + (goldens.contains { $0.stays } ? [] : ["\(here) has no near miss"])
  }

  /// The files of one pass; none when it has no folder.
  static func goldens(of pass: String) -> [PassGolden] {
    let folder = folder.appending(path: pass)
    guard let names = try? FileManager.default.contentsOfDirectory(atPath: folder.path) else {
      return []
    }
    return names.sorted().compactMap { PassGolden(pass, folder.appending(path: $0)) }
  }

  private init?(_ pass: String, _ file: URL) {
    guard let data = try? Data(contentsOf: file) else { return nil }
    let text = String(decoding: data, as: UTF8.self)
    let lines = text.split(separator: "\n", omittingEmptySubsequences: true)
    guard
      let mark = lines.firstIndex(where: {
        $0.hasPrefix("// becomes") || $0.hasPrefix("// stays")
      })
    else { return nil }
    self.pass = pass
    name = String(file.lastPathComponent.dropLast(".txt".count))
    self.file = file
    before = lines[..<mark].map { $0 + "\n" }.joined()
    outcome = lines[mark...].map { $0 + "\n" }.joined()
  }

  /// The graph the pass is given.
  func graph() throws -> Graph { try Graph(text: before, place: file.path) }

  /// The outcome as a file has it.
  static func outcome(_ graph: Graph, rewrites: Int) -> String {
    rewrites == 0
      ? "// stays\n"
      : "// becomes, in \(rewrites) rewrite\(rewrites == 1 ? "" : "s")\n" + graph.text
  }

  /// Replaces the outcome in the file.
  func record(_ outcome: String) throws {
    try Data((before + outcome).utf8).write(to: file)
  }
}
