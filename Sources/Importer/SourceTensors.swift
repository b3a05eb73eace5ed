import Checkpoint
import Diagnostics
import Formats
import Graph

/// The tensors of a source under its own names, and how they become a graph's parameters.
struct SourceTensors {
  /// One tensor: what it is, and its floats.
  struct Tensor {
    var entry: SafetensorsEntry
    var floats: () throws(InputError) -> WeightTensor
  }

  /// Which tensor of the source fills a parameter.
  struct Origin {
    var name: String
    /// The parameter is this of `parts` equal parts along the first axis.
    var part = 0
    var parts = 1
  }

  /// For messages.
  let place: String
  private var tensors: [String: Tensor] = [:]
  /// In the order of the files.
  private(set) var names: [String] = []

  init(place: String) { self.place = place }

  subscript(name: String) -> SafetensorsEntry? { tensors[name]?.entry }

  /// Adds a tensor.
  ///
  /// - Throws: `.badData` when there is one of this name.
  mutating func add(_ name: String, _ tensor: Tensor) throws(InputError) {
    guard tensors.updateValue(tensor, forKey: name) == nil else {
      throw InputError(
        .badData, "a tensor is there twice", expected: "each name once",
        found: "'\(name.prefix(200))' again", in: place, advice: "get the files again")
    }
    names.append(name)
  }

  /// Leaves out tensors that the model does not use.
  mutating func remove(_ isUnused: (_ name: String, _ entry: SafetensorsEntry) -> Bool) {
    let unused = names.filter { name in tensors[name].map { isUnused(name, $0.entry) } ?? false }
    for name in unused { tensors[name] = nil }
    names.removeAll { tensors[$0] == nil }
  }

  /// The graph's parameters; together they are all tensors.
  ///
  /// - Throws: `.badData` listing every tensor that is missing, left over, of another shape or of
  ///   integers.
  func parameters(
    of graph: Graph, from origin: (_ parameter: String) -> Origin
  ) throws(InputError) -> [String: WeightTensor] {
    var expected: [(name: String, shape: [Int])] = []
    var needs: [(parameter: String, origin: Origin, rows: Int)] = []
    for parameter in graph.parameters {
      guard var shape = graph.shape(parameter.value).values([:]) else {
        preconditionFailure("parameters have known shapes")
      }
      let origin = origin(parameter.name)
      needs.append((parameter.name, origin, shape.first ?? 1))
      if origin.part == 0 {
        if origin.parts > 1 { shape[0] *= origin.parts }
        expected.append((origin.name, shape))
      }
    }
    var differences = ParameterDifferences(expected)
    differences.compare(
      tensors.mapValues { ParameterDifferences.Content($0.entry) }, order: names)
    try differences.check(
      "the model", place: place, advice: "use the files of one model, all of them, unchanged")
    var parameters: [String: WeightTensor] = [:]
    for (parameter, origin, rows) in needs {
      guard let whole = try tensors[origin.name]?.floats() else {
        preconditionFailure("'\(origin.name)' was found")
      }
      let first = origin.part * rows
      parameters[parameter] = origin.parts == 1 ? whole : whole.rows(first..<first + rows)
    }
    return parameters
  }
}

extension Checkpoint {
  static let wordTable = "git.embeddings.word_embeddings.weight"
  static let outputTable = "output.weight"

  /// The same model with the output layer tied to the word table, when the two are equal bit by bit:
  /// then plans hold one.
  var tiedWhereEqual: Checkpoint {
    guard let output = parameters[Self.outputTable], let words = parameters[Self.wordTable],
      output.hasSameBytes(as: words)
    else { return self }
    var tied = self
    tied.configuration.tiedHead = true
    tied.graph = GIT.logits(tied.configuration)
    tied.parameters[Self.outputTable] = nil
    return tied
  }
}
