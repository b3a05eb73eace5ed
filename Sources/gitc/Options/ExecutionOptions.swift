import ArgumentParser
import Diagnostics
import Kernels

/// How a command computes.
struct ExecutionOptions: ParsableArguments {
  @OptionGroup var threads: ThreadOptions

  @Option(help: "Instruction set: scalar, avx2 or avx512vnni (default: the best this CPU has).")
  var isa: ISA?

  /// The kernels of the instruction set asked for.
  func kernels() throws(InputError) -> KernelSet { try KernelSet(isa: isa ?? .best) }
}

extension ISA: ExpressibleByArgument {}
