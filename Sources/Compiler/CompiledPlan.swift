package import Checkpoint
package import Diagnostics
package import Formats
package import Graph
import Kernels

/// A compiled captioner, ready to be written.
package struct CompiledPlan: Sendable {
  package let plan: Plan
  /// Bytes of the weight segment.
  package let weightByteCount: Int
  /// The three functions as graphs, and what each pass did.
  package let graphs: CaptionerGraphs

  /// Writes the plan file; weights are worked out one by one as they are written.
  ///
  /// - Throws: `.io` from the system; nothing is left behind then.
  package func write(to path: String) throws(InputError) {
    try PlanFile.write(plan, weightByteCount: weightByteCount, to: path) {
      (file: inout FileWriter) throws(InputError) in
      for weight in plan.weights {
        try file.pad(toMultipleOf: PlanLimits.weightAlignment)
        switch weight.layout {
        case .dense: try file.write(graphs.parameters.floats(weight.name))
        case .packedN8K4:
          let (packed, sums) = Packing.packS8(
            graphs.parameters.integers(weight.name), rows: weight.shape[0],
            columns: weight.shape[1])
          try file.write(packed)
          try file.pad(toMultipleOf: PlanLimits.weightAlignment)
          try file.write(sums)
        }
      }
    }
  }
}

extension Compiler {
  /// Compiles a checkpoint's graph to a plan.
  ///
  /// - Parameters:
  ///   - precision: what projections compute with.
  ///   - place: the checkpoint's path, for errors.
  ///   - watch: called after each pass with its name, the function ("model" before the split) and the
  ///     graph it made.
  /// - Throws: `.badData` when the graph is no captioner that the compiler can take apart.
  package static func compile(
    _ checkpoint: Checkpoint, precision: Precision, place: String,
    watch: (_ pass: String, _ function: String, _ graph: Graph) -> Void = { _, _, _ in }
  ) throws(InputError) -> CompiledPlan {
    let parameters = ParameterStore(
      checkpoint.parameters.mapValues { tensor in { tensor.withFloats { Array($0) } } })
    let graphs: CaptionerGraphs
    do {
      graphs = try CaptionerGraphs(
        checkpoint.graph, parameters, precision: precision, watch: watch)
    } catch {
      throw InputError(
        .badData, "graph cannot be compiled", expected: "a captioner: image encoder, prefix decoder",
        found: error.message, in: place, advice: "see the graph with gitc inspect")
    }
    var weights = weightTable(graphs)
    let byteCount = weights.placeInOrder()
    let index = Dictionary(uniqueKeysWithValues: weights.enumerated().map { ($1.name, $0) })
    let preprocessing = checkpoint.preprocessing
    let plan = Plan(
      producer: "gitc 0.1.0",
      functions: graphs.functions.map {
        FunctionEmitter.emit($0.graph, name: $0.name, weights: index)
      },
      weights: weights,
      model: PlanModel(
        imageSize: preprocessing.imageSize, resample: preprocessing.resample.rawValue,
        mean: preprocessing.mean, standardDeviation: preprocessing.standardDeviation,
        vocabulary: checkpoint.vocabulary,
        maximumTextLength: checkpoint.configuration.text.maximumTextLength,
        maximumFrames: checkpoint.configuration.frames, precision: precision.rawValue))
    return CompiledPlan(plan: plan, weightByteCount: byteCount, graphs: graphs)
  }

  /// Every parameter of the functions once, in the order in which they are first read.
  private static func weightTable(_ graphs: CaptionerGraphs) -> [PlanWeight] {
    var weights: [PlanWeight] = []
    var known: Set<String> = []
    for (_, graph) in graphs.functions {
      for parameter in graph.parameters where known.insert(parameter.name).inserted {
        guard let shape = graph.shape(parameter.value).values([:]) else {
          preconditionFailure("parameter '\(parameter.name)' has a symbolic shape")
        }
        let isInteger = graph.type(parameter.value).dtype == .s8
        weights.append(
          PlanWeight(
            name: parameter.name, dtype: isInteger ? .s8 : .f32, shape: shape,
            layout: isInteger ? .packedN8K4 : .dense, offset: 0, byteCount: 0))
      }
    }
    return weights
  }
}
