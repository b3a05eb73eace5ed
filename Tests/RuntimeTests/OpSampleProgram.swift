import Compiler
import Formats
import Graph
import Reference
import Runtime
import TestSupport

/// A row of the op table as a plan function of one step, or of none for an alias.
struct OpSampleProgram {
  let builder: FunctionBuilder
  let symbols: [String: Int]
  let inputs: [String: Tensor]

  init(_ sample: OpSample, seed: UInt64) {
    symbols = sample.symbols
    inputs = sample.inputs(seed: seed)
    switch sample.op {
    case .quantizedLinear(let op):
      builder = Self.packed(.quantizedLinear, sample, inputs) { $0.set(op.epilogue) }
    case .quantizedEmbedding:
      builder = Self.packed(.quantizedEmbedding, sample, inputs) { _ in }
    default:
      let compiled = Compiler.compileTraining(sample.graph, name: sample.op.mnemonic)
      precondition(compiled.weights.isEmpty, "samples have inputs, no parameters")
      var builder = FunctionBuilder()
      builder.function = compiled.function
      self.builder = builder
    }
  }

  /// The graph's weight is an input; a plan's is packed.
  private static func packed(
    _ opcode: PlanOpcode, _ sample: OpSample, _ inputs: [String: Tensor],
    _ set: (inout PlanStep) -> Void
  ) -> FunctionBuilder {
    var builder = FunctionBuilder(sample.op.mnemonic, symbols: sample.symbols.keys.sorted())
    func shape(_ value: Value) -> [PlanDimension] {
      sample.graph.shape(value).map { dimension in
        PlanDimension(
          terms: dimension.terms.map { term in
            .init(
              coefficient: term.coefficient,
              symbols: term.symbols.map { builder.function.symbols.firstIndex(of: $0) ?? 0 })
          })
      }
    }
    var operands: [Int] = []
    for named in sample.graph.inputs {
      let tensor = inputs[named.name] ?? .filled([])
      let lengths = shape(named.value)
      if named.name == "weight" {
        operands.append(
          builder.packed(
            "weight", rows: tensor.shape[0], columns: tensor.shape[1],
            tensor.integers.map { Int8($0) }))
      } else {
        operands.append(
          builder.input(
            named.name, tensor.dtype == .u8 ? .u8 : tensor.dtype == .i32 ? .i32 : .f32, lengths))
      }
    }
    var results: [Int] = []
    for named in sample.graph.outputs {
      results.append(builder.tensor(.f32, shape(named.value)))
    }
    builder.step(opcode, operands, results, set)
    for (named, result) in zip(sample.graph.outputs, results) { builder.output(named.name, result) }
    return builder
  }

  /// Runs it; the outputs and the inputs it changes, by name.
  func run(threads: Int) throws -> [String: [UInt8]] {
    let program = try builder.bound(symbols, threads: threads)
    for port in builder.function.inputs {
      guard let tensor = inputs[port.name] else { continue }
      program.function.input(port.name).copyBytes(from: Self.bytes(of: tensor))
    }
    program.function.run()
    var found: [String: [UInt8]] = [:]
    for port in builder.function.outputs { found[port.name] = program.bytes(port.name) }
    for port in builder.function.inputs where port.name.hasPrefix("text") {
      found[port.name] = Array(program.function.input(port.name))
    }
    return found
  }

  /// A tensor in the plan's number types.
  static func bytes(of tensor: Tensor) -> [UInt8] {
    switch tensor.dtype {
    case .f32: tensor.values.map { Float($0) }.withUnsafeBytes { Array($0) }
    case .i32: tensor.values.map { Int32($0) }.withUnsafeBytes { Array($0) }
    case .f16: tensor.values.map { Half.bits(Float($0)) }.withUnsafeBytes { Array($0) }
    case .u8: tensor.values.map { UInt8($0) }
    case .s8: tensor.values.map { UInt8(bitPattern: Int8($0)) }
    }
  }

  /// The numbers of a tensor of the plan.
  static func values(_ bytes: [UInt8], _ dtype: DType) -> [Double] {
    bytes.withUnsafeBytes { raw in
      switch dtype {
      case .f32: raw.assumingMemoryBound(to: Float.self).map(Double.init)
      case .i32: raw.assumingMemoryBound(to: Int32.self).map(Double.init)
      case .f16: raw.assumingMemoryBound(to: UInt16.self).map { Double(Half.float($0)) }
      case .u8: raw.map(Double.init)
      case .s8: raw.map { Double(Int8(bitPattern: $0)) }
      }
    }
  }
}

extension PlanStep {
  /// What a sample's epilogue asks of a projection of 7-bit rows.
  fileprivate mutating func set(_ epilogue: Epilogue) {
    levels = 127
    hasBias = epilogue.hasBias
    hasResidual = epilogue.hasResidual
    switch epilogue.activation {
    case .none: activation = .none
    case .geluErf: activation = .geluErf
    case .geluTanh: activation = .geluTanh
    case .geluQuick: activation = .geluQuick
    }
  }
}
