import Diagnostics
import Formats
import Kernels
import Runtime

/// A plan from its bytes to its results: what is accepted can be bound and run without harm.
enum PlanRun {
  /// Bytes of all tensors of a function that is run, so that no input takes long.
  private static let runBytes = 1 << 18
  /// From here on no system has the memory: binding must refuse it.
  ///
  /// Sizes between the two are not tried.
  private static let absurdBytes = 1 << 47
  /// Every variant of the kernels takes its turn.
  private static let kernels: [KernelSet] = ISA.allCases.filter(\.isSupported).compactMap { isa in
    do { return try KernelSet(isa: isa) } catch { return nil }
  }

  static func load(_ bytes: [UInt8], place: String) throws(InputError) {
    let loaded = try LoadedPlan(bytes: bytes, place: place)
    defer { extendLifetime(loaded) }
    var random = Random(
      UInt32(truncatingIfNeeded: bytes.reduce(UInt64(bytes.count)) { $0 &* 31 &+ UInt64($1) }))
    collect { () throws(InputError) in try loaded.verifyWeights() }
    collect { () throws(InputError) in _ = try CaptionModel(loaded) }
    if loaded.plan.weights.allSatisfy({ $0.sha256 != nil }) {
      collect { () throws(InputError) in _ = try PlanChecksums(bytes: bytes, place: place) }
    }
    for function in loaded.plan.functions.prefix(3) {
      let symbols = function.symbols.map { ($0, [0, 1, 1, 2, 2, 3, 5, 9][random.below(8)]) }
      collect { () throws(InputError) in try run(function, of: loaded, symbols, &random) }
    }
  }

  /// What fails later, fails as what fails first.
  private static func collect(_ body: () throws(InputError) -> Void) {
    do throws(InputError) { try body() } catch { Rejection.check(error) }
  }

  private static func run(
    _ function: PlanFunction, of loaded: LoadedPlan, _ symbols: [(String, Int)],
    _ random: inout Random
  ) throws(InputError) {
    let values = symbols.map(\.1)
    let sizes = function.tensors.map { tensor in
      tensor.shape.reduce(tensor.dtype.byteCount) { size, axis in
        size.multipliedFull(by: max(0, axis.value(values) ?? .max))
      }
    }
    let total = sizes.reduce(0) { $0 > .max - $1 ? .max : $0 + $1 }
    guard total <= runBytes || total >= absurdBytes else { return }
    let memory = total <= runBytes ? Ports(function, sizes, &random) : Ports()
    // As a session binds `encode` and `step`, and as a call binds any function.
    let sampled = random.below(2) == 0 ? function.inputs.first : nil
    let ranked = random.below(2) == 0 ? function.outputs.first : nil
    let bound = try BoundFunction(
      function, weights: WeightMemory(loaded),
      symbols: Dictionary(symbols) { first, _ in first },
      kernels: kernels[random.below(kernels.count)], threads: 1, external: memory.addresses,
      sampled: sampled.map {
        SampledInput(name: $0.name, table: (0..<768).map { Float($0 % 256) / 64 - 2 })
      }, ranked: ranked?.name, place: loaded.place)
    if total <= runBytes { run(bound, &random) }
    extendLifetime(memory)
  }

  private static func run(_ bound: BoundFunction, _ random: inout Random) {
    if bound.top != nil {
      bound.runForTop()
      bound.runRest()
    } else if let samples = bound.samples {
      for index in samples.indices { samples[index] = UInt8(random.below(256)) }
      bound.runFromSamples()
    }
    bound.run()
  }

  /// Inputs and outputs each in an allocation of its own, whose ends the sanitizer watches.
  private final class Ports {
    private(set) var addresses: [String: UnsafeMutableRawPointer] = [:]

    /// None.
    init() {}

    /// Inputs are filled with what a caller could give.
    init(_ function: PlanFunction, _ sizes: [Int], _ random: inout Random) {
      var roots = Set(function.inputs.map(\.tensor))
      // A caller cannot place what goes by the name of an input and an output.
      let names = Set(function.inputs.map(\.name)).intersection(function.outputs.map(\.name))
      for port in function.inputs where !names.contains(port.name) {
        fill(port, function, sizes[port.tensor], &random)
      }
      for port in function.outputs where !names.contains(port.name) {
        let root = function.tensors[port.tensor].aliasOf ?? port.tensor
        guard function.tensors[root].weight == nil, roots.insert(root).inserted else { continue }
        addresses[port.name] = .allocate(byteCount: sizes[port.tensor], alignment: 4)
      }
    }

    private func fill(
      _ port: PlanPort, _ function: PlanFunction, _ size: Int, _ random: inout Random
    ) {
      let memory = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 4)
      addresses[port.name] = memory
      let isSmall = random.below(2) == 0
      for offset in stride(from: 0, to: size, by: 4) where offset + 4 <= size {
        let bits = UInt32(truncatingIfNeeded: random.next() >> 16)
        let value =
          switch function.tensors[port.tensor].dtype {
          case .i32: isSmall ? bits % 4 : bits
          case .f32: isSmall ? Float(Int(bits % 64) - 32).bitPattern : bits
          case .f16, .u8, .s8: bits
          }
        memory.storeBytes(of: value, toByteOffset: offset, as: UInt32.self)
      }
      for offset in (size / 4 * 4)..<size {
        memory.storeBytes(of: UInt8(random.below(256)), toByteOffset: offset, as: UInt8.self)
      }
    }

    deinit { for address in addresses.values { address.deallocate() } }
  }
}
