import Checkpoint
import Diagnostics
import Formats
import Graph

/// Seeds that are made rather than committed.
enum Seeds {
  /// Graphs are those of the goldens of passes at `paths`, before the pass, in text form or serialized;
  /// the checkpoint is of the smallest model.
  static func write(_ target: Target, to folder: String, from paths: [String]) {
    do throws(InputError) {
      switch target {
      case .graph, .text:
        for (index, path) in paths.enumerated() {
          let golden = String(decoding: Fuzzer.bytes(of: path), as: UTF8.self)
          let outcome = golden.firstRange(of: "\n// becomes")
          let text = outcome.map { String(golden[..<$0.lowerBound]) } ?? golden
          let graph = try Graph(text: text, place: path)
          let bytes = target == .graph ? graph.serialized : Array(text.utf8)
          try AtomicFile.write(to: "\(folder)/\(index)") { file throws(InputError) in
            try file.write(bytes)
          }
        }
      case .checkpoint:
        try checkpoint().write(to: "\(folder)/smallest")
      default: Fuzzer.stop("the seeds of '\(target.rawValue)' are files")
      }
    } catch { Fuzzer.stop("\(error)") }
  }

  private static func checkpoint() -> Checkpoint {
    let vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a"]
    let configuration = GITConfiguration(
      vision: .init(imageSize: 2, patchSize: 2, width: 2, layers: 1, heads: 1, mlpWidth: 2),
      text: .init(
        width: 2, layers: 1, heads: 1, mlpWidth: 2, vocabularySize: vocabulary.count,
        maximumTextLength: 4))
    let graph = GIT.logits(configuration)
    let parameters = graph.parameters.map { named in
      let shape = graph.shape(named.value).values([:]) ?? []
      return (
        named.name,
        WeightTensor(shape: shape, values: [Float](repeating: 0.5, count: shape.reduce(1, *)))
      )
    }
    return Checkpoint(
      graph: graph, configuration: configuration, preprocessing: Preprocessing(imageSize: 2),
      vocabulary: vocabulary,
      parameters: Dictionary(parameters) { first, _ in first })
  }
}
