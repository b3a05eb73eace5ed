import Foundation
import Testing

@Suite("Help", .enabled(if: Gitc.isBuilt, "gitc is not built beside the tests"))
struct HelpTests {
  /// The parser's own description of a command.
  private struct Command: Decodable {
    var commandName: String
    var subcommands: [Command]?

    /// The words after `gitc` of this command and those below it.
    func paths(_ above: [String]) -> [[String]] {
      [above]
        + (subcommands ?? []).filter { $0.commandName != "help" }
        .flatMap { $0.paths(above + [$0.commandName]) }
    }
  }

  private struct Dump: Decodable {
    var command: Command
  }

  /// Every command there is, from the parser, so that none is forgotten.
  private func commands() throws -> [[String]] {
    let dump = try Gitc.run("--experimental-dump-help")
    #expect(dump.status == 0, "\(dump.errors)")
    return try JSONDecoder().decode(Dump.self, from: Data(dump.output.utf8)).command.paths([])
  }

  @Test("every command shows an example on stdout")
  func example() throws {
    let commands = try commands()
    for known in [[], ["run"], ["data"], ["data", "scenes"]] {
      #expect(commands.contains(known), "\(commands)")
    }
    for command in commands {
      let outcome = try Gitc.run(command + ["--help"])
      #expect(outcome.status == 0, "\(command)")
      let examples = outcome.output.components(separatedBy: "Example: ").dropFirst().joined()
      #expect(examples.contains("gitc \(command.joined(separator: " "))"), "\(command)")
      #expect(outcome.output.contains("USAGE: gitc"), "\(command)")
      #expect(outcome.errors.isEmpty, "\(command)")
      #expect(try Gitc.run(["help"] + command).output == outcome.output, "\(command)")
    }
  }

  @Test("the help of gitc names every command")
  func names() throws {
    let listed = try Gitc.run("--help").output
    for command in try commands() where command.count == 1 {
      #expect(listed.contains("\n  \(command[0]) "))
    }
  }

  @Test("the version is a result")
  func version() throws {
    let outcome = try Gitc.run("--version")
    #expect(outcome.status == 0 && outcome.lines == ["0.1.0"] && outcome.errors.isEmpty)
  }
}
