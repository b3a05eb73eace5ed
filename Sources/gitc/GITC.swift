import ArgumentParser
import Diagnostics

/// The command line: flags in, text out.
///
/// Everything else is in the libraries.
@main
struct GITC: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "gitc",
    abstract: "Train, compile and run image and video captioners on a CPU.",
    discussion: """
      Exit codes: 0 done, 1 a check failed, 64 usage, 65 bad input data, 66 no such input, \
      70 internal error, 74 I/O error.

      Example: gitc data scenes -o scenes --images 1000
      """,
    version: "0.1.0",
    subcommands: [
      Train.self, Import.self, Compile.self, Run.self, ScoreCommand.self, Verify.self, Eval.self,
      Inspect.self, Bench.self, DataCommand.self, Call.self, Export.self,
    ])

  static func main() {
    var command: any ParsableCommand
    do { command = try parseAsRoot() } catch { CommandFailure.exit(parsing: error) }
    do { try command.run() } catch { CommandFailure.exit(running: error) }
  }
}
