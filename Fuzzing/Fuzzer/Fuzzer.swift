import CLibFuzzer
import Diagnostics
import Glibc

/// `gitc-fuzz TARGET [libFuzzer's options] CORPUS…`, `gitc-fuzz sweep TARGET FILE…` and the like; see
/// Tools/fuzz.
@main
enum Fuzzer {
  /// What this process feeds; set once, before the first input.
  nonisolated(unsafe) private(set) static var target = Target.plan

  static func main() {
    let arguments = CommandLine.arguments
    switch arguments.dropFirst().first {
    case "sweep" where arguments.count >= 4:
      target = known(arguments[2])
      for path in arguments[3...] { Sweep.run(target, path) }
    case "load" where arguments.count >= 4:
      target = known(arguments[2])
      for path in arguments[3...] {
        say("\(path): \(target.rejection(of: bytes(of: path)).map { "\($0)" } ?? "loads")")
      }
    case "seeds" where arguments.count >= 4:
      target = known(arguments[2])
      Seeds.write(target, to: arguments[3], from: Array(arguments[4...]))
    case let name?:
      target = known(name)
      drive()
    case nil: stop("give a target: \(Target.names)")
    }
  }

  private static func known(_ name: String) -> Target {
    guard let target = Target(rawValue: name) else { stop("no target '\(name)': \(Target.names)") }
    return target
  }

  static func stop(_ message: String) -> Never {
    let line = Array("gitc-fuzz: \(message)\n".utf8)
    _ = write(STDERR_FILENO, line, line.count)
    exit(64)
  }

  /// A line on stdout.
  static func say(_ message: String) {
    let line = Array("\(message)\n".utf8)
    _ = write(STDOUT_FILENO, line, line.count)
  }

  /// Hands over to libFuzzer, without the name of the target.
  private static func drive() {
    let arguments = CommandLine.unsafeArgv
    var count = CommandLine.argc - 1
    arguments[1] = arguments[0]
    var rest: UnsafeMutablePointer<UnsafeMutablePointer<CChar>>? =
      UnsafeMutableRawPointer(arguments + 1)
      .assumingMemoryBound(to: UnsafeMutablePointer<CChar>.self)
    withUnsafeMutablePointer(to: &rest) { rest in
      let status = rest.withMemoryRebound(
        to: UnsafeMutablePointer<UnsafeMutablePointer<CChar>>.self, capacity: 1
      ) { pointer in
        LLVMFuzzerRunDriver(&count, pointer) { data, size in
          Fuzzer.target.run(UnsafeRawBufferPointer(start: data, count: size))
          return 0
        }
      }
      exit(status)
    }
  }
}

/// libFuzzer calls this for every change where it is defined.
@_cdecl("LLVMFuzzerCustomMutator")
func mutate(
  _ data: UnsafeMutablePointer<UInt8>, _ size: Int, _ capacity: Int, _ seed: UInt32
) -> Int {
  Fuzzer.target.mutate(UnsafeMutableBufferPointer(start: data, count: capacity), size, seed)
}
