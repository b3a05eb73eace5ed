import Compiler
package import Diagnostics
package import Formats
import Kernels
import Runtime

/// What is in a plan.
package struct PlanReport: Encodable, Sendable {
  /// What one run of a function takes, for one image of one frame and one new token after a text of
  /// usual length.
  package struct Cost: Encodable, Sendable {
    /// The value of every symbol.
    package var sizes: [String: Int]
    /// Bytes of the function's own memory.
    package var arenaBytes: Int
    /// The most bytes that are in use at once: no arena can be smaller.
    package var arenaLowerBoundBytes: Int
    package var kernelCalls: Int
    /// How often all threads meet between calls.
    package var barriers: Int
    /// Products of floats and their sums, in projections.
    package var floatMultiplyAdds: Int
    /// The same of int8 weights.
    package var integerMultiplyAdds: Int
    /// The same of attention, with the whole capacity of the caches.
    package var attentionMultiplyAdds: Int
    /// All of them.
    package var multiplyAdds: Int
  }

  /// A product by a matrix of weights.
  package struct Projection: Encodable, Sendable {
    /// The matrix, by its name in the float model.
    package var weight: String
    /// Output channels and inputs.
    package var shape: [Int]
    /// "f32", or "u7" or "u8" by the activations that int8 weights multiply.
    package var precision: String
    /// Of each weight: 32, 8 or 4.
    package var weightBits: Int
    /// How many blocks of four products may be added in 16 bits, by what the plan says; 0 for floats,
    /// and where not even one may.
    package var groups: Int
  }

  /// One function.
  package struct Function: Encodable, Sendable {
    package var name: String
    package var inputs: [TensorReport]
    package var outputs: [TensorReport]
    package var steps: Int
    /// Steps by opcode.
    package var opcodes: [String: Int]
    /// Bytes of the weights that it reads.
    package var weightBytes: Int
    /// In running order.
    package var projections: [Projection]
    /// nil where a size is not known, as in plans that are no captioners.
    package var cost: Cost?
  }

  /// What a captioner needs besides its functions.
  package struct Model: Encodable, Sendable {
    package var preprocessing: Preprocessing
    package var vocabularySize: Int
    package var maximumTextLength: Int
    package var maximumFrames: Int
    package var precision: String
  }

  package var kind = "plan"
  package var file: String
  package var bytes: Int
  package var producer: String
  /// nil for a program that is no captioner.
  package var model: Model?
  package var functions: [Function]
  package var weights: [TensorReport]
  package var weightBytes: Int
  /// Numbers in all weights, scales included.
  package var parameterCount: Int

  /// Describes a plan whose file has `byteCount` bytes.
  ///
  /// - Throws: `.badData` when a function cannot be bound, `.io` when there is not enough memory.
  package init(_ loaded: LoadedPlan, byteCount: Int) throws(InputError) {
    let plan = loaded.plan
    file = loaded.place
    bytes = byteCount
    producer = plan.producer
    model = plan.model.map { model in
      Model(
        preprocessing: model.preprocessing, vocabularySize: model.vocabulary.count,
        maximumTextLength: model.maximumTextLength, maximumFrames: model.maximumFrames,
        precision: model.precision)
    }
    weights = plan.weights.map { weight in
      TensorReport(
        name: weight.name, dtype: "\(weight.dtype)", shape: weight.shape.map(String.init),
        bytes: weight.byteCount)
    }
    weightBytes = plan.weights.reduce(0) { $0 + $1.byteCount }
    parameterCount = plan.weights.reduce(0) { $0 + $1.shape.reduce(1, *) }
    functions = []
    for function in plan.functions {
      functions.append(
        Function(
          name: function.name, inputs: function.ports(function.inputs),
          outputs: function.ports(function.outputs), steps: function.steps.count,
          opcodes: function.steps.reduce(into: [:]) { $0["\($1.opcode)", default: 0] += 1 },
          weightBytes: Set(function.tensors.compactMap(\.weight)).reduce(0) {
            $0 + plan.weights[$1].byteCount
          },
          projections: function.projectionReports(plan.weights), cost: try loaded.cost(of: function)
        ))
    }
  }

  /// For people.
  package var text: String {
    var facts = TextTable()
    facts.add("made by", producer)
    if let model {
      facts.add("precision", model.precision)
      facts.add("images", model.preprocessing.summary)
      facts.add(
        "frames",
        model.maximumFrames == 0 ? "single images" : "up to \(model.maximumFrames) of a clip")
      facts.add("text", "\(model.vocabularySize) words, up to \(model.maximumTextLength) tokens")
    }
    facts.add("weights", "\(weights.count), \(parameterCount) numbers, \(weightBytes) bytes")
    let sections = functions.map { function in
      var ports = TextTable()
      for input in function.inputs { ports.add("  input", input.name, input.type) }
      for output in function.outputs { ports.add("  output", output.name, output.type) }
      var lines = [
        "\(function.name): \(function.steps) steps, \(function.weightBytes) bytes of weights",
        ports.text, "  steps: \(TextTable.counts(function.opcodes))",
      ]
      if let cost = function.cost {
        let sizes = cost.sizes.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        lines.append(
          "  with \(sizes.joined(separator: " ")): \(giga(cost.multiplyAdds)) multiply-adds ("
            + "\(giga(cost.integerMultiplyAdds)) int8, \(giga(cost.floatMultiplyAdds)) float, "
            + "\(giga(cost.attentionMultiplyAdds)) in attention), \(cost.kernelCalls) kernel calls, "
            + "\(cost.barriers) barriers")
        lines.append(
          "  arena: \(cost.arenaBytes) bytes; \(cost.arenaLowerBoundBytes) are in use at once")
      }
      var table = TextTable()
      for projection in function.projections {
        table.add(
          "  " + projection.weight, projection.shape.map(String.init).joined(separator: " x "),
          projection.precision,
          projection.weightBits == 4
            ? "4-bit weights" : projection.groups > 1 ? "16-bit sums of \(projection.groups)" : "")
      }
      if !function.projections.isEmpty { lines.append(table.text) }
      return lines.joined(separator: "\n")
    }
    return (["\(file): plan, \(bytes) bytes", facts.text] + sections).joined(separator: "\n\n")
  }
}

