import Compiler
import Graph
import Reference

/// A random GIT small enough for the interpreter, with inputs.
struct TinyModel {
  let configuration: GITConfiguration
  let graph: Graph
  let parameters: [String: Tensor]

  init(seed: UInt64, frames: Int, visionLayers: Int = 2, textLayers: Int = 2, heads: Int = 2) {
    configuration = GITConfiguration(
      vision: .init(
        imageSize: 8, patchSize: 4, width: 8 * heads, layers: visionLayers, heads: heads,
        mlpWidth: 20),
      text: .init(
        width: 4 * heads, layers: textLayers, heads: heads, mlpWidth: 24, vocabularySize: 13,
        maximumTextLength: 8),
      frames: frames)
    graph = GIT.logits(configuration)
    var parameters: [String: Tensor] = [:]
    for (index, named) in graph.parameters.enumerated() {
      guard let shape = graph.shape(named.value).values([:]) else {
        preconditionFailure("parameters have known shapes")
      }
      parameters[named.name] = .random(shape, seed: seed &* 1000 + UInt64(index), in: -0.6...0.6)
    }
    self.parameters = parameters
  }

  var weights: ParameterStore {
    ParameterStore(
      parameters.mapValues { tensor in { @Sendable in tensor.values.map { Float($0) } } })
  }

  /// The values of every parameter of a lowered graph.
  static func parameters(of graph: Graph, _ store: ParameterStore) -> [String: Tensor] {
    var values: [String: Tensor] = [:]
    for named in graph.parameters {
      guard let shape = graph.shape(named.value).values([:]) else {
        preconditionFailure("parameters have known shapes")
      }
      let type = graph.type(named.value).dtype
      values[named.name] = Tensor(
        type, shape,
        type == .s8
          ? store.integers(named.name).map(Double.init) : store.floats(named.name).map(Double.init))
    }
    return values
  }
}
