import ArgumentParser
package import Diagnostics

#if canImport(Glibc)
  import func Glibc.exit
#elseif canImport(Darwin)
  import func Darwin.exit
#endif

/// The exit codes of `gitc`, as the README lists them.
enum ExitStatus: Int32 {
  case checkFailed = 1
  case usage = 64
  case badData = 65
  case noInput = 66
  case `internal` = 70
  case io = 74

  init(_ kind: InputError.Kind) {
    switch kind {
    case .usage: self = .usage
    case .badData: self = .badData
    case .noInput: self = .noInput
    case .io: self = .io
    }
  }

  /// What a command throws to end with this code after it has said why.
  var code: ExitCode { ExitCode(rawValue) }
}

/// The one place where errors become text on stderr and an exit code.
package enum CommandFailure {
  /// Writes one error line.
  static func report(_ error: InputError) { StandardStreams.note("gitc: error: \(error)") }

  /// Ends after the parser stopped: help and version are results, the rest is a usage error.
  static func exit(parsing error: any Error) -> Never {
    if GITC.exitCode(for: error) == .success {
      do throws(InputError) {
        try StandardStreams.result(GITC.fullMessage(for: error))
      } catch { stop(error) }
      end(0)
    }
    let message = GITC.message(for: error).split(separator: "\n").joined(separator: " ")
      .split(separator: ". ").joined(separator: "; ")
    stop(
      InputError(
        .usage, message.isEmpty ? "command line not understood" : clause(message),
        expected: "a command line as --help shows",
        found: "'\(CommandLine.arguments.dropFirst().joined(separator: " "))'",
        in: "the command line", advice: "run gitc --help or gitc COMMAND --help"))
  }

  /// Ends after a command threw.
  static func exit(running error: any Error) -> Never {
    if error is CleanExit || GITC.exitCode(for: error) == .success { exit(parsing: error) }
    let verdict = verdict(on: error)
    if let message = verdict.message { report(message) }
    end(verdict.code)
  }

  /// What is said of an error that a command threw, and the exit code; nil where it was said before.
  package static func verdict(on error: any Error) -> (message: InputError?, code: Int32) {
    switch error {
    case let error as InputError: (error, ExitStatus(error.kind).rawValue)
    case let code as ExitCode: (nil, code.rawValue)
    default:
      (
        InputError(
          .io, "internal error", expected: "only errors that are foreseen", found: "\(error)",
          in: "gitc", advice: "please report this with the command line"),
        ExitStatus.internal.rawValue
      )
    }
  }

  private static func stop(_ error: InputError) -> Never {
    report(error)
    end(ExitStatus(error.kind).rawValue)
  }

  private static func end(_ code: Int32) -> Never {
    #if canImport(Glibc)
      Glibc.exit(code)
    #elseif canImport(Darwin)
      Darwin.exit(code)
    #endif
  }

  /// The parser's sentence as the first part of an error line.
  private static func clause(_ text: String) -> String {
    let text = text.hasSuffix(".") ? String(text.dropLast()) : text
    return text.prefix(1).lowercased() + text.dropFirst()
  }
}
