import CCeilings
import CKernels
import Kernels

/// The most that an instruction mix, or reading memory, gives on this machine at this moment.
struct Ceiling {
  let name: String
  /// Products or bytes per run of all threads.
  private let work: Double
  private let kernel: ck_kernel
  private let args: UnsafeMutablePointer<ceiling_args>

  /// What bounds `work` on `isa`; nil where no ceiling is known.
  static func of(_ work: Case.Work, _ isa: ISA, threads: Int) -> Ceiling? {
    #if arch(x86_64)
      switch (work, isa) {
      case (.bytes, _):
        return Ceiling("read", ceiling_read, bytes: 256 << 20)
      case (.integerProducts, .avx2):
        return Ceiling("vpmaddubsw", ceiling_exact_avx2, CEILING_EXACT_AVX2, threads)
      case (.integerProducts, .avxvnni):
        return Ceiling("vpdpbusd", ceiling_vnni_avx, CEILING_VNNI_AVX, threads)
      case (.integerProducts, .avx512vnni):
        return Ceiling("vpdpbusd", ceiling_vnni_avx512, CEILING_VNNI_AVX512, threads)
      case (.floatProducts, .avx2), (.floatProducts, .avxvnni):
        return Ceiling("fma", ceiling_fma_avx2, CEILING_FMA_AVX2, threads)
      case (.floatProducts, .avx512vnni):
        return Ceiling("fma, 512 bits", ceiling_fma_avx512, CEILING_FMA_AVX512, threads)
      case (_, .scalar), (_, .neondot): return nil
      }
    #else
      if case .bytes = work { return Ceiling("read", ceiling_read, bytes: 256 << 20) }
      return nil
    #endif
  }

  private init(
    _ name: String, _ kernel: @escaping ck_kernel, _ products: Int, _ threads: Int
  ) {
    let repetitions = 20_000
    (self.name, self.kernel) = (name, kernel)
    work = Double(repetitions * products * threads)
    args = .allocate(capacity: 1)
    args.initialize(to: ceiling_args(repetitions: repetitions, memory: nil, bytes: 0))
  }

  private init(_ name: String, _ kernel: @escaping ck_kernel, bytes: Int) {
    (self.name, self.kernel) = (name, kernel)
    work = Double(bytes)
    let memory = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 4096)
    memory.initializeMemory(as: UInt8.self, repeating: 1, count: bytes)
    args = .allocate(capacity: 1)
    args.initialize(
      to: ceiling_args(
        repetitions: 0, memory: UnsafePointer(memory.assumingMemoryBound(to: CChar.self)),
        bytes: bytes))
  }

  /// The program that runs it once.
  var program: [ck_step] { [ck_step(kernel: kernel, args: args, barrier_after: 0)] }

  /// Giga-products or gigabytes per second, when a run takes so long.
  func rate(_ seconds: Double) -> Double { work / seconds * 1e-9 }
}
