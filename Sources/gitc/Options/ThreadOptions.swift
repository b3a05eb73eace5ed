import ArgumentParser
import Runtime

/// How many threads a command computes on.
struct ThreadOptions: ParsableArguments {
  @Option(help: "Threads to compute on (default: the physical cores this process may use).")
  var threads: Int?

  func validate() throws {
    if let threads, !(1...ThreadCount.maximum).contains(threads) {
      throw ValidationError("--threads takes 1 to \(ThreadCount.maximum), not \(threads)")
    }
  }

  /// The threads asked for, or the default.
  var count: Int { threads ?? ThreadCount.default }
}
