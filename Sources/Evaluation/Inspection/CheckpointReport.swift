package import Checkpoint
package import Formats
package import Graph

/// What is in a checkpoint.
package struct CheckpointReport: Encodable, Sendable {
  package var kind = "checkpoint"
  package var file: String
  package var bytes: Int
  package var configuration: GITConfiguration
  package var preprocessing: Preprocessing
  package var vocabularySize: Int
  package var graph: GraphReport
  /// Tensors of training state; nil in a checkpoint that cannot be trained further.
  package var trainingTensors: Int?

  /// Describes `checkpoint`, which `path` holds in `byteCount` bytes.
  package init(_ checkpoint: Checkpoint, path: String, byteCount: Int) {
    file = path
    bytes = byteCount
    configuration = checkpoint.configuration
    preprocessing = checkpoint.preprocessing
    vocabularySize = checkpoint.vocabulary.count
    graph = GraphReport(
      checkpoint.graph, path: path, byteCount: checkpoint.graph.serialized.count)
    trainingTensors = checkpoint.trainingState?.tensors.count
  }

  /// For people.
  package var text: String {
    let (vision, decoder) = (configuration.vision, configuration.text)
    var facts = TextTable()
    facts.add("images", preprocessing.summary)
    facts.add(
      "frames",
      configuration.frames == 0 ? "single images" : "up to \(configuration.frames) of a clip")
    switch vision {
    case .vit(let vit):
      facts.add(
        "encoder",
        "ViT, patches of \(vit.patchSize), \(vit.layers) layers, width \(vit.width), "
          + "\(vit.heads) heads")
    case .coswin(let coswin):
      let depths = coswin.depths.map { "\($0)" }.joined(separator: "+")
      facts.add(
        "encoder",
        "CoSwin, windows of \(coswin.window), \(depths) layers, width \(coswin.width) to "
          + "\(vision.width)")
    }
    facts.add(
      "decoder", "\(decoder.layers) layers, width \(decoder.width), \(decoder.heads) heads")
    facts.add(
      "text", "\(vocabularySize) words, up to \(decoder.maximumTextLength) tokens")
    facts.add("training", trainingTensors.map { "can go on (\($0) tensors)" } ?? "weights only")
    var parameters = TextTable()
    for tensor in graph.parameters { parameters.add(tensor.name, tensor.type) }
    return """
      \(file): checkpoint, \(bytes) bytes

      \(facts.text)
      \(graph.summary)

      \(parameters.text)
      """
  }
}
