package import Checkpoint
package import Diagnostics
package import Graph

extension Compiler {
  /// A checkpoint whose graph has fewer image tokens; its parameters are the same.
  ///
  /// - Parameters:
  ///   - checkpoint: validated.
  ///   - reduction: where tokens are merged or dropped.
  ///   - place: the checkpoint's path, for errors.
  /// - Returns: the checkpoint with a graph of its own.
  /// - Throws: `InputError` of kind `.usage` where the model is no ViT of one size, has not so many blocks
  ///   or layers, or an odd number of patches per side that are to be merged.
  package static func reducing(
    _ checkpoint: Checkpoint, _ reduction: GIT.TokenReduction, place: String
  ) throws(InputError) -> Checkpoint {
    func failure(_ expected: String, _ found: String) -> InputError {
      InputError(
        .usage, "the model cannot have fewer image tokens", expected: expected, found: found,
        in: place, advice: "compile it without --merge-tokens and --drop-tokens")
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
    func check(_ first: Int?, of count: Int, _ what: String) throws(InputError) {
      guard let first, !(1..<count).contains(first) else { return }
      throw failure(
        count < 2 ? "a model of several \(what)" : "1 to \(count - 1) \(what) with all tokens",
        "\(first)")
    }
    try check(reduction.mergeAfterBlocks, of: vit.layers, "blocks")
    try check(reduction.dropAfterLayers, of: checkpoint.configuration.text.layers, "layers")
    let side = vit.imageSize / vit.patchSize
    guard reduction.mergeAfterBlocks == nil || side.isMultiple(of: 2) else {
      throw failure("an even number of patches per side", "\(side)")
    }
    var checkpoint = checkpoint
    checkpoint.graph = GIT.logits(checkpoint.configuration, reduction: reduction)
    return checkpoint
  }
}
