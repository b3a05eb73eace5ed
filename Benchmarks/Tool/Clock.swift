import CKernels

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// How long a program takes: by the wall clock, or for one thread as CPU time, which other processes change
/// least.
func seconds(_ program: [ck_step], threads: Int, asCPUTime: Bool) -> Double {
  func now() -> Double {
    var time = timespec()
    clock_gettime(asCPUTime ? CLOCK_PROCESS_CPUTIME_ID : CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }
  let start = now()
  program.withUnsafeBufferPointer { steps in
    if let first = steps.baseAddress { ck_run(first, steps.count, threads, threads) }
  }
  return now() - start
}

/// A number with so many decimal places.
func decimals(_ value: Double, _ places: Int) -> String {
  let scale = (0..<places).reduce(1.0) { scale, _ in scale * 10 }
  let digits = String(Int((value * scale).rounded()))
  let padded = String(repeating: "0", count: max(0, places + 1 - digits.count)) + digits
  return padded.dropLast(places) + "." + padded.suffix(places)
}

extension Case.Work {
  /// The columns of a table for work that takes `best` seconds, beside a ceiling that takes
  /// `bestCeiling`: rate, and where there is a ceiling its rate and the share of it.
  func cells(_ best: Double, _ ceiling: Ceiling?, _ bestCeiling: Double) -> [String] {
    let (work, unit) =
      switch self {
      case .integerProducts(let count), .floatProducts(let count): (count, "GMAC/s")
      case .bytes(let count): (count, "GB/s")
      }
    let rate = Double(work) / best * 1e-9
    guard let ceiling else { return ["\(decimals(rate, 1)) \(unit)"] }
    let most = ceiling.rate(bestCeiling)
    return [
      "\(decimals(rate, 1)) \(unit)", "\(ceiling.name) \(decimals(most, 1))",
      decimals(rate / most, 2),
    ]
  }
}
