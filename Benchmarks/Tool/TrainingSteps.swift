import ArgumentParser
import Diagnostics
import Kernels
import Runtime
import Trainer

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Training steps on one made-up batch, as many as each line of stdin asks for: so another program can
/// have them take turns with those of other engines (`Benchmarks/training`).
struct TrainingSteps: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "training", abstract: "Run and time training steps.",
    discussion: """
      Answers each line of stdin, a number of steps, with wall and CPU milliseconds of each step.

      Example: echo 5 | Benchmarks training --set model.preset=git-micro --set batch_size=32
      """)

  @Option(help: "Text tokens of each sample.")
  var tokens = 16

  @Option(help: "Frames of each sample.")
  var frames = 1

  @Option(help: "Threads to compute on.")
  var threads = ThreadCount.default

  @Option(help: "Instruction set (default: the best this CPU has).")
  var isa = ISA.best.rawValue

  @Option(name: .customLong("set"), help: "A key of a recipe: key=value.")
  var overrides: [String] = []

  func run() throws {
    guard let isa = ISA(rawValue: isa), isa.isSupported else {
      throw ValidationError("this CPU does not run '\(self.isa)'")
    }
    let recipe = try Recipe(
      yaml: """
        batch_size: 8
        steps: 1
        model: {dropout: 0}
        data: {train: [none]}
        optimizer: {learning_rate: 1e-5}
        """, overrides: overrides, place: "--set")
    let timer = try StepTimer(
      recipe, frames: frames, tokens: tokens, kernels: KernelSet(isa: isa), threads: threads)
    let loss = try timer.step()
    answer("loss \(loss) arena \(timer.arenaBytes)")
    while let line = readLine() {
      let times = try (0..<(Int(line) ?? 1)).map { _ in
        let (wall, cpu) = (milliseconds(CLOCK_MONOTONIC), milliseconds(CLOCK_PROCESS_CPUTIME_ID))
        _ = try timer.step()
        return "\(milliseconds(CLOCK_MONOTONIC) - wall) "
          + "\(milliseconds(CLOCK_PROCESS_CPUTIME_ID) - cpu)"
      }
      answer(times.joined(separator: " "))
    }
  }

  private func answer(_ text: String) {
    print(text)
    fflush(nil)
  }

  private func milliseconds(_ clock: clockid_t) -> Double {
    var time = timespec()
    clock_gettime(clock, &time)
    return Double(time.tv_sec) * 1e3 + Double(time.tv_nsec) * 1e-6
  }
}
