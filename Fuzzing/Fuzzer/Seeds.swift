import Checkpoint
import Diagnostics
import Formats
import Graph

/// Seeds that are made rather than committed.
enum Seeds {
  /// Graphs are those of the goldens of passes at `paths`, before the pass, in text form or serialized; the
  /// checkpoints are small: of a graph of one op, without and with training state.
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
        var checkpoint = checkpoint()
        try checkpoint.write(to: "\(folder)/model")
        checkpoint.trainingState = Checkpoint.TrainingState(
          tensors: ["m": WeightTensor(shape: [1, 2], values: [0, 1])], json: "{}")
        try checkpoint.write(to: "\(folder)/training")
      default: Fuzzer.stop("the seeds of '\(target.rawValue)' are files")
      }
    } catch { Fuzzer.stop("\(error)") }
  }

  /// Reading asks of the graph that its parameters are the tensors, not that it is the configuration's.
  private static func checkpoint() -> Checkpoint {
    let vocabulary = ["[PAD]", "a"]
    var graph = Graph()
    let x = graph.input("x", .f32([.symbol("B"), 2]))
    graph.output("y", graph.matMul(x, graph.parameter("w", .f32([3, 2])), transposeB: true))
    return Checkpoint(
      graph: graph,
      configuration: GITConfiguration(
        vision: .init(imageSize: 2, patchSize: 2, width: 2, layers: 1, heads: 1, mlpWidth: 2),
        text: .init(
          width: 2, layers: 1, heads: 1, mlpWidth: 2, vocabularySize: vocabulary.count,
          maximumTextLength: 4)),
      preprocessing: Preprocessing(
        imageSize: 2, mean: [0, 0, 0], standardDeviation: [1, 1, 1]),
      vocabulary: vocabulary,
      parameters: ["w": WeightTensor(shape: [3, 2], values: [0, 1, 2, 3, 4, 5])])
  }
}
