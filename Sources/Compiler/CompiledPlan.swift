package import Diagnostics
package import Formats
import Graph

/// A compiled program, ready to be written.
package struct CompiledPlan: Sendable {
  package private(set) var plan: Plan
  /// Bytes of the weight segment.
  package let weightByteCount: Int
  /// The functions as graphs, and what each pass did.
  package let graphs: LoweredGraphs
  private let table: WeightTable

  /// Emits the functions and places their weights.
  package init(_ graphs: LoweredGraphs, model: PlanModel?) {
    var table = WeightTable(graphs.parameters)
    let functions = graphs.functions.map { name, graph in
      FunctionEmitter.emit(graph, name: name, weights: table.add(graph))
    }
    weightByteCount = table.place()
    plan = Plan(
      producer: Compiler.producer, functions: functions, weights: table.weights, model: model)
    self.graphs = graphs
    self.table = table
  }

  /// Works out every int8 weight once and says in the plan how far its products add up in 16 bits.
  mutating func provePartialSums() {
    for (index, weight) in plan.weights.enumerated() where weight.layout == .packedN8K4 {
      plan.weights[index].partialSums = table.bytes(index).withUnsafeBytes { bytes in
        PartialSums.of(packed: bytes, rows: weight.shape[0], columns: weight.shape[1])
      }
    }
  }

  /// Writes the plan file.
  ///
  /// Weights are worked out one by one: once for their checksums, which come first in the file, and
  /// again as they are written.
  /// - Throws: `.io` from the system; nothing is left behind then.
  package func write(to path: String) throws(InputError) {
    var plan = plan
    for index in plan.weights.indices {
      plan.weights[index].sha256 = table.bytes(index).withUnsafeBytes { SHA256Digest(of: $0) }
    }
    try PlanFile.write(plan, weightByteCount: weightByteCount, to: path) {
      (file: inout FileWriter) throws(InputError) in
      for index in plan.weights.indices {
        try file.pad(toMultipleOf: PlanLimits.weightAlignment)
        try file.write(table.bytes(index))
      }
    }
  }

  /// The plan in memory, for use without a file; `place` names it in messages.
  ///
  /// - Throws: `.badData` when a reader would refuse the plan.
  package func loaded(place: String) throws(InputError) -> LoadedPlan {
    var segment = [UInt8](repeating: 0, count: weightByteCount)
    for (index, weight) in plan.weights.enumerated() {
      let end = weight.offset + weight.byteCount
      segment.replaceSubrange(weight.offset..<end, with: table.bytes(index))
    }
    return try LoadedPlan(plan, weights: segment, place: place)
  }
}

extension CompiledPlan {
  /// The functions of a float plan with outputs that tell what quantizing each projection would cost,
  /// and which those are, by function.
  func measuringProjections() -> (plan: CompiledPlan, projections: [String: [MeasuredProjection]]) {
    var graphs = graphs
    var projections: [String: [MeasuredProjection]] = [:]
    for (index, function) in graphs.functions.enumerated() {
      (graphs.functions[index].graph, projections[function.name]) =
        function.graph.measuringProjections(&graphs.parameters)
    }
    return (CompiledPlan(graphs, model: plan.model), projections)
  }
}
