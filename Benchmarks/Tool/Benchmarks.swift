import ArgumentParser

/// What the project measures itself with; `gitc bench` measures a plan, `Benchmarks/peers` and
/// `Benchmarks/training` rivals.
@main
struct Benchmarks: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Measure kernels and plans, and make models to measure.",
    discussion: """
      Example: swift run -c release Benchmarks kernels --threads 2 --isa avx2
               swift run -c release Benchmarks model git-base -o git-base.ckpt
               swift run -c release Benchmarks functions git-base.plan --threads 2
      """,
    subcommands: [
      KernelBenchmarks.self, FunctionBenchmarks.self, TrainingSteps.self, RandomModel.self,
    ])
}
