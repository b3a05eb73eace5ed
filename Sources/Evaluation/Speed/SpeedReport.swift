/// How fast a plan captions: what `gitc bench` prints.
package struct SpeedReport: Encodable, Sendable {
  /// What is captioned at once.
  package enum Workload: String, Encodable, Sendable, CaseIterable {
    /// One image.
    case image
    /// One clip of as many frames as the model takes.
    case video
    /// A clip like that of `video`, of which all frames but the last were encoded before.
    case stream
    /// Eight images.
    case batch

    /// How many captions are made at once.
    var inputs: Int { self == .batch ? 8 : 1 }
  }

  /// Milliseconds over all rounds.
  package struct Times: Encodable, Sendable, Equatable {
    package var minimum: Double
    package var median: Double

    /// - Precondition: at least one.
    package init(_ all: [Double]) {
      let sorted = all.sorted()
      let middle = sorted.count / 2
      minimum = sorted[0]
      median =
        sorted.count.isMultiple(of: 2)
        ? (sorted[middle - 1] + sorted[middle]) / 2 : sorted[middle]
    }
  }

  package var plan: String
  package var precision: String
  package var workload: Workload
  package var inputs: Int
  /// Frames of each input.
  package var frames: Int
  package var beams: Int
  /// Tokens generated for each input; the end token is not allowed to come earlier.
  package var tokens: Int
  package var threads: Int
  package var isa: String
  package var rounds: Int
  /// Opening and checking the plan, in the state that the system's file cache is in.
  package var loadMs: Double
  /// The first caption: it also binds the functions, and touches their memory and weights.
  package var firstMs: Double
  package var encodeMs: Times
  package var prefixMs: Times
  /// A step for all inputs and beams, the choice of tokens included.
  package var perTokenMs: Times
  /// Encode, prefix and all tokens; pixels are given.
  package var totalMs: Times
  /// CPU time of all threads together in encode and prefix.
  ///
  /// On one thread it is the time that they would have taken on an idle machine, however busy this one
  /// is.
  package var cpuImageMs: Times
  /// The same of a step.
  package var cpuPerTokenMs: Times
  /// The same of everything.
  package var cpuTotalMs: Times
  /// The most memory that the process had in use, megabytes (10^6 bytes); nil where the system does
  /// not say.
  package var peakMemoryMb: Double?

  /// For people.
  package var text: String {
    var table = TextTable()
    table.add("milliseconds", "minimum", "median")
    for (name, times) in [
      ("encode", encodeMs), ("prefix", prefixMs), ("token", perTokenMs), ("total", totalMs),
      ("CPU time, image", cpuImageMs), ("CPU time, token", cpuPerTokenMs),
      ("CPU time, total", cpuTotalMs),
    ] {
      table.add(name, rounded(times.minimum, 2), rounded(times.median, 2))
    }
    table.add("load", rounded(loadMs, 2))
    table.add("first caption", rounded(firstMs, 2))
    func count(_ number: Int, _ noun: String) -> String {
      "\(number) \(noun)\(number == 1 ? "" : "s")"
    }
    let what = [
      count(inputs, "input"), "\(count(frames, "frame")) each", count(beams, "beam"),
      count(tokens, "token"),
    ]
    var lines = [
      "\(plan) (\(precision)), \(workload.rawValue): \(what.joined(separator: ", "))",
      "\(isa), \(count(threads, "thread")), \(count(rounds, "round"))", table.text,
    ]
    if let peakMemoryMb { lines.append("at most \(rounded(peakMemoryMb, 1)) MB of memory") }
    return lines.joined(separator: "\n")
  }
}
