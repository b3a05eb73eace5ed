import CEmulatedKernels
import CKernels
import Kernels
import Testing

/// One execution of a kernel by one instruction set and thread count.
///
/// Buffers lie off alignment between guard bytes. Afterwards the guards must be whole and the inputs
/// unchanged; outputs start as NaN (all ones), so that an element never written shows.
final class Run {
  let isa: ISA
  let threads: Int
  /// Whether kernels of another architecture stand for those of the instruction set.
  let isEmulated: Bool
  private var regions: [Region] = []

  private struct Region {
    let base: UnsafeMutableRawPointer
    let start: Int
    let byteCount: Int
    /// What an input held.
    let original: [UInt8]?
    let isOutput: Bool

    var bytes: [UInt8] {
      Array(UnsafeRawBufferPointer(start: base + start, count: byteCount))
    }
  }

  private static let guardSize = 64
  private static let guardByte: UInt8 = 0xA5

  init(isa: ISA, threads: Int, isEmulated: Bool = false) {
    self.isa = isa
    self.threads = threads
    self.isEmulated = isEmulated
  }

  deinit {
    for region in regions { region.base.deallocate() }
  }

  /// Values the kernel only reads.
  func input<T: BitwiseCopyable>(_ values: [T]) -> UnsafeMutablePointer<T> {
    allocate(values.count, values, keepsOriginal: true, isOutput: false)
  }

  /// Elements the kernel writes, all of them.
  func output<T: BitwiseCopyable>(_: T.Type, _ count: Int) -> UnsafeMutablePointer<T> {
    allocate(count, nil, keepsOriginal: false, isOutput: true)
  }

  /// Values the kernel changes.
  func inout_<T: BitwiseCopyable>(_ values: [T]) -> UnsafeMutablePointer<T> {
    allocate(values.count, values, keepsOriginal: false, isOutput: true)
  }

  /// Memory that may hold anything afterwards.
  func scratch<T: BitwiseCopyable>(_: T.Type, _ count: Int) -> UnsafeMutablePointer<T> {
    allocate(count, nil, keepsOriginal: false, isOutput: false)
  }

  func scratch(_ count: Int) -> UnsafeMutablePointer<Float> { scratch(Float.self, count) }

  /// Runs one kernel on all threads.
  func execute<Args>(_ op: ck_op, _ args: Args) {
    withUnsafePointer(to: args) { args in
      let step = ck_step(kernel: kernel(op), args: args, barrier_after: 1)
      withUnsafePointer(to: step) { ck_run($0, 1, threads, threads) }
    }
  }

  private func kernel(_ op: ck_op) -> ck_kernel {
    if isEmulated, let emulated = emulated_kernel_for(op) { return emulated }
    return ck_kernel_for(op, isa.value)
  }

  /// Checks guards and inputs; returns the bytes of the outputs, in the order they were made.
  func finish(_ label: String) -> [[UInt8]] {
    for (index, region) in regions.enumerated() {
      let whole = UnsafeRawBufferPointer(
        start: region.base, count: region.start + region.byteCount + Self.guardSize)
      let before = whole[..<region.start].allSatisfy { $0 == Self.guardByte }
      let after = whole[(region.start + region.byteCount)...].allSatisfy { $0 == Self.guardByte }
      #expect(before, "\(label): wrote before buffer \(index)")
      #expect(after, "\(label): wrote beyond buffer \(index)")
      if let original = region.original {
        #expect(region.bytes == original, "\(label): changed input \(index)")
      }
    }
    return regions.filter(\.isOutput).map(\.bytes)
  }

  private func allocate<T: BitwiseCopyable>(
    _ count: Int, _ values: [T]?, keepsOriginal: Bool, isOutput: Bool
  ) -> UnsafeMutablePointer<T> {
    let byteCount = count * MemoryLayout<T>.stride
    let start = Self.guardSize + MemoryLayout<T>.alignment
    let total = start + byteCount + Self.guardSize
    let base = UnsafeMutableRawPointer.allocate(byteCount: total, alignment: 64)
    base.initializeMemory(as: UInt8.self, repeating: Self.guardByte, count: total)
    let data = base + start
    let pointer = data.bindMemory(to: T.self, capacity: count)
    if let values {
      pointer.initialize(from: values, count: count)
    } else {
      UnsafeMutableRawBufferPointer(start: data, count: byteCount).initializeMemory(
        as: UInt8.self, repeating: 0xFF)
    }
    var region = Region(
      base: base, start: start, byteCount: byteCount, original: nil, isOutput: isOutput)
    if keepsOriginal {
      region = Region(
        base: base, start: start, byteCount: byteCount, original: region.bytes, isOutput: isOutput)
    }
    regions.append(region)
    return pointer
  }
}

/// The instruction sets this CPU runs, worst first.
let supportedISAs = ISA.allCases.filter(\.isSupported)

/// One way to compute the same.
private struct Way {
  let name: String
  let isa: ISA
  let threads: Int
  var isEmulated = false

  /// Every supported instruction set with 1, 2 and 3 threads, and the NEON kernels on other
  /// architectures, where SIMDe is there to emulate them.
  static let all: [Way] = {
    var ways: [Way] = []
    for isa in supportedISAs {
      for threads in 1...3 { ways.append(Way(name: isa.rawValue, isa: isa, threads: threads)) }
    }
    if emulated_kernel_for(CK_LINEAR_U8S8) != nil {
      ways.append(Way(name: "emulated neondot", isa: .scalar, threads: 2, isEmulated: true))
    }
    return ways
  }()
}

/// Runs `body` with every supported instruction set and 1, 2 and 3 threads, and with emulated kernels
/// of another.
///
/// All outputs must have the same bits each time (a NaN equals any NaN); whether they are right is for
/// `body` to check.
func everyWay(_ label: String, _ body: (Run) throws -> Void) rethrows {
  var first: [[UInt8]]?
  for way in Way.all {
    let run = Run(isa: way.isa, threads: way.threads, isEmulated: way.isEmulated)
    try body(run)
    let name = "\(label), \(way.name), \(way.threads) threads"
    let outputs = run.finish(name)
    if let first {
      #expect(sameBits(outputs, first), "\(name): differs from scalar on 1 thread")
    } else {
      first = outputs
    }
  }
}

private func sameBits(_ a: [[UInt8]], _ b: [[UInt8]]) -> Bool {
  if a == b { return true }
  guard a.count == b.count else { return false }
  return zip(a, b).allSatisfy { a, b in
    a == b || (a.count == b.count && a.count.isMultiple(of: 4) && sameFloats(a, b))
  }
}

/// Equal but for the payload of NaNs.
private func sameFloats(_ a: [UInt8], _ b: [UInt8]) -> Bool {
  a.withUnsafeBytes { a in
    b.withUnsafeBytes { b in
      stride(from: 0, to: a.count, by: 4).allSatisfy {
        let x = a.loadUnaligned(fromByteOffset: $0, as: UInt32.self)
        let y = b.loadUnaligned(fromByteOffset: $0, as: UInt32.self)
        return x == y || (Float(bitPattern: x).isNaN && Float(bitPattern: y).isNaN)
      }
    }
  }
}

extension UnsafeMutablePointer where Pointee: BitwiseCopyable {
  /// The first `count` elements.
  func read(_ count: Int) -> [Pointee] { Array(UnsafeBufferPointer(start: self, count: count)) }
}
