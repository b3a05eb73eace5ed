package import Diagnostics
package import Formats
package import Kernels

/// An array that a function of a plan is given or gives.
package struct CallArray: Sendable, Equatable {
  package enum Values: Sendable, Equatable {
    case floats([Float])
    case integers([Int32])

    var description: String {
      switch self {
      case .floats: "floats"
      case .integers: "integers"
      }
    }

    /// Whether a tensor of this type can be given so; f16 rounds.
    func fits(_ dtype: PlanDType) -> Bool {
      switch self {
      case .floats: dtype == .f32 || dtype == .f16
      case .integers: dtype == .i32
      }
    }
  }

  /// Outermost axis first; empty for a scalar.
  package var shape: [Int]
  /// Row-major, as many as `shape` has elements.
  package var values: Values

  package init(shape: [Int], values: Values) {
    self.shape = shape
    self.values = values
  }
}

/// One run of one function of any plan, for programs that are no captioners and for comparisons.
package struct FunctionCall {
  private let loaded: LoadedPlan
  private let function: PlanFunction

  /// Finds a function.
  ///
  /// - Throws: `.usage` when the plan has none of that name.
  package init(_ loaded: LoadedPlan, function name: String) throws(InputError) {
    guard let function = loaded.plan.function(name) else {
      throw InputError(
        .usage, "no such function",
        expected: loaded.plan.functions.map(\.name).joined(separator: ", "),
        found: "'\(name)'", in: loaded.place, advice: "name one of them")
    }
    self.loaded = loaded
    self.function = function
  }

  /// The names of the outputs.
  package var outputs: [String] { function.outputs.map(\.name) }

  /// Runs the function once.
  ///
  /// - Parameters:
  ///   - inputs: by name; one that is not given is zeros, where its shape follows from the others.
  ///   - symbols: lengths that the inputs' shapes do not settle.
  ///   - kernels: which variants run.
  ///   - threads: 1 ... 1024.
  /// - Returns: every output of floats or integers by name, and every input as the function left it.
  /// - Throws: `.usage` for inputs that are none of the function's or do not fit it.
  package func run(
    _ inputs: [String: CallArray], symbols: [String: Int], kernels: KernelSet, threads: Int
  ) throws(InputError) -> [String: CallArray] {
    let lengths = try solve(inputs, symbols)
    try checkIndices(inputs, function.symbols.map { lengths[$0] ?? 0 })
    let bound = try BoundFunction(
      function, weights: WeightMemory(loaded), symbols: lengths,
      kernels: kernels, threads: threads, place: loaded.place)
    for port in function.inputs {
      guard let array = inputs[port.name] else { continue }
      let target = bound.input(port.name)
      switch array.values {
      case .floats(let values) where function.tensors[port.tensor].dtype == .f16:
        values.map { Half.bits($0) }.withUnsafeBytes { target.copyMemory(from: $0) }
      case .floats(let values): values.withUnsafeBytes { target.copyMemory(from: $0) }
      case .integers(let values): values.withUnsafeBytes { target.copyMemory(from: $0) }
      }
    }
    bound.run()
    var results: [String: CallArray] = [:]
    for port in function.inputs {
      results[port.name] = array(
        port, UnsafeRawBufferPointer(bound.input(port.name)), bound.inputShape(port.name))
    }
    for port in function.outputs {
      results[port.name] = array(
        port, UnsafeRawBufferPointer(bound.output(port.name)), bound.outputShape(port.name))
    }
    return results
  }

  private func array(_ port: PlanPort, _ bytes: UnsafeRawBufferPointer, _ shape: [Int])
    -> CallArray?
  {
    switch function.tensors[port.tensor].dtype {
    case .f32:
      CallArray(shape: shape, values: .floats(Array(bytes.bindMemory(to: Float.self))))
    case .i32:
      CallArray(shape: shape, values: .integers(Array(bytes.bindMemory(to: Int32.self))))
    case .f16:
      CallArray(
        shape: shape, values: .floats(bytes.bindMemory(to: UInt16.self).map { Half.float($0) }))
    case .u8, .s8: nil
    }
  }

  /// Kernels trust indices: those that steps look rows up by must be in range.
  private func checkIndices(
    _ inputs: [String: CallArray], _ symbols: [Int]
  ) throws(InputError) {
    func length(_ tensor: Int, _ axis: Int) -> Int {
      function.tensors[tensor].shape[axis].value(symbols) ?? 0
    }
    for step in function.steps {
      let operands = step.operands
      let uses: [(tensor: Int, bound: Int)]
      switch step.opcode {
      case .embedding: uses = [(operands[1], length(operands[0], 0))]
      case .quantizedEmbedding: uses = [(operands[2], length(operands[0], 0))]
      case .cachedAttention:
        uses = [
          (operands[7], length(operands[3], 0)), (operands[8], length(operands[5], 0)),
          (operands[9], length(operands[5], 1)),
        ]
      default: continue
      }
      for (tensor, bound) in uses {
        let root = function.tensors[tensor].aliasOf ?? tensor
        // These are in range by what they are.
        if function.steps.contains(where: {
          $0.opcode == .relativeIndex && $0.results.contains(root)
        }) {
          continue
        }
        guard let port = function.inputs.first(where: { $0.tensor == root }) else {
          throw failure(
            "\(step.opcode)", expected: "indices that are an input", found: "computed ones")
        }
        guard case .integers(let values)? = inputs[port.name]?.values else { continue }
        if let wrong = values.first(where: { !(0..<bound).contains(Int($0)) }) {
          throw failure(port.name, expected: "integers in 0 ..< \(bound)", found: "\(wrong)")
        }
        // Kernels read the first alone.
        let isPositions = step.opcode == .cachedAttention && tensor == operands[9]
        if isPositions, zip(values, values.dropFirst()).contains(where: { $0 &+ 1 != $1 }) {
          throw failure(port.name, expected: "consecutive positions", found: "others")
        }
      }
    }
  }

  private func failure(_ port: String, expected: String, found: String) -> InputError {
    InputError(
      .usage, "the inputs do not fit the function", expected: expected, found: found,
      in: "\(loaded.place), function '\(function.name)', '\(port)'",
      advice: "see gitc inspect for its inputs")
  }

  /// A length for every symbol, from axes that are one symbol alone.
  private func solve(
    _ inputs: [String: CallArray], _ symbols: [String: Int]
  ) throws(InputError) -> [String: Int] {
    var lengths = symbols
    for name in inputs.keys.sorted() where !function.inputs.contains(where: { $0.name == name }) {
      throw failure(
        name, expected: function.inputs.map(\.name).joined(separator: ", "), found: "'\(name)'")
    }
    for port in function.inputs {
      guard let given = inputs[port.name] else { continue }
      let tensor = function.tensors[port.tensor]
      guard given.values.fits(tensor.dtype), tensor.shape.count == given.shape.count else {
        throw failure(
          port.name, expected: "\(tensor.dtype) of \(tensor.shape.count) axes",
          found: "\(given.values.description) \(given.shape)")
      }
      for (axis, length) in zip(tensor.shape, given.shape) {
        guard axis.terms.count == 1, axis.terms[0].coefficient == 1,
          axis.terms[0].symbols.count == 1
        else { continue }
        let symbol = function.symbols[axis.terms[0].symbols[0]]
        lengths[symbol] = lengths[symbol] ?? length
      }
    }
    var values: [Int] = []
    for symbol in function.symbols {
      guard let length = lengths[symbol], length >= 0 else {
        throw failure(
          symbol, expected: "a length for the symbol \(symbol)", found: "none")
      }
      values.append(length)
    }
    for port in function.inputs {
      guard let given = inputs[port.name] else { continue }
      let shape = function.tensors[port.tensor].shape.map { $0.value(values) }
      guard shape == given.shape else {
        throw failure(
          port.name,
          expected: "shape [\(shape.map { $0.map(String.init) ?? "?" }.joined(separator: ", "))]",
          found: "\(given.shape)")
      }
    }
    return lengths
  }
}
