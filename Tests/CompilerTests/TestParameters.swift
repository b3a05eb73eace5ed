import Compiler
import Formats
import Graph
import Reference

/// Random values for the parameters and inputs of a small graph.
struct TestParameters {
  /// Lengths of every symbol that tests use; no two of the main ones are equal.
  static let symbols = [
    "B": 2, "F": 3, "T": 4, "N": 5, "Q": 3, "R": 2, "L": 4, "P": 5,
  ]

  let graph: Graph
  let magnitude: Double
  /// By name; values are exact in binary32.
  let tensors: [String: Tensor]

  init(_ graph: Graph, seed: UInt64, magnitude: Double = 1) {
    self.graph = graph
    self.magnitude = magnitude
    var tensors: [String: Tensor] = [:]
    for (index, named) in graph.parameters.enumerated() {
      tensors[named.name] = .random(
        Self.lengths(graph, named.value), seed: seed &* 1000 &+ UInt64(index),
        in: -magnitude...magnitude)
    }
    self.tensors = tensors
  }

  /// The same as a checkpoint holds them.
  var weights: [String: WeightTensor] {
    tensors.mapValues { WeightTensor(shape: $0.shape, values: $0.values.map { Float($0) }) }
  }

  /// The same for the passes.
  var store: ParameterStore { ParameterStore(weights) }

  /// Random inputs; integers are 0 and 1, but positions and slots are those of first rows.
  func inputs(seed: UInt64) -> [String: Tensor] {
    var inputs: [String: Tensor] = [:]
    for (index, named) in graph.inputs.enumerated() {
      let (shape, dtype) = (Self.lengths(graph, named.value), graph.type(named.value).dtype)
      inputs[named.name] =
        switch (named.name, dtype) {
        case ("positions", .i32): .i32(shape, Array(0..<shape[0]))
        case ("slots", .i32):
          .i32(shape, (0..<shape[0]).flatMap { [Int](repeating: $0, count: shape[1]) })
        case (_, .f32):
          .random(shape, seed: seed &* 1000 &+ UInt64(index), in: -magnitude...magnitude)
        default: .random(dtype, shape, seed: seed &* 1000 &+ UInt64(index), in: 0...1)
        }
    }
    return inputs
  }

  /// The values of every parameter of a graph that passes made.
  static func tensors(of graph: Graph, _ store: ParameterStore) -> [String: Tensor] {
    var values: [String: Tensor] = [:]
    for named in graph.parameters {
      let (shape, dtype) = (lengths(graph, named.value), graph.type(named.value).dtype)
      values[named.name] = Tensor(
        dtype, shape,
        dtype == .s8
          ? store.integers(named.name).map(Double.init) : store.floats(named.name).map(Double.init))
    }
    return values
  }

  private static func lengths(_ graph: Graph, _ value: Value) -> [Int] {
    guard let lengths = graph.shape(value).values(symbols) else {
      preconditionFailure("no length for a symbol of \(graph.type(value))")
    }
    return lengths
  }
}
