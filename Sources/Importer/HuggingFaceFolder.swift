import Checkpoint
import Diagnostics
import Formats
import Graph

/// A folder that `save_pretrained` of a `GitForCausalLM` and its processor wrote, of any release.
///
/// - Source: Hugging Face's port of GIT, `models/git`.
struct HuggingFaceFolder {
  private let folder: SourceFolder

  init(_ folder: SourceFolder) { self.folder = folder }

  /// The model.
  func checkpoint(vocabulary: String?) throws(InputError) -> Checkpoint {
    let settings = try HuggingFaceConfiguration.read(folder)
    var configuration = settings.configuration
    _ = try configuration.validated(place: folder.path("config.json"))
    var tensors = try tensors()
    // Buffers that older releases wrote.
    tensors.remove { name, entry in name.hasSuffix(".position_ids") && entry.dtype == .i64 }
    // A tied output layer may be left out of the file.
    configuration.tiedHead = settings.isTied && tensors[Checkpoint.outputTable] == nil
    let graph = GIT.logits(configuration)
    let found = tensors
    let parameters = try tensors.parameters(of: graph) { parameter in
      let older = parameter.replacing("img_temporal_", with: "img_temperal_")
      return SourceTensors.Origin(name: found[older] == nil ? parameter : older)
    }
    let checkpoint = Checkpoint(
      graph: graph, configuration: configuration,
      preprocessing: try HuggingFacePreprocessing.read(
        folder, imageSize: configuration.vision.imageSize),
      vocabulary: try TokenizerFiles.tokens(folder, path: vocabulary), parameters: parameters
    ).tiedWhereEqual
    guard checkpoint.configuration.tiedHead || !settings.isTied else {
      throw InputError(
        .badData, "the output layer is not the word table",
        expected: "equal tables, as tie_word_embeddings says", found: "different ones",
        in: folder.path, advice: "set tie_word_embeddings to false if the file is right")
    }
    return checkpoint
  }

  // MARK: Tensors

  private struct Index: Decodable {
    var weightMap: [String: String]

    private enum CodingKeys: String, CodingKey { case weightMap = "weight_map" }
  }

  private func tensors() throws(InputError) -> SourceTensors {
    let (whole, index) = ("model.safetensors", "model.safetensors.index.json")
    if folder.has(whole) || !folder.has(index) {
      guard folder.has(whole) else {
        throw InputError(
          .noInput, "no weights", expected: "\(whole), or \(index) and its shards",
          found: "neither", in: folder.path,
          advice: "download them too, or save the model with safetensors")
      }
      var tensors = SourceTensors(place: folder.path(whole))
      try add(SafetensorsFile(path: folder.path(whole)), to: &tensors)
      return tensors
    }
    return try shards(index)
  }

  private func add(
    _ file: SafetensorsFile, to tensors: inout SourceTensors
  ) throws(InputError) {
    for name in file.names {
      guard let entry = file.tensors[name] else { continue }
      try tensors.add(
        name,
        SourceTensors.Tensor(entry: entry) { () throws(InputError) in try file.floats(name) })
    }
  }

  private func shards(_ index: String) throws(InputError) -> SourceTensors {
    let place = folder.path(index)
    func fail(_ expected: String, _ found: String) -> InputError {
      InputError(
        .badData, "the index does not describe the shards", expected: expected, found: found,
        in: place, advice: "download the index and all shards of one model")
    }
    let map: Index = try DecodedJSON.decode(try folder.bytes(index)) {
      fail("weight_map from tensors to files", $0)
    }
    var tensors = SourceTensors(place: place)
    for name in Set(map.weightMap.values).sorted() {
      // A name, not a path: an index does not decide what else is read.
      guard !name.contains("/"), !name.hasPrefix(".") else {
        throw fail("names of files in this folder", "'\(name.prefix(100))'")
      }
      let file = try SafetensorsFile(path: folder.path(name))
      let stray = file.names.first { map.weightMap[$0] != name }
      if let stray { throw fail("'\(stray.prefix(200))' in \(name)", "another place for it") }
      try add(file, to: &tensors)
    }
    let absent = map.weightMap.keys.filter { tensors[$0] == nil }.sorted()
    guard absent.isEmpty else {
      throw fail(
        "all tensors of the index in the shards",
        "\(absent.count) missing: \(absent.prefix(500).joined(separator: "; "))")
    }
    return tensors
  }
}
