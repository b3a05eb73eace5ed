import Compiler
import Graph
import Reference

/// A random GIT small enough for the interpreter, with inputs.
struct TinyModel {
  let configuration: GITConfiguration
  let graph: Graph
  private let values: TestParameters

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
    values = TestParameters(graph, seed: seed, magnitude: 0.6)
  }

  /// By name; exact in binary32.
  var parameters: [String: Tensor] { values.tensors }

  /// The same for the compiler.
  var weights: ParameterStore { values.store }
}
