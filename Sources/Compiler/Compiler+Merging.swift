package import Checkpoint
package import Diagnostics
package import Graph

extension Compiler {
  /// A checkpoint whose graph has fewer image tokens; its parameters are the same.
  ///
  /// - Parameters:
  ///   - checkpoint: validated.
  ///   - merging: where tokens are merged.
  ///   - place: the checkpoint's path, for errors.
  /// - Returns: the checkpoint with a graph of its own.
  /// - Throws: `InputError` of kind `.usage` where the model is no ViT of one size with an even number of
  ///   patches per side, or has not so many blocks.
  package static func merging(
    _ checkpoint: Checkpoint, _ merging: GIT.TokenMerging, place: String
  ) throws(InputError) -> Checkpoint {
    func failure(_ expected: String, _ found: String) -> InputError {
      InputError(
        .usage, "the model's tokens cannot be merged", expected: expected, found: found, in: place,
        advice: "compile it without --merge-tokens")
    }
    guard case .vit(let vit) = checkpoint.configuration.vision else {
      throw failure("an encoder that is a ViT", "a CoSwin")
    }
    // The configuration says what the graph computes; whether it is of one image size its inputs say.
    func ports(_ graph: Graph) -> [String: TensorType] {
      Dictionary(
        (graph.inputs + graph.parameters).map { ($0.name, graph.type($0.value)) },
        uniquingKeysWith: { first, _ in first })
    }
    guard ports(checkpoint.graph) == ports(GIT.logits(checkpoint.configuration)) else {
      throw failure("inputs and parameters of a model of one image size", "others")
    }
    guard (vit.imageSize / vit.patchSize).isMultiple(of: 2) else {
      throw failure("an even number of patches per side", "\(vit.imageSize / vit.patchSize)")
    }
    guard (1..<vit.layers).contains(merging.afterBlocks) else {
      throw failure("1 to \(vit.layers - 1) blocks before", "\(merging.afterBlocks)")
    }
    var checkpoint = checkpoint
    checkpoint.graph = GIT.logits(checkpoint.configuration, merging: merging)
    return checkpoint
  }
}
