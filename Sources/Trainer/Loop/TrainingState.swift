import Checkpoint
import Diagnostics
import FoundationEssentials
import Formats
import Glibc
import Graph

/// A training run's checkpoints: the finished model, and the state an unfinished run resumes from.
///
/// The state is a checkpoint too, with both moments of AdamW as the training tensors `m.<name>` and
/// `v.<name>` and the step in its metadata, in `<output>.training` beside the output.
struct TrainingState {
  /// What the metadata of a state holds.
  struct Progress: Codable, Equatable {
    /// The recipe's stage that goes on.
    var stage: Int
    /// Steps of it that are done; none where the parameters are those of the stage before.
    var step: Int
    /// The recipe, see ``RecipeFields``; a resumed run must have the same.
    var recipe: [String: String]
    /// Rows of each data set; a resumed run must have as many.
    var rows: [Int]
    /// Losses so far.
    var losses: LossWatch
  }

  /// The state file of a run that writes `output`.
  static func path(output: String) -> String { output + ".training" }

  /// Removes the state of a run that has finished; there may be none.
  static func remove(output: String) { unlink(path(output: output)) }

  /// Everything of a checkpoint that does not change while training.
  let template: Checkpoint
  let buffers: ParameterBuffers

  private func tensors(
    _ buffer: UnsafeMutablePointer<Float>, of table: [PlanWeight], prefix: String = ""
  ) -> [String: WeightTensor] {
    Dictionary(
      uniqueKeysWithValues: table.map { weight in
        (
          prefix + weight.name,
          WeightTensor(shape: weight.shape, values: Array(buffers.slice(buffer, weight)))
        )
      })
  }

  /// The model alone, as `gitc compile` and others read it.
  var model: Checkpoint {
    var checkpoint = template
    checkpoint.parameters = tensors(buffers.values, of: buffers.table)
    return checkpoint
  }

  /// AdamW's, by the names they are saved under.
  var moments: [String: WeightTensor] {
    tensors(buffers.firstMoments, of: buffers.learnt, prefix: "m.")
      .merging(tensors(buffers.secondMoments, of: buffers.learnt, prefix: "v.")) { first, _ in
        first
      }
  }

  /// Writes a state; the old one stays until the new one is whole.
  static func write(
    _ model: Checkpoint, _ progress: Progress, moments: [String: WeightTensor], place: String
  ) throws(InputError) {
    let json: Data
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    do { json = try encoder.encode(progress) } catch {
      preconditionFailure("texts and finite numbers encode: \(error)")
    }
    var checkpoint = model
    checkpoint.trainingState = .init(
      tensors: moments, json: String(decoding: json, as: UTF8.self))
    try checkpoint.write(to: place)
  }

  /// Starts from the parameters of `checkpoint` that the model has too; the others stay as they are.
  ///
  /// - Returns: which those are.
  /// - Throws: where a parameter has another shape in the checkpoint, or none is in both.
  func load(_ checkpoint: Checkpoint, place: String) throws(InputError) -> InitialParameters {
    let names = buffers.table.map(\.name)
    let start = InitialParameters(
      place: place, taken: names.filter { checkpoint.parameters[$0] != nil },
      fresh: names.filter { checkpoint.parameters[$0] == nil },
      unused: checkpoint.graph.parameters.map(\.name).filter { !Set(names).contains($0) })
    guard !start.taken.isEmpty else {
      throw InputError(
        .badData, "checkpoint has no parameter of the recipe's model",
        expected: "parameters such as \(names.first ?? "none")",
        found: start.unused.first ?? "none", in: place,
        advice: "start from a checkpoint of a model of this kind, or without --init")
    }
    try load(
      checkpoint.parameters, of: buffers.table.filter { checkpoint.parameters[$0.name] != nil },
      into: buffers.values, place: place)
    return start
  }

  /// Reads a state and says how far it had come.
  static func read(place: String) throws(InputError) -> (state: Checkpoint, progress: Progress) {
    let checkpoint = try Checkpoint.read(path: place)
    guard let state = checkpoint.trainingState,
      let progress = try? JSONDecoder().decode(Progress.self, from: Data(state.json.utf8))
    else {
      throw InputError(
        .badData, "checkpoint has no training state", expected: "a state saved by gitc train",
        found: checkpoint.trainingState?.json ?? "a finished model", in: place,
        advice: "start without --resume, or with --init to begin from these weights")
    }
    return (checkpoint, progress)
  }

  /// Goes on from a state of the same model.
  func restore(_ checkpoint: Checkpoint, place: String) throws(InputError) {
    try load(checkpoint.parameters, of: buffers.table, into: buffers.values, place: place)
    for (prefix, moments) in [("m.", buffers.firstMoments), ("v.", buffers.secondMoments)] {
      try load(
        checkpoint.trainingState?.tensors ?? [:], of: buffers.learnt, prefix: prefix,
        into: moments, place: place)
    }
  }

  private func load(
    _ tensors: [String: WeightTensor], of table: [PlanWeight], prefix: String = "",
    into buffer: UnsafeMutablePointer<Float>, place: String
  ) throws(InputError) {
    for weight in table {
      let name = prefix + weight.name
      guard let tensor = tensors[name], tensor.shape == weight.shape else {
        throw InputError(
          .badData, "tensor does not fit the recipe's model", expected: "\(name) \(weight.shape)",
          found: tensors[name].map { "shape \($0.shape)" } ?? "no such tensor", in: place,
          advice: "use the recipe that made this checkpoint")
      }
      tensor.withFloats { _ = buffers.slice(buffer, weight).update(fromContentsOf: $0) }
    }
  }
}

extension TrainingRun {
  /// Whether a run with this output has come to its end: the model is there, and no state to go on from.
  package static func isFinished(output: String) -> Bool {
    let files = FileManager.default
    return files.fileExists(atPath: output)
      && !files.fileExists(atPath: TrainingState.path(output: output))
  }
}
