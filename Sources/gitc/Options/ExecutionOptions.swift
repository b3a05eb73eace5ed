import ArgumentParser
import Captioning
import Diagnostics
import Kernels
import Runtime

/// How a command computes.
struct ExecutionOptions: ParsableArguments {
  @OptionGroup var threads: ThreadOptions

  @Option(
    help: """
      Instruction set: scalar, avx2, avxvnni, avx512vnni or neondot (default: the best this CPU has).
      """)
  var isa: ISA?

  /// The kernels of the instruction set asked for.
  func kernels() throws(InputError) -> KernelSet { try KernelSet(isa: isa ?? .best) }

  /// A captioner that computes so, with the plan at `path`.
  func captioner(_ path: String) throws(InputError) -> Captioner {
    try Captioner(CaptionModel(path: path), kernels: kernels(), threads: threads.count)
  }
}

extension ISA: ExpressibleByArgument {}
