import Checkpoint
import Diagnostics
import Formats
import Graph

/// A folder of the original repository: `model.pt`, and `parameter.yaml` where the model is not
/// GIT_BASE's form (``OriginalParameters``).
///
/// - Source: `microsoft/GenerativeImage2Text`, `model.py`, `inference.py`, `torch_common.py`.
struct OriginalFolder {
  private let folder: SourceFolder

  init(_ folder: SourceFolder) { self.folder = folder }

  /// The model.
  func checkpoint(vocabulary: String?) throws(InputError) -> Checkpoint {
    let parameters = try OriginalParameters.read(folder)
    let tensors = try tensors()
    let configuration = try OriginalSizes(tensors, parameters).configuration.validated(
      place: folder.path)
    let graph = GIT.logits(configuration)
    let values = try tensors.parameters(of: graph, from: OriginalNames.origin)
    let width = configuration.vision.width
    guard parameters.width ?? width == width else {
      throw InputError(
        .badData, "parameter.yaml is of another model",
        expected: "visual_feature_size \(width), the encoder's width",
        found: "\(parameters.width ?? width)", in: folder.path("parameter.yaml"),
        advice: "use the parameter.yaml of the same model")
    }
    return Checkpoint(
      graph: graph, configuration: configuration, preprocessing: parameters.preprocessing,
      vocabulary: try TokenizerFiles.tokens(folder, path: vocabulary), parameters: values
    ).tiedWhereEqual
  }

  private func tensors() throws(InputError) -> SourceTensors {
    let place = folder.path("model.pt")
    let file = try TorchFile(path: place, key: "model")
    var tensors = SourceTensors(place: place)
    for name in file.names {
      guard let entry = file.tensors[name] else { continue }
      // Left by training on several devices, once for each wrapping.
      var bare = name[...]
      while bare.hasPrefix("module.") { bare = bare.dropFirst("module.".count) }
      try tensors.add(
        String(bare),
        SourceTensors.Tensor(entry: entry) { () throws(InputError) in file.floats(name) })
    }
    // CLIP's last projection, which GIT has no use for.
    tensors.remove { name, _ in name == "image_encoder.proj" }
    return tensors
  }
}

/// The sizes of a model that says few of them: from tensors of one axis, and from the released models
/// where those are missing, so that the differences can be listed.
private struct OriginalSizes {
  let configuration: GITConfiguration

  init(_ tensors: SourceTensors, _ parameters: OriginalParameters) {
    func length(_ name: String, _ fallback: Int) -> Int {
      guard let entry = tensors[name], entry.shape.count == 1 else { return fallback }
      return entry.shape[0]
    }
    /// The number of elements divided by `size`.
    func rows(_ name: String, of size: Int, _ fallback: Int) -> Int {
      guard let entry = tensors[name], size > 0 else { return fallback }
      return entry.shape.reduce(1, *) / size
    }
    /// Models of the released width have the released depth: a file cut after a layer is no model.
    func layers(_ prefix: String, isReleased: Bool, _ fallback: Int) -> Int {
      if isReleased { return fallback }
      let indices = tensors.names.filter { $0.hasPrefix(prefix) }.compactMap {
        Int($0.dropFirst(prefix.count).prefix { $0 != "." })
      }
      return indices.max().map { $0 + 1 } ?? fallback
    }
    let (image, text) = ("image_encoder", "textual")
    let named = parameters.encoder.sizes
    let width = length("\(image).ln_pre.weight", named.width)
    let released =
      OriginalParameters.Encoder.allCases.map(\.sizes).first { $0.width == width } ?? named
    let isReleased = width == released.width
    let blocks = "\(image).transformer.resblocks."
    let patchArea = rows("\(image).conv1.weight", of: 3 * width, 0)
    let patch = Int(Double(patchArea).squareRoot())
    let vision = GITConfiguration.Vision(
      imageSize: parameters.imageSize,
      patchSize: isReleased || patch == 0 ? released.patchSize : patch, width: width,
      layers: layers(blocks, isReleased: isReleased, released.layers),
      heads: max(1, width / Self.headWidth),
      mlpWidth: length("\(blocks)0.mlp.c_fc.bias", released.mlpWidth))
    let releasedText = GITConfiguration.gitBase.text
    let textWidth = length("\(text).embedding.layer_norm.weight", releasedText.width)
    let decoder = "\(text).transformer.encoder.layer."
    configuration = GITConfiguration(
      vision: vision,
      text: .init(
        width: textWidth,
        layers: layers(
          decoder, isReleased: textWidth == releasedText.width, releasedText.layers),
        heads: max(1, textWidth / Self.headWidth),
        mlpWidth: length("\(decoder)0.intermediate.dense.bias", releasedText.mlpWidth),
        vocabularySize: length("\(text).output.bias", releasedText.vocabularySize),
        maximumTextLength: rows(
          "\(text).embedding.positions.weight", of: textWidth, releasedText.maximumTextLength)),
      frames: parameters.frames,
      epsilons: .init(vision: 1e-5, projection: 1e-5, decoder: 1e-12, textEmbedding: 1e-8))
  }

  /// CLIP's and BERT's rule.
  private static let headWidth = 64
}
