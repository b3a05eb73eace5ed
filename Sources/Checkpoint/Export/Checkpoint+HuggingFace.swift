package import Diagnostics
import Formats
import FoundationEssentials
import Graph

extension Checkpoint {
  /// Writes what `GitForCausalLM.from_pretrained(folder)` and `AutoProcessor.from_pretrained(folder)`
  /// of the transformers library load.
  ///
  /// The parameters keep their names, which are that library's. Beside the weights, in their folder,
  /// stand `config.json`, `preprocessor_config.json`, `tokenizer_config.json` and `vocab.txt`.
  /// - Parameter path: the weights, `FOLDER/model.safetensors`.
  /// - Throws: `.badData` for a model that the library has no configuration for, `.noInput` for a
  ///   missing folder, `.io` from the system.
  package func writeHuggingFace(to path: String) throws(InputError) {
    try validate(place: path)
    let parts = path.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.last == "model.safetensors" else {
      throw InputError(
        .usage, "the library would not find the weights", expected: "FOLDER/model.safetensors",
        found: "'\(path)'", in: "the output path", advice: "give the file that name")
    }
    let folder = parts.dropLast().joined(separator: "/")
    func companion(_ name: String) -> String {
      folder.isEmpty && parts.count == 1 ? name : "\(folder)/\(name)"
    }
    try checkForm(place: path)
    let files: [(String, [UInt8])] = [
      ("config.json", try json(HuggingFaceConfiguration(self, place: path))),
      ("preprocessor_config.json", json(HuggingFacePreprocessing(preprocessing))),
      ("tokenizer_config.json", json(HuggingFaceTokenizer(self))),
      ("vocab.txt", Array(vocabulary.joined(separator: "\n").utf8) + [UInt8(ascii: "\n")]),
    ]
    for (name, bytes) in files {
      try AtomicFile.write(to: companion(name)) { file throws(InputError) in try file.write(bytes) }
    }
    var tensors: [(name: String, tensor: WeightTensor)] = []
    for parameter in graph.parameters {
      if let tensor = parameters[parameter.name] { tensors.append((parameter.name, tensor)) }
    }
    // What loaders of PyTorch's world look for before they open a file.
    try SafetensorsWriter.write(tensors, metadata: ["format": "pt"], to: path)
  }

  /// Checks that the graph is the one the configuration stands for, with constants that the library
  /// can tell apart.
  private func checkForm(place: String) throws(InputError) {
    func failure(_ expected: String, _ found: String) -> InputError {
      InputError(
        .badData, "the model has no equal in transformers", expected: expected, found: found,
        in: place, advice: "export to ONNX")
    }
    var differences = ParameterDifferences(GIT.logits(configuration))
    differences.compare(parameters.mapValues { .floats($0.shape) }, order: parameters.keys.sorted())
    try differences.check(place: place)
    let epsilons = configuration.epsilons
    guard epsilons.vision == epsilons.projection, epsilons.decoder == epsilons.textEmbedding else {
      throw failure(
        "one epsilon for image encoder and projection and one for decoder and text embedding",
        "\(epsilons.vision), \(epsilons.projection), \(epsilons.decoder), \(epsilons.textEmbedding)"
      )
    }
    for token in ["[PAD]", "[CLS]", "[SEP]"] where !vocabulary.contains(token) {
      throw failure("[PAD], [CLS] and [SEP] in the vocabulary", "no \(token)")
    }
    if let token = vocabulary.first(where: { $0.utf8.contains(UInt8(ascii: "\n")) }) {
      throw failure("tokens without line breaks", "'\(token)'")
    }
  }

  private func json(_ value: some Encodable) -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    do {
      return [UInt8](try encoder.encode(value)) + [UInt8(ascii: "\n")]
    } catch {
      // Only a NaN or infinity has no JSON; validation let none through.
      preconditionFailure("\(type(of: value)) has no JSON: \(error)")
    }
  }
}

