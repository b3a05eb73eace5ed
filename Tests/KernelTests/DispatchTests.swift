import CKernels
import Diagnostics
import Kernels
import Testing

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

@Suite struct DispatchTests {
  private let ops = (0..<CK_OP_COUNT.rawValue).map { ck_op($0) }

  private func address(_ op: ck_op, _ isa: ISA) -> UInt {
    UInt(bitPattern: unsafeBitCast(ck_kernel_for(op, isa.value), to: Int.self))
  }

  /// The check that no instruction set is left out silently: a CPU that lists the features must run
  /// their kernels, and these tests with them.
  @Test func theBestInstructionSetOfThisCPURan() throws {
    #if arch(x86_64) && os(Linux)
      let features = try Set(processorFeatures())
      var best = ISA.scalar
      if features.isSuperset(of: ["avx2", "fma", "f16c"]) { best = .avx2 }
      if best == .avx2, features.contains("avx_vnni") { best = .avxvnni }
      if best != .scalar,
        features.isSuperset(of: ["avx512f", "avx512bw", "avx512vl", "avx512dq", "avx512_vnni"])
      {
        best = .avx512vnni
      }
      #expect(ISA.best == best)
    #endif
    #expect(supportedISAs.first == .scalar)
    #expect(supportedISAs.last == ISA.best)
    var ran: Set<ISA> = []
    everyWay("one fill") { run in
      let y = run.output(Float.self, 1)
      run.execute(CK_FILL_F32, ck_fill_f32_args(count: 1, value: 1, y: y))
      ran.insert(run.isa)
    }
    print("kernels tested with", supportedISAs.map(\.rawValue).joined(separator: ", "))
    #expect(ran == Set(supportedISAs))
  }

  #if arch(x86_64) && os(Linux)
    private func processorFeatures() throws -> [String] {
      let file = try #require(fopen("/proc/cpuinfo", "r"))
      defer { fclose(file) }
      var line = [CChar](repeating: 0, count: 16_384)
      while fgets(&line, CInt(line.count), file) != nil {
        let text = String(
          decoding: line.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        if text.hasPrefix("flags") {
          return text.split(whereSeparator: \.isWhitespace).map(String.init)
        }
      }
      return []
    }

    @Test func everyInstructionSetHasItsOwnVariants() {
      #expect(address(CK_GELU_F32, .avx2) != address(CK_GELU_F32, .scalar))
      #expect(address(CK_LINEAR_U8S8, .avx2) != address(CK_LINEAR_U8S8, .scalar))
      #expect(address(CK_LINEAR_U8S8, .avxvnni) != address(CK_LINEAR_U8S8, .avx2))
      #expect(address(CK_LINEAR_U8S8, .avx512vnni) != address(CK_LINEAR_U8S8, .avxvnni))
      #expect(address(CK_GELU_F32, .avxvnni) == address(CK_GELU_F32, .avx2))
      #expect(address(CK_GELU_F32, .avx512vnni) == address(CK_GELU_F32, .avx2))
    }
  #endif

  @Test func noTwoOpsShareAKernel() {
    for isa in ISA.allCases {
      #expect(Set(ops.map { address($0, isa) }).count == ops.count)
    }
  }

  @Test func anInstructionSetTheCPULacksIsAnError() throws {
    for isa in ISA.allCases {
      if isa.isSupported {
        #expect(try KernelSet(isa: isa).isa == isa)
      } else {
        #expect(throws: InputError.self) { try KernelSet(isa: isa) }
      }
    }
    #expect(try KernelSet().isa == .best)
  }

  @Test func aKernelSetHandsOutTheVariantsOfItsInstructionSet() throws {
    for isa in supportedISAs {
      let set = try KernelSet(isa: isa)
      for op in ops {
        #expect(UInt(bitPattern: unsafeBitCast(set.function(op), to: Int.self)) == address(op, isa))
      }
    }
  }
}

@Suite struct RunTests {
  /// Each step rotates by half what the one before wrote, so that threads read each other's parts: a
  /// missing barrier shows as a wrong value.
  @Test(arguments: 1...4) func aStepSeesWhatTheStepBeforeWrote(threads: Int) {
    let (count, steps) = (4097, 60)
    let buffers = (0..<2).map { _ in UnsafeMutablePointer<Float>.allocate(capacity: count) }
    defer { for buffer in buffers { buffer.deallocate() } }
    for buffer in buffers { buffer.initialize(repeating: 1, count: count) }
    let args = (0..<steps).map { step in
      (from: buffers[step % 2], to: buffers[(step + 1) % 2])
    }
    let half = count / 2
    var copies: [ck_copy_f32_args] = []
    for (from, to) in args {
      copies.append(copy(from, to + (count - half), half))
      copies.append(copy(from + half, to, count - half))
    }
    buffers[0].update(from: (0..<count).map { Float($0) }, count: count)
    var expected = (0..<count).map { Float($0) }
    for _ in 0..<steps { expected = Array(expected[half...] + expected[..<half]) }
    let bound = UnsafeMutablePointer<ck_copy_f32_args>.allocate(capacity: copies.count)
    defer { bound.deallocate() }
    bound.initialize(from: copies, count: copies.count)
    let program = copies.indices.map { index in
      ck_step(
        kernel: ck_kernel_for(CK_COPY_F32, CK_ISA_SCALAR), args: bound + index,
        barrier_after: index.isMultiple(of: 2) ? 0 : 1)
    }
    for _ in 0..<20 {
      buffers[0].update(from: (0..<count).map { Float($0) }, count: count)
      ck_run(program, program.count, threads, threads)
      #expect(Array(UnsafeBufferPointer(start: buffers[steps % 2], count: count)) == expected)
    }
  }

  private func copy(
    _ x: UnsafeMutablePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ count: Int
  ) -> ck_copy_f32_args {
    ck_copy_f32_args(
      rank: 1, lengths: axes([count]), x_strides: axes([1]), y_strides: axes([1]), x: x, y: y)
  }

  @Test func noStepsAreNoWork() {
    let nothing = UnsafeMutablePointer<ck_step>.allocate(capacity: 1)
    defer { nothing.deallocate() }
    ck_run(nothing, 0, 1, 1)
    ck_run(nothing, 0, 2, 1)
  }
}