/// Multiply-adds in thousands of millions: "17.6 G", "0.068 G".
private func giga(_ count: Int) -> String {
  rounded(Double(count) / 1e9, count >= 1_000_000_000 ? 1 : 3) + " G"
}

extension PlanFunction {
  fileprivate func projectionReports(_ weights: [PlanWeight]) -> [PlanReport.Projection] {
    projections(weights).map { index, name in
      let step = steps[index]
      let weight = step.projectionWeight.flatMap { tensors[$0].weight }.map { weights[$0] }
      let sums = weight?.partialSums ?? []
      let isInteger = step.opcode == .quantizedLinear
      return PlanReport.Projection(
        weight: name, shape: weight?.shape ?? [], precision: step.projectionPrecision.rawValue,
        weightBits: isInteger ? (weight?.layout == .packedN8K32 ? 4 : 8) : 32,
        groups: isInteger && weight?.layout != .packedN8K32
          ? PartialSums.groups(sums.isEmpty ? PartialSums.ofAnyWeights : sums, levels: step.levels)
          : 0)
    }
  }

  /// Inputs or outputs with their types.
  fileprivate func ports(_ ports: [PlanPort]) -> [TensorReport] {
    ports.map { port in
      let tensor = tensors[port.tensor]
      return TensorReport(
        name: port.name, dtype: "\(tensor.dtype)", shape: tensor.shape.map(text))
    }
  }

  /// A length with the names of the symbols: "197*F + T".
  private func text(_ dimension: PlanDimension) -> String {
    let terms = dimension.terms.map { term in
      let names = term.symbols.map { symbols[$0] }
      let factors =
        term.coefficient == 1 && !names.isEmpty ? names : ["\(term.coefficient)"] + names
      return factors.joined(separator: "*")
    }
    return terms.isEmpty ? "0" : terms.joined(separator: " + ")
  }
}

extension LoadedPlan {
  /// Binds a function of a captioner for one image of one frame; nil for other functions.
  fileprivate func cost(of function: PlanFunction) throws(InputError) -> PlanReport.Cost? {
    guard let all = plan.sizesOfOneImage() else { return nil }
    let sizes = all.filter { function.symbols.contains($0.key) }
    guard let work = FunctionCost(function, weights: plan.weights, symbols: sizes) else {
      return nil
    }
    defer { extendLifetime(self) }
    let bound = try BoundFunction(
      function, weights: WeightMemory(self), symbols: sizes,
      kernels: KernelSet(), threads: 1, place: place)
    return PlanReport.Cost(
      sizes: sizes, arenaBytes: bound.facts.arenaBytes,
      arenaLowerBoundBytes: bound.facts.lowerBoundBytes, kernelCalls: bound.facts.calls,
      barriers: bound.facts.barriers, floatMultiplyAdds: work.floatProducts,
      integerMultiplyAdds: work.integerProducts, attentionMultiplyAdds: work.attentionProducts,
      multiplyAdds: work.products)
  }
}
