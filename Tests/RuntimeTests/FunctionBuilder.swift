import Testing
import Formats
import Kernels
import Runtime

/// Tensors and steps of a plan function, with weights; a tensor is its index.
struct FunctionBuilder {
  var function: PlanFunction
  var table: [PlanWeight] = []
  var weights: [UInt8] = []

  init(_ name: String = "test", symbols: [String] = []) {
    function = PlanFunction(
      name: name, symbols: symbols, tensors: [], steps: [], inputs: [], outputs: [])
  }

  /// The dimension that is symbol number `index`, `coefficient` times.
  static func symbol(_ index: Int, times coefficient: Int = 1) -> PlanDimension {
    PlanDimension(terms: [.init(coefficient: coefficient, symbols: [index])])
  }

  mutating func tensor(_ dtype: PlanDType, _ shape: [PlanDimension], aliasOf: Int? = nil) -> Int {
    function.tensors.append(PlanTensor(dtype: dtype, shape: shape, aliasOf: aliasOf))
    return function.tensors.count - 1
  }

  mutating func tensor(_ dtype: PlanDType, _ shape: [Int], aliasOf: Int? = nil) -> Int {
    tensor(dtype, shape.map { PlanDimension($0) }, aliasOf: aliasOf)
  }

  mutating func f32(_ shape: [Int]) -> Int { tensor(.f32, shape) }

  mutating func input(_ name: String, _ dtype: PlanDType, _ shape: [PlanDimension]) -> Int {
    let tensor = tensor(dtype, shape)
    function.inputs.append(PlanPort(name: name, tensor: tensor))
    return tensor
  }

  mutating func input(_ name: String, _ dtype: PlanDType, _ shape: [Int]) -> Int {
    input(name, dtype, shape.map { PlanDimension($0) })
  }

  mutating func input(_ name: String, _ shape: [Int]) -> Int { input(name, .f32, shape) }

  /// A dense f32 weight.
  mutating func weight(_ name: String, _ shape: [Int], _ values: [Float]) -> Int {
    add(name, .f32, shape, .dense, values.withUnsafeBytes { Array($0) })
  }

  /// A packed s8 weight.
  mutating func packed(_ name: String, rows: Int, columns: Int, _ values: [Int8]) -> Int {
    let (packed, sums) = Packing.packS8(values, rows: rows, columns: columns)
    var bytes = packed.withUnsafeBytes { Array($0) }
    bytes += [UInt8](repeating: 0, count: (bytes.count + 63) / 64 * 64 - bytes.count)
    bytes += sums.withUnsafeBytes { Array($0) }
    return add(name, .s8, [rows, columns], .packedN8K4, bytes)
  }

  private mutating func add(
    _ name: String, _ dtype: PlanDType, _ shape: [Int], _ layout: PlanLayout, _ bytes: [UInt8]
  ) -> Int {
    weights += [UInt8](repeating: 0, count: (weights.count + 63) / 64 * 64 - weights.count)
    table.append(
      PlanWeight(
        name: name, dtype: dtype, shape: shape, layout: layout, offset: weights.count,
        byteCount: bytes.count))
    weights += bytes
    let tensor = tensor(dtype, shape)
    function.tensors[tensor].weight = table.count - 1
    return tensor
  }

  mutating func step(
    _ opcode: PlanOpcode, _ operands: [Int], _ results: [Int],
    _ set: (inout PlanStep) -> Void = { _ in }
  ) {
    var step = PlanStep(opcode, operands: operands, results: results)
    set(&step)
    function.steps.append(step)
  }

  mutating func output(_ name: String, _ tensor: Int) {
    function.outputs.append(PlanPort(name: name, tensor: tensor))
  }

  /// The function bound to its weights, which live as long as the result.
  func bound(
    _ symbols: [String: Int] = [:], threads: Int = 2, isa: ISA = .best,
    external: [String: UnsafeMutableRawPointer] = [:], sharing: SharedArena? = nil
  ) throws -> Program {
    try Program(self, symbols, threads: threads, isa: isa, external: external, sharing: sharing)
  }
}

/// A bound function together with the weights it reads.
final class Program {
  let function: BoundFunction
  private let weights: UnsafeMutableRawBufferPointer

  init(
    _ builder: FunctionBuilder, _ symbols: [String: Int], threads: Int, isa: ISA,
    external: [String: UnsafeMutableRawPointer], sharing: SharedArena?
  ) throws {
    weights = .allocate(byteCount: max(64, builder.weights.count), alignment: 64)
    weights.copyBytes(from: builder.weights)
    let base = try #require(weights.baseAddress)
    do {
      function = try BoundFunction(
        builder.function, weights: WeightMemory(table: builder.table, base: UnsafeRawPointer(base)),
        symbols: symbols, kernels: KernelSet(isa: isa), threads: threads, external: external,
        sharing: sharing)
    } catch {
      weights.deallocate()
      throw error
    }
  }

  deinit { weights.deallocate() }

  /// Overwrites the front of the weights.
  func setWeights(_ values: [Float]) {
    weights.copyBytes(from: values.withUnsafeBytes { Array($0) })
  }

  func set(_ name: String, _ values: [Float]) {
    function.input(name).copyBytes(from: values.withUnsafeBytes { Array($0) })
  }

  func set(_ name: String, integers values: [Int32]) {
    function.input(name).copyBytes(from: values.withUnsafeBytes { Array($0) })
  }

  func floats(_ name: String) -> [Float] {
    Array(function.output(name).assumingMemoryBound(to: Float.self))
  }

  func bytes(_ name: String) -> [UInt8] { Array(function.output(name)) }
}
