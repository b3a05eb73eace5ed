import ArgumentParser
import CKernels
import Diagnostics
import Kernels
import Runtime

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Kernels against the machine: milliseconds, rate, and share of a ceiling measured beside it.
///
/// Each case takes turns with its ceiling, and the best of many short runs counts: other processes
/// can only make a run longer. On one thread, CPU time is measured, which they change least.
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
      best = min(best, seconds(program))
      if let ceiling { bestCeiling = min(bestCeiling, seconds(ceiling.program)) }
    }
    let (work, unit) =
      switch item.work {
      case .integerProducts(let count), .floatProducts(let count): (count, "GMAC/s")
      case .bytes(let count): (count, "GB/s")
      }
    let rate = Double(work) / best * 1e-9
    var cells = [item.name, isa.rawValue, text(best * 1e3, 3), "\(text(rate, 1)) \(unit)"]
    if let ceiling {
      let most = ceiling.rate(bestCeiling)
      cells += ["\(ceiling.name) \(text(most, 1))", text(rate / most, 2)]
    }
    return cells.joined(separator: "\t")
  }

  private func seconds(_ program: [ck_step]) -> Double {
    let start = now()
    program.withUnsafeBufferPointer { steps in
      if let first = steps.baseAddress { ck_run(first, steps.count, threads, threads) }
    }
    return now() - start
  }

  private func now() -> Double {
    var time = timespec()
    clock_gettime(threads == 1 ? CLOCK_PROCESS_CPUTIME_ID : CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }

  private func text(_ value: Double, _ places: Int) -> String {
    let scale = (0..<places).reduce(1.0) { scale, _ in scale * 10 }
    let digits = String(Int((value * scale).rounded()))
    let padded = String(repeating: "0", count: max(0, places + 1 - digits.count)) + digits
    return padded.dropLast(places) + "." + padded.suffix(places)
  }
}
