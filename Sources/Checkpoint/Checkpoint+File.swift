package import Diagnostics
import Formats
import FoundationEssentials
import Graph

extension Checkpoint {
  /// Reads a checkpoint and checks that its parts fit each other.
  ///
  /// F32 tensors stay in the mapped file; F16 and BF16, from tools that shrink files, are widened.
  /// - Throws: `.noInput` or `.io` where the file cannot be read; `.badData` naming the field, or
  ///   listing every tensor that differs from the graph's parameters.
  package static func read(path: String) throws(InputError) -> Checkpoint {
    let reader = CheckpointReader(file: try SafetensorsFile(path: path))
    return try reader.checkpoint()
  }

  /// Reads a checkpoint in memory, copying it; `place` says in messages where it came from.
  ///
  /// - Throws: `.badData` as for files.
  package static func read(bytes: [UInt8], place: String) throws(InputError) -> Checkpoint {
    let reader = CheckpointReader(file: try SafetensorsFile(bytes: bytes, place: place))
    return try reader.checkpoint()
  }

  /// Writes a safetensors file that appears whole or not at all.
  ///
  /// Equal checkpoints make equal files: parameters in the graph's order, then training state by
  /// name.
  /// - Parameters:
  ///   - path: the file to make or replace.
  ///   - isHalf: weights as F16, half the bytes; not for training state.
  /// - Throws: `.badData` where the parts do not fit each other, or a weight is too large for F16;
  ///   `.noInput` for a missing folder; `.io` from the system.
  package func write(to path: String, isHalf: Bool = false) throws(InputError) {
    try validate(place: path)
    precondition(!isHalf || trainingState == nil, "training goes on from what it was")
    if isHalf { try checkHalf(place: path) }
    var tensors: [(name: String, tensor: WeightTensor)] = []
    for parameter in graph.parameters {
      if let tensor = parameters[parameter.name] { tensors.append((parameter.name, tensor)) }
    }
    var metadata = [
      // What loaders of PyTorch's world look for before they open a file.
      "format": "pt",
      CheckpointKey.version: CheckpointKey.currentVersion,
      CheckpointKey.graph: Data(graph.serialized).base64EncodedString(),
      CheckpointKey.configuration: json(configuration),
      CheckpointKey.preprocessing: json(preprocessing),
      CheckpointKey.vocabulary: json(vocabulary),
    ]
    if let trainingState {
      for (name, tensor) in trainingState.tensors.sorted(by: { $0.key < $1.key }) {
        tensors.append((CheckpointKey.trainingPrefix + name, tensor))
      }
      metadata[CheckpointKey.training] = trainingState.json
    }
    try SafetensorsWriter.write(tensors, metadata: metadata, isHalf: isHalf, to: path)
  }

  /// Finite weights stay finite.
  private func checkHalf(place: String) throws(InputError) {
    for (name, tensor) in parameters.sorted(by: { $0.key < $1.key }) {
      guard let large = tensor.floats.first(where: { $0.isFinite && $0.magnitude >= 65520 }) else {
        continue
      }
      throw InputError(
        .badData, "a weight is too large for half precision", expected: "less than 65520",
        found: "\(large) in '\(name)'", in: place, advice: "set half_precision: false in the recipe"
      )
    }
  }

  private func json(_ value: some Encodable) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    do {
      return String(decoding: try encoder.encode(value), as: UTF8.self)
    } catch {
      // Only a NaN or infinity has no JSON; validation let none through.
      preconditionFailure("\(type(of: value)) has no JSON: \(error)")
    }
  }
}

/// Reads the parts of a checkpoint from its file.
private struct CheckpointReader {
  /// Bytes of JSON in a field, which decoded fills many times as much memory; a vocabulary of 250,000
  /// tokens has 4 MB.
  private static let jsonLimit = 32 << 20

  let file: SafetensorsFile

  func checkpoint() throws(InputError) -> Checkpoint {
    let version = try text(CheckpointKey.version)
    guard version == CheckpointKey.currentVersion else {
      throw fail(
        CheckpointKey.version, "the checkpoint is of another version",
        expected: CheckpointKey.currentVersion, found: "'\(version.prefix(20))'",
        advice: "use the release of gitc that wrote it")
    }
    let graph = try graph()
    var result = Checkpoint(
      graph: graph, configuration: try json(CheckpointKey.configuration),
      preprocessing: try json(CheckpointKey.preprocessing),
      vocabulary: try json(CheckpointKey.vocabulary), parameters: [:])
    try addTensors(to: &result)
    try result.validate(place: file.place)
    return result
  }

  private func graph() throws(InputError) -> Graph {
    guard let data = Data(base64Encoded: try text(CheckpointKey.graph)) else {
      throw fail(
        CheckpointKey.graph, "the graph is damaged", expected: "base64", found: "other text")
    }
    return try Graph(
      serialized: [UInt8](data), place: "\(file.place), field \(CheckpointKey.graph)")
  }

  /// Sorts the file's tensors into parameters and training state.
  private func addTensors(to checkpoint: inout Checkpoint) throws(InputError) {
    var contents: [String: ParameterDifferences.Content] = [:]
    var trainingNames: [String] = []
    for (name, entry) in file.tensors {
      if name.hasPrefix(CheckpointKey.trainingPrefix) {
        trainingNames.append(name)
        continue
      }
      contents[name] = ParameterDifferences.Content(entry)
    }
    // Before any tensor is touched, so that the error lists all of them.
    var differences = ParameterDifferences(checkpoint.graph)
    differences.compare(contents, order: file.names.filter { contents[$0] != nil })
    try differences.check(place: file.place)
    for name in contents.keys { checkpoint.parameters[name] = try file.floats(name) }

    guard let json = file.metadata[CheckpointKey.training] else {
      guard trainingNames.isEmpty else {
        throw fail(
          CheckpointKey.training, "training state is incomplete",
          expected: "text beside the tensors '\(CheckpointKey.trainingPrefix)…'", found: "none")
      }
      return
    }
    var state = Checkpoint.TrainingState(tensors: [:], json: json)
    for name in trainingNames {
      state.tensors[String(name.dropFirst(CheckpointKey.trainingPrefix.count))] =
        try file.floats(name)
    }
    checkpoint.trainingState = state
  }

  // MARK: Metadata

  private func text(_ key: String) throws(InputError) -> String {
    guard let text = file.metadata[key] else {
      throw fail(
        key, "not a checkpoint of gitc", expected: "this key in __metadata__", found: "none",
        advice: "import the file with `gitc import`, or use a file `gitc train` wrote")
    }
    return text
  }

  private func json<Value: Decodable>(_ key: String) throws(InputError) -> Value {
    let text = try text(key)
    guard text.utf8.count <= Self.jsonLimit else {
      throw fail(
        key, "the checkpoint is damaged", expected: "at most \(Self.jsonLimit) bytes of JSON",
        found: "\(text.utf8.count)")
    }
    return try DecodedJSON.decode(Array(text.utf8)) { fault in
      fail(
        key, "the checkpoint is damaged", expected: "JSON of this field's form", found: fault)
    }
  }

  private func fail(
    _ key: String, _ what: String, expected: String, found: String,
    advice: String = "get the file again or take an earlier checkpoint"
  ) -> InputError {
    InputError(
      .badData, what, expected: expected, found: found, in: "\(file.place), field \(key)",
      advice: advice)
  }
}
