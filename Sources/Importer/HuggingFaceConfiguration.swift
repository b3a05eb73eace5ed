import Checkpoint
import Diagnostics
import Graph

/// `config.json`: the keys that decide what the model computes, all of which `save_pretrained` writes.
struct HuggingFaceConfiguration: Decodable {
  private struct Vision: Decodable {
    var activation: String
    var width: Int
    var imageSize: Int
    var mlpWidth: Int
    var epsilon: Float
    var heads: Int
    var channels: Int
    var layers: Int
    var patchSize: Int

    enum CodingKeys: String, CodingKey {
      case activation = "hidden_act"
      case width = "hidden_size"
      case imageSize = "image_size"
      case mlpWidth = "intermediate_size"
      case epsilon = "layer_norm_eps"
      case heads = "num_attention_heads"
      case channels = "num_channels"
      case layers = "num_hidden_layers"
      case patchSize = "patch_size"
    }
  }

  private var modelType: String
  private var activation: String
  private var width: Int
  private var mlpWidth: Int
  private var epsilon: Float
  private var maximumTextLength: Int
  private var heads: Int
  private var layers: Int
  private var vocabularySize: Int
  private var vision: Vision
  /// null for models of images.
  private var frames: Int?
  /// Absent in some older files, where it is false.
  private var tied: Bool?
  /// Absent since the library has no other.
  private var positions: String?

  private enum CodingKeys: String, CodingKey {
    case modelType = "model_type"
    case activation = "hidden_act"
    case width = "hidden_size"
    case mlpWidth = "intermediate_size"
    case epsilon = "layer_norm_eps"
    case maximumTextLength = "max_position_embeddings"
    case heads = "num_attention_heads"
    case layers = "num_hidden_layers"
    case vocabularySize = "vocab_size"
    case vision = "vision_config"
    case frames = "num_image_with_embedding"
    case tied = "tie_word_embeddings"
    case positions = "position_embedding_type"
  }

  /// Reads the folder's file.
  ///
  /// - Throws: `.badData` naming the key that is missing or asks for another model.
  static func read(_ folder: SourceFolder) throws(InputError) -> HuggingFaceConfiguration {
    func fail(_ expected: String, _ found: String) -> InputError {
      InputError(
        .badData, "not the configuration of a GIT model", expected: expected, found: found,
        in: folder.path("config.json"), advice: "use config.json of the model, unchanged")
    }
    let read: HuggingFaceConfiguration = try DecodedJSON.decode(try folder.bytes("config.json")) {
      fail("JSON with all keys of a GIT model", $0)
    }
    for (key, expected, found) in [
      ("model_type", "git", read.modelType), ("hidden_act", "gelu", read.activation),
      ("vision_config.hidden_act", "quick_gelu", read.vision.activation),
      ("position_embedding_type", "absolute", read.positions ?? "absolute"),
      ("vision_config.num_channels", "3", "\(read.vision.channels)"),
    ] where found != expected {
      throw fail("\(key) \(expected)", "'\(found.prefix(40))'")
    }
    return read
  }

  /// Whether the output layer is the word table.
  var isTied: Bool { tied ?? false }

  /// The sizes; whether the head is tied is decided by the tensors.
  ///
  /// The projection's norm has the encoder's epsilon, the text embedding's the decoder's.
  var configuration: GITConfiguration {
    GITConfiguration(
      vision: .init(
        imageSize: vision.imageSize, patchSize: vision.patchSize, width: vision.width,
        layers: vision.layers, heads: vision.heads, mlpWidth: vision.mlpWidth),
      text: .init(
        width: width, layers: layers, heads: heads, mlpWidth: mlpWidth,
        vocabularySize: vocabularySize, maximumTextLength: maximumTextLength),
      frames: frames ?? 0,
      epsilons: .init(
        vision: vision.epsilon, projection: vision.epsilon, decoder: epsilon,
        textEmbedding: epsilon))
  }
}
