package import Formats
package import Graph

/// From graph to plan.
package enum Compiler {
  /// A function with the weights it reads, for a caller that owns their bytes.
  package struct TrainableFunction: Sendable {
    package var function: PlanFunction
    /// f32, dense, in the order of the graph's parameters, each at a multiple of 64 bytes; those that
    /// learn lie before those that do not.
    package var weights: [PlanWeight]
    /// Bytes from the first weight to the end of the last.
    package var weightByteCount: Int
  }

  /// Fuses what autodiff can differentiate as a whole: attention, whose derivative then computes its
  /// probabilities again instead of keeping them.
  ///
  /// Then splits image rows from text rows, so that neither pass computes the last layer's image
  /// rows, which the loss does not read.
  ///
  /// - Parameters:
  ///   - graph: the model with its loss.
  ///   - outputs: the outputs to keep; what only others need falls away.
  /// - Returns: the same computation, to be differentiated.
  package static func prepareForTraining(_ graph: Graph, outputs: [String]) -> Graph {
    var kept = graph
    kept.removeOutputs()
    for output in graph.outputs where outputs.contains(output.name) {
      kept.output(output.name, output.value)
    }
    var none = ParameterStore([:])
    let fused = FuseAttention().run(kept.removingDeadCode(), &none).graph
    return SplitPrefix().run(fused, &none).graph
  }

  /// Compiles a graph, differentiated or not, whose parameters stay outside: all of them are in the
  /// table, read or not, so that programs over the same parameters and with the same ones `frozen` share
  /// one layout.
  ///
  /// - Parameters:
  ///   - graph: the program.
  ///   - name: the function's.
  ///   - frozen: parameters that do not learn.
  ///   - forward: of a differentiated graph, how many nodes are forward, to have the backward pass
  ///     compute the insides of layers again (see ``Recomputation``); nil to keep them.
  /// - Returns: the function and its table of parameters.
  package static func compileTraining(
    _ graph: Graph, name: String, frozen: Set<String> = [], recomputing forward: Int? = nil
  ) -> TrainableFunction {
    var none = ParameterStore([:])
    let whole = forward.map { Recomputation.ofBlocks(in: graph, forward: $0) } ?? graph
    let projected = FuseProjection().run(whole, &none).graph
    let fused = FuseResidualLayerNorm().run(projected, &none).graph
    var weights = graph.parameters.map { parameter in
      guard let shape = graph.shape(parameter.value).values([:]) else {
        preconditionFailure("parameter '\(parameter.name)' has a symbolic shape")
      }
      return PlanWeight(
        name: parameter.name, dtype: .f32, shape: shape, layout: .dense, offset: 0, byteCount: 0)
    }
    let isFrozen = weights.map { frozen.contains($0.name) }
    let order = weights.indices.filter { !isFrozen[$0] } + weights.indices.filter { isFrozen[$0] }
    var placed = order.map { weights[$0] }
    let byteCount = placed.placeInOrder()
    for (index, weight) in zip(order, placed) { weights[index] = weight }
    let index = Dictionary(
      uniqueKeysWithValues: weights.enumerated().map { ($1.name, $0) })
    return TrainableFunction(
      function: FunctionEmitter.emit(fused, name: name, weights: index), weights: weights,
      weightByteCount: byteCount)
  }
}
