import Testing

@Suite("Help", .enabled(if: Gitc.isBuilt, "gitc is not built beside the tests"))
struct HelpTests {
  static let commands: [[String]] = [
    [], ["train"], ["compile"], ["run"], ["score"], ["verify"], ["inspect"], ["bench"],
    ["call"], ["export"],
    ["data"],
    ["data", "scenes"],
  ]

  @Test("every command shows an example on stdout", arguments: commands)
  func example(command: [String]) throws {
    let outcome = try Gitc.run(command + ["--help"])
    #expect(outcome.status == 0)
    #expect(outcome.output.contains("Example: gitc"))
    #expect(outcome.output.contains("USAGE: gitc"))
    #expect(outcome.errors.isEmpty)
    #expect(try Gitc.run(["help"] + command).output == outcome.output)
  }

  @Test("the help of gitc names every command")
  func names() throws {
    let listed = try Gitc.run("--help").output
    for command in Self.commands where command.count == 1 {
      #expect(listed.contains("\n  \(command[0]) "))
    }
  }

  @Test("the version is a result")
  func version() throws {
    let outcome = try Gitc.run("--version")
    #expect(outcome.status == 0 && outcome.lines == ["0.1.0"] && outcome.errors.isEmpty)
  }
}
