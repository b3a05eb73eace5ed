import Glibc
import Formats
import Graph
import Randomness

/// What untrained parameters start from.
///
/// Matrices: normal with deviation 0.02 from 768 inputs on and 0.02·√(768/K) below, so that narrow
/// models start with activations as large as the released width has; tables 0.02; all cut at two
/// deviations. Layer norms 1 and 0; temporal embeddings and biases 0; two towers' temperature CLIP's.
/// - Source: the original repository for the decoder; ViT (Dosovitskiy et al. 2021) for an encoder
///   that does not come from CLIP. The original repository's decoder biases keep PyTorch's uniform
///   default, by accident; they are 0 here.
enum Initialization {
  static func fill(_ buffers: ParameterBuffers, graph: Graph, seed: UInt64) {
    let gammas = Set(
      graph.nodes.compactMap { node -> Value? in
        if case .layerNorm = node.op { node.inputs[1] } else { nil }
      })
    let gammaNames = Set(graph.parameters.filter { gammas.contains($0.value) }.map(\.name))
    for (index, weight) in buffers.table.enumerated() {
      let values = buffers.slice(buffers.values, weight)
      if gammaNames.contains(weight.name) {
        values.update(repeating: 1)
      } else if weight.name == TwoTowers.logitScale {
        values.update(repeating: TwoTowers.initialLogitScale)
      } else if weight.shape.count(where: { $0 > 1 }) >= 2
        || weight.name.hasSuffix("class_embedding")
      {
        var random = SeededRandom(seed, UInt64(index))
        let deviation = deviation(weight)
        for element in values.indices { values[element] = deviation * truncatedNormal(&random) }
      }
    }
  }

  private static func deviation(_ weight: PlanWeight) -> Float {
    let isTable =
      weight.name.contains("embedding") && !weight.name.contains("patch")
      || weight.name.hasSuffix("relative_position_bias_table")
    let inputs = weight.shape.dropFirst().reduce(1, *)
    return isTable ? 0.02 : 0.02 * max(1, 768 / Float(inputs)).squareRoot()
  }

  /// A standard normal number within two deviations, by Box and Muller's method.
  private static func truncatedNormal(_ random: inout SeededRandom) -> Float {
    while true {
      let radius = (-2 * log(1 - random.unit())).squareRoot()
      let normal = radius * cos(2 * Double.pi * random.unit())
      if abs(normal) <= 2 { return Float(normal) }
    }
  }
}
