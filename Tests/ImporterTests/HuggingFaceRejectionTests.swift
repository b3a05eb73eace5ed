import Checkpoint
import Diagnostics
import Formats
import Foundation
import Graph
import Importer
import Testing

/// Damaged and foreign Hugging Face folders: one error each, which says what to do.
@Suite struct HuggingFaceRejectionTests {
  private static let words = "git.embeddings.word_embeddings.weight"

  @Test func aFolderWithoutAModel() throws {
    let copy = try FolderCopy(of: "hf-image")
    try copy.remove("config.json")
    copy.expectError(.noInput, "config.json", "model.pt", "neither")
    let error = #expect(throws: InputError.self) {
      try ModelImport.checkpoint(folder: copy.path("elsewhere"))
    }
    #expect(error?.found == "no such folder")
  }

  @Test(arguments: ["model.safetensors", "vocab.txt", "preprocessor_config.json"])
  func missingFiles(_ name: String) throws {
    let copy = try FolderCopy(of: "hf-image")
    try copy.remove(name)
    copy.expectError(.noInput, name)
  }

  @Test(arguments: [0.3, 0.9, 0.9999])
  func truncatedWeights(_ share: Double) throws {
    let copy = try FolderCopy(of: "hf-image")
    let bytes = [UInt8](try Data(contentsOf: copy.url.appending(path: "model.safetensors")))
    try copy.write(Array(bytes.prefix(Int(share * Double(bytes.count)))), to: "model.safetensors")
    copy.expectError(.badData, "not a readable safetensors file", "model.safetensors")
  }

  /// Everything that is wrong with the tensors stands in one error.
  @Test func differencesAreListedTogether() throws {
    let copy = try FolderCopy(of: "hf-image")
    try copy.editTensors { tensors in
      tensors.removeAll { $0.name == "output.bias" }
      tensors.append((name: "lora.weight", tensor: WeightTensor(shape: [1], values: [0])))
      let index = try #require(tensors.firstIndex { $0.name == Self.words })
      let words = tensors[index].tensor
      tensors[index].tensor = WeightTensor(
        shape: words.shape.reversed(), values: words.floats)
    }
    copy.expectError(
      .badData, "3 differences", "'output.bias' [37] is missing", "'lora.weight' is no parameter",
      "'\(Self.words)' has shape [28, 37] instead of [37, 28]", "model.safetensors")
  }

  @Test func integersAreNoWeights() throws {
    let copy = try FolderCopy(of: "hf-image")
    let bytes = [UInt8](try Data(contentsOf: copy.url.appending(path: "model.safetensors")))
    let header = bytes.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
    let text = String(decoding: bytes[8..<8 + header], as: UTF8.self)
    // The same length, so nothing else moves.
    let key = "\"output.bias\":{\"dtype\":\"F32\""
    try #require(text.contains(key))
    let changed = text.replacing(key, with: key.replacing("F32", with: "I32"))
    try copy.write(
      bytes.prefix(8) + Array(changed.utf8) + bytes[(8 + header)...], to: "model.safetensors")
    copy.expectError(.badData, "1 differences", "'output.bias' holds I32")
  }

  @Test(arguments: ["num_attention_heads", "vocab_size", "layer_norm_eps", "vision_config"])
  func missingKeys(_ key: String) throws {
    let copy = try FolderCopy(of: "hf-image")
    try copy.edit("config.json") { $0[key] = nil }
    copy.expectError(.badData, "no '\(key)'", "config.json")
    try copy.edit("config.json") { $0[key] = "text" }
    copy.expectError(.badData, "at \(key)", "config.json")
  }

  @Test func otherModels() throws {
    for (key, value, found) in [
      ("model_type", "blip", "'blip'"), ("hidden_act", "relu", "'relu'"),
      ("position_embedding_type", "relative_key", "'relative_key'"),
    ] {
      let copy = try FolderCopy(of: "hf-image")
      try copy.edit("config.json") { $0[key] = value }
      copy.expectError(.badData, key, found)
    }
    let copy = try FolderCopy(of: "hf-image")
    try copy.edit("config.json") { $0["num_attention_heads"] = 5 }
    copy.expectError(.badData, "a divisor of the width 28", "config.json")
    try copy.edit("config.json") { $0["num_attention_heads"] = 0 }
    copy.expectError(.badData, "field text.heads")
  }

  @Test func aTiedOutputLayerIsTheWordTable() throws {
    let copy = try FolderCopy(of: "hf-image")
    try copy.edit("config.json") { $0["tie_word_embeddings"] = true }
    copy.expectError(.badData, "tie_word_embeddings")
    try copy.editTensors { $0.removeAll { $0.name == "output.weight" } }
    let tied = try ModelImport.checkpoint(folder: copy.url.path)
    #expect(tied.configuration.tiedHead)
    #expect(tied.parameters["output.weight"] == nil)
  }

  @Test func preparationsTheRuntimeDoesNotDo() throws {
    for (key, value, says) in [
      ("do_center_crop", false, "switched off"), ("resample", 0, "resample 2"),
      ("crop_size", ["height": 29, "width": 20], "no square"), ("crop_size", 28, "crop_size 29"),
      ("size", ["height": 29, "width": 29], "height and width"), ("size", 32, "size.shortest_edge"),
      ("rescale_factor", 1, "1/255"), ("image_std", [1, 1, 0], "standardDeviation"),
      ("image_mean", [0.5], "mean"), ("image_mean", "0.5", "at image_mean"),
    ] as [(String, Any, String)] {
      let copy = try FolderCopy(of: "hf-image")
      try copy.edit("preprocessor_config.json") { $0[key] = value }
      copy.expectError(.badData, says, "preprocessor_config.json")
    }
  }

  @Test func shardsThatDoNotFitTheirIndex() throws {
    let index = "model.safetensors.index.json"
    func map(_ edit: (inout [String: String]) -> Void) throws -> FolderCopy {
      let copy = try FolderCopy(of: "hf-video")
      try copy.edit(index) { root in
        var map = try #require(root["weight_map"] as? [String: String])
        edit(&map)
        root["weight_map"] = map
      }
      return copy
    }
    try map { $0["output.bias"] = "../model.safetensors" }.expectError(
      .badData, "names of files in this folder", index)
    try map { $0["output.bias"] = nil }.expectError(.badData, "'output.bias'", "another place")
    try map { $0["more"] = $0["output.bias"] }.expectError(.badData, "1 missing: more")
    try map { $0["more"] = "model-3.safetensors" }.expectError(.noInput, "model-3.safetensors")
    let copy = try FolderCopy(of: "hf-video")
    try copy.edit(index) { $0["weight_map"] = nil }
    copy.expectError(.badData, "no 'weight_map'", index)
  }

  @Test func bothSpellingsOfTemporalEmbeddings() throws {
    let names = try ["00001", "00002"].flatMap {
      try SafetensorsFile(path: ImportGolden.path("hf-video") + "/model-\($0)-of-00002.safetensors")
        .names
    }
    #expect(names.contains("git.img_temperal_embedding.0"), "the golden has the published spelling")
    let copy = try FolderCopy(of: "hf-video")
    // As one file in the newer spelling; the older shards are not read any more.
    var tensors: [(name: String, tensor: WeightTensor)] = []
    for shard in ["00001", "00002"] {
      let file = try SafetensorsFile(path: copy.path("model-\(shard)-of-00002.safetensors"))
      for name in file.names where !name.hasSuffix("position_ids") {
        tensors.append(
          (name.replacing("img_temperal", with: "img_temporal"), try file.floats(name)))
      }
    }
    try SafetensorsWriter.write(tensors, to: copy.path("model.safetensors"))
    let newer = try ModelImport.checkpoint(folder: copy.url.path)
    let older = try ModelImport.checkpoint(folder: ImportGolden.path("hf-video"))
    #expect(newer.parameters.mapValues(\.floats) == older.parameters.mapValues(\.floats))
    tensors.append(("git.img_temperal_embedding.0", tensors[0].tensor))
    try SafetensorsWriter.write(tensors, to: copy.path("model.safetensors"))
    copy.expectError(.badData, "'git.img_temporal_embedding.0' is no parameter")
  }

  @Test func tokenizersOfOtherKinds() throws {
    for (key, value, says) in [
      ("model", ["type": "BPE", "vocab": ["a": 0]], "'BPE'"),
      ("model", ["type": "WordPiece", "vocab": ["a": 1]], "1 for 'a'"),
      ("model", ["type": "WordPiece", "vocab": ["a": 0]], "special token '[PAD]' is missing"),
      ("normalizer", ["type": "BertNormalizer", "lowercase": false], "lower case"),
    ] as [(String, Any, String)] {
      let copy = try FolderCopy(of: "hf-video")
      try copy.edit("tokenizer.json") { $0[key] = value }
      copy.expectError(.badData, says, "tokenizer.json")
    }
    let copy = try FolderCopy(of: "hf-video")
    try copy.write(Array("[PAD]\n[UNK]\n[CLS]\n[SEP]\n".utf8), to: "vocab.txt")
    copy.expectError(.badData, "the vocabulary does not fit the model", "37 entries")
  }
}
