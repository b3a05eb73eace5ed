import ArgumentParser
import CKernels
import Diagnostics
import Kernels
import Runtime

/// Kernels against the machine: milliseconds, rate, and share of a ceiling measured beside it.
///
/// Each case takes turns with its ceiling, and the best of many short runs counts: other processes
/// can only make a run longer.
struct KernelBenchmarks: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "kernels", abstract: "Measure kernels beside the machine's ceilings.")

  @Option(help: "Threads to compute on.")
  var threads = ThreadCount.default

  @Option(help: "Instruction sets, separated by commas (default: all this CPU runs).")
  var isa = ISA.allCases.filter { $0.isSupported && $0 != .scalar }.map(\.rawValue)
    .joined(separator: ",")

  @Option(help: "Only cases whose name contains this.")
  var filter = ""

  @Option(help: "Runs of each case.")
  var runs = 40

  func run() throws {
    let sets = try isa.split(separator: ",").map { name in
      guard let isa = ISA(rawValue: String(name)), isa.isSupported else {
        throw ValidationError("this CPU does not run '\(name)'")
      }
      return isa
    }
    print("case\tkernels\tms\trate\tceiling\tshare")
    for item in Cases.all(threads: threads) where filter.isEmpty || item.name.contains(filter) {
      for isa in sets { print(line(item, isa)) }
    }
  }

  private func line(_ item: Case, _ isa: ISA) -> String {
    let program = item.program(isa)
    let ceiling = Ceiling.of(item.work, isa, threads: threads)
    var (best, bestCeiling) = (Double.infinity, Double.infinity)
    for _ in 0..<runs {
      best = min(best, time(program))
      if let ceiling { bestCeiling = min(bestCeiling, time(ceiling.program)) }
    }
    let cells = [item.name, isa.rawValue, decimals(best * 1e3, 3)]
    return (cells + item.work.cells(best, ceiling, bestCeiling)).joined(separator: "\t")
  }

  private func time(_ program: [ck_step]) -> Double {
    seconds(program, threads: threads, asCPUTime: threads == 1)
  }
}
