package import Graph

/// One step of the compiler that keeps a graph's meaning, up to what `numerics` says.
package protocol Pass: Sendable {
  /// Verb and object in kebab case: "fuse-attention". Reports and `--print-after` use it.
  static var name: String { get }
  /// What results may differ by.
  static var numerics: PassNumerics { get }
  /// The rewritten graph, and how many rewrites were made: 0 means the graph is as it was.
  ///
  /// `parameters` gains what the new graph reads beyond the old one's parameters.
  func run(_ graph: Graph, _ parameters: inout ParameterStore) -> (graph: Graph, rewrites: Int)
}

/// What a pass may change in the results of a graph.
package enum PassNumerics: Sendable {
  /// Nothing, in exact arithmetic or in floats.
  case exact
  /// The order of float operations.
  case reassociates
  /// Activations and weights become integers or 16 bits.
  case quantizes
}