/// `config.json` of `GitForCausalLM`.
private struct HuggingFaceConfiguration: Encodable {
  struct Vision: Encodable {
    var model_type = "git_vision_model"
    var hidden_size, num_hidden_layers, num_attention_heads, intermediate_size: Int
    var image_size, patch_size: Int
    var num_channels = 3
    var hidden_act = "quick_gelu"
    var layer_norm_eps: Float
    var attention_dropout = 0.0
  }

  var architectures = ["GitForCausalLM"]
  var model_type = "git"
  var hidden_size, num_hidden_layers, num_attention_heads, intermediate_size: Int
  var vocab_size, max_position_embeddings: Int
  var hidden_act = "gelu"
  var layer_norm_eps: Float
  /// Absent for a model of images alone.
  var num_image_with_embedding: Int?
  var tie_word_embeddings: Bool
  var pad_token_id, bos_token_id, eos_token_id: Int?
  var torch_dtype = "float32"
  var vision_config: Vision

  init(_ checkpoint: Checkpoint, place: String) throws(InputError) {
    let configuration = checkpoint.configuration
    let text = configuration.text
    guard case .vit(let vision) = configuration.vision else {
      throw InputError(
        .badData, "the model has no equal in transformers", expected: "a ViT as image encoder",
        found: "a CoSwin", in: place, advice: "export to ONNX: -o NAME.onnx")
    }
    hidden_size = text.width
    num_hidden_layers = text.layers
    num_attention_heads = text.heads
    intermediate_size = text.mlpWidth
    vocab_size = text.vocabularySize
    max_position_embeddings = text.maximumTextLength
    layer_norm_eps = configuration.epsilons.decoder
    num_image_with_embedding = configuration.frames > 0 ? configuration.frames : nil
    tie_word_embeddings = configuration.tiedHead
    pad_token_id = checkpoint.vocabulary.firstIndex(of: "[PAD]")
    bos_token_id = checkpoint.vocabulary.firstIndex(of: "[CLS]")
    eos_token_id = checkpoint.vocabulary.firstIndex(of: "[SEP]")
    vision_config = Vision(
      hidden_size: vision.width, num_hidden_layers: vision.layers,
      num_attention_heads: vision.heads, intermediate_size: vision.mlpWidth,
      image_size: vision.imageSize, patch_size: vision.patchSize,
      layer_norm_eps: configuration.epsilons.vision)
  }
}

/// `preprocessor_config.json` of `CLIPImageProcessor`.
private struct HuggingFacePreprocessing: Encodable {
  var image_processor_type = "CLIPImageProcessor"
  var processor_class = "GitProcessor"
  var do_resize = true
  var size: [String: Int]
  /// Pillow's numbers: 2 bilinear, 3 bicubic.
  var resample: Int
  var do_center_crop = true
  var crop_size: [String: Int]
  var do_rescale = true
  var rescale_factor = 1.0 / 255
  var do_normalize = true
  var image_mean, image_std: [Float]
  var do_convert_rgb = true

  /// The library always crops a square, so whole images in their proportions cannot be asked for.
  init(_ preprocessing: Preprocessing) {
    let side = preprocessing.imageSize
    size = ["shortest_edge": side]
    resample = preprocessing.resample == .bilinear ? 2 : 3
    crop_size = ["height": side, "width": side]
    image_mean = preprocessing.mean
    image_std = preprocessing.standardDeviation
  }
}

/// `tokenizer_config.json` of `BertTokenizer`.
private struct HuggingFaceTokenizer: Encodable {
  var tokenizer_class = "BertTokenizer"
  var processor_class = "GitProcessor"
  var do_lower_case = true
  var model_max_length: Int
  var pad_token = "[PAD]"
  var unk_token = "[UNK]"
  var cls_token = "[CLS]"
  var sep_token = "[SEP]"
  var mask_token = "[MASK]"

  init(_ checkpoint: Checkpoint) {
    model_max_length = checkpoint.configuration.text.maximumTextLength
  }
}
