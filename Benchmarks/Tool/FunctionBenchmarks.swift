import ArgumentParser
import Compiler
import Diagnostics
import Evaluation
import Formats
import Kernels
import Runtime

/// The functions of a plan against the machine: what `gitc bench` measures, as a share of a ceiling.
///
/// Captions and ceilings take turns in one process; the best of each counts.
struct FunctionBenchmarks: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "functions", abstract: "Measure a plan beside the machine's ceilings.",
    discussion: """
      encode: all multiply-adds of one image, attention's too, over those that instructions for exact \
      products make. step: the weights of all projections and the keys and values of one image, over \
      what reading memory gives; the choice of tokens counts.

      Example: Benchmarks functions git-base.plan --threads 2 --isa avx2
      """)

  @Argument(help: "Plan that gitc compile wrote.")
  var plan: String

  @Option(help: "Threads to compute on.")
  var threads = ThreadCount.default

  @Option(help: "Instruction set (default: the best this CPU has).")
  var isa = ISA.best.rawValue

  @Option(help: "Turns of captions and ceilings.")
  var turns = 5

  func run() throws {
    guard let isa = ISA(rawValue: isa), isa.isSupported else {
      throw ValidationError("this CPU does not run '\(isa)'")
    }
    let kernels = try KernelSet(isa: isa)
    let loaded = try LoadedPlan(path: plan)
    guard let sizes = loaded.plan.sizesOfOneImage(), let encode = loaded.plan.function("encode"),
      let step = loaded.plan.function("step"),
      let cost = FunctionCost(encode, weights: loaded.plan.weights, symbols: sizes),
      let bytes = step.bytesRead(weights: loaded.plan.weights, symbols: sizes)
    else { throw ValidationError("'\(plan)' is no plan of a captioner; compile a model") }
    var functions = [
      Function(name: "encode", work: .integerProducts(cost.products), isa, threads),
      Function(name: "step", work: .bytes(bytes), isa, threads),
    ]
    let measurement = SpeedMeasurement(workload: .image, beams: 1, tokens: 16, rounds: 8)
    for _ in 0..<turns {
      let report = try measurement.run(plan: plan, kernels: kernels, threads: threads)
      functions[0].best = min(functions[0].best, report.encodeMs.minimum / 1e3)
      functions[1].best = min(functions[1].best, report.perTokenMs.minimum / 1e3)
      for index in functions.indices { functions[index].measureCeiling(threads: threads) }
    }
    print("function\tkernels\tms\trate\tceiling\tshare")
    for function in functions {
      print(
        ([function.name, isa.rawValue, decimals(function.best * 1e3, 3)]
          + function.work.cells(function.best, function.ceiling, function.bestCeiling))
          .joined(separator: "\t"))
    }
  }

  private struct Function {
    let name: String
    let work: Case.Work
    let ceiling: Ceiling?
    /// Seconds.
    var best = Double.infinity
    var bestCeiling = Double.infinity

    init(name: String, work: Case.Work, _ isa: ISA, _ threads: Int) {
      (self.name, self.work) = (name, work)
      ceiling = Ceiling.of(work, isa, threads: threads)
    }

    mutating func measureCeiling(threads: Int) {
      guard let ceiling else { return }
      for _ in 0..<8 {
        let time = seconds(ceiling.program, threads: threads, asCPUTime: false)
        bestCeiling = min(bestCeiling, time)
      }
    }
  }
}

extension PlanFunction {
  /// The bytes that a run cannot do without: weights of projections, and what its inputs hold of images.
  fileprivate func bytesRead(weights: [PlanWeight], symbols: [String: Int]) -> Int? {
    let values = self.symbols.compactMap { symbols[$0] }
    guard values.count == self.symbols.count else { return nil }
    let projections = steps.compactMap { step in
      step.projectionWeight.flatMap { tensors[$0].weight }
    }
    let states = inputs.filter { $0.name.hasPrefix("prefix_") }.map { tensors[$0.tensor] }
    let stateBytes = states.map { state in
      state.shape.reduce(state.dtype.byteCount) { $0 * ($1.value(values) ?? 0) }
    }
    return Set(projections).reduce(0) { $0 + weights[$1].byteCount } + stateBytes.reduce(0, +)
  }
}
