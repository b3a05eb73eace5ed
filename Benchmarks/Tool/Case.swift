import CKernels
import Kernels

/// One thing to measure: a program of kernel steps over memory of its own.
final class Case {
  /// What bounds it: products, or bytes read.
  enum Work {
    case integerProducts(Int)
    case floatProducts(Int)
    case bytes(Int)
  }

  let name: String
  let work: Work
  private var steps: [(op: ck_op, args: UnsafeMutableRawPointer)] = []
  private var memory: [UnsafeMutableRawPointer] = []

  init(_ name: String, _ work: Work) {
    self.name = name
    self.work = work
  }

  deinit {
    for step in steps { step.args.deallocate() }
    for block in memory { block.deallocate() }
  }

  /// Adds one kernel call.
  func add<Args>(_ op: ck_op, _ args: Args) {
    let place = UnsafeMutablePointer<Args>.allocate(capacity: 1)
    place.initialize(to: args)
    steps.append((op, UnsafeMutableRawPointer(place)))
  }

  /// The program with the kernels of `isa`, all threads meeting after each call.
  func program(_ isa: ISA) -> [ck_step] {
    steps.map { step in
      ck_step(kernel: ck_kernel_for(step.op, isa.value), args: step.args, barrier_after: 1)
    }
  }

  /// Floats of about the size that activations have; the same in every run.
  func floats(_ count: Int) -> UnsafeMutablePointer<Float> {
    let p = allocate(Float.self, count)
    var state: UInt64 = 1
    for i in 0..<count { p[i] = Float(Int32(truncatingIfNeeded: next(&state))) * 0x1p-30 }
    return p
  }

  /// Bytes of 7 bits.
  func bytes(_ count: Int) -> UnsafeMutablePointer<UInt8> {
    let p = allocate(UInt8.self, count)
    var state: UInt64 = 2
    for i in 0..<count { p[i] = UInt8(truncatingIfNeeded: next(&state)) & 127 }
    return p
  }

  /// Packed weights of magnitude 32 at most: four blocks of them may be added in int16.
  func weights(_ count: Int) -> UnsafeMutablePointer<Int8> {
    let p = allocate(Int8.self, count)
    var state: UInt64 = 3
    for i in 0..<count { p[i] = Int8(truncatingIfNeeded: next(&state) % 65) - 32 }
    return p
  }

  /// Zeros.
  func integers(_ count: Int) -> UnsafeMutablePointer<Int32> {
    let p = allocate(Int32.self, count)
    p.initialize(repeating: 0, count: count)
    return p
  }

  /// Zeros.
  func doubles(_ count: Int) -> UnsafeMutablePointer<Double> {
    let p = allocate(Double.self, count)
    p.initialize(repeating: 0, count: count)
    return p
  }

  private func allocate<T>(_: T.Type, _ count: Int) -> UnsafeMutablePointer<T> {
    let bytes = max(1, count * MemoryLayout<T>.stride)
    let block = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
    memory.append(block)
    return block.bindMemory(to: T.self, capacity: count)
  }

  /// SplitMix64.
  private func next(_ state: inout UInt64) -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var bits = state
    bits = (bits ^ bits >> 30) &* 0xbf58_476d_1ce4_e5b9
    bits = (bits ^ bits >> 27) &* 0x94d0_49bb_1331_11eb
    return bits ^ bits >> 31
  }
}
