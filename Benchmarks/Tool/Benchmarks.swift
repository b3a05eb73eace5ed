import ArgumentParser

/// What the project measures itself with; `gitc bench` measures a plan, `Benchmarks/peers` and
/// `Benchmarks/training` rivals.
@main
struct Benchmarks: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Measure kernels, and make models to measure.",
    discussion: """
      Example: swift run -c release Benchmarks kernels --threads 2 --isa avx2
               swift run -c release Benchmarks model git-base -o git-base.ckpt
      """,
    subcommands: [KernelBenchmarks.self, TrainingSteps.self, RandomModel.self])
}
