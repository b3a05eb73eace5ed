import ArgumentParser
import FoundationEssentials

/// How many threads a command computes on.
struct ThreadOptions: ParsableArguments {
  @Option(help: "Threads to compute on (default: all cores this process may use).")
  var threads: Int?

  func validate() throws {
    if let threads, !(1...1024).contains(threads) {
      throw ValidationError("--threads takes 1 to 1024, not \(threads)")
    }
  }

  /// The threads asked for, or the default.
  var count: Int { threads ?? ProcessInfo.processInfo.activeProcessorCount }
}
