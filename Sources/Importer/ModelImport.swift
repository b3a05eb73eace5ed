package import Checkpoint
package import Diagnostics
package import Formats
import FoundationEssentials
import Graph

/// Public GIT weights, as others wrote them, as a checkpoint.
///
/// Strict both ways: every tensor of the source is used once, every parameter is filled, and shapes
/// are equal; otherwise one error lists all differences. Floats stay in the source's mapped files
/// until the checkpoint is written.
package enum ModelImport {
  /// Where the preparation of images is taken from.
  package enum PreprocessingChoice: String, Sendable, CaseIterable {
    /// As the source says.
    case source
    /// As the original repository does for such a model: its VQA models see whole images, and its
    /// video models frames like images, where the Hugging Face port crops and normalises otherwise.
    case original
  }

  /// Reads a folder of either kind.
  ///
  /// - Parameters:
  ///   - folder: with `config.json`, a Hugging Face folder (``HuggingFaceFolder``); with `model.pt`,
  ///     one of the original repository (``OriginalFolder``).
  ///   - vocabulary: a `vocab.txt` to take instead of the folder's; nil for the folder's.
  ///   - preprocessing: whose preparation of images the model gets.
  /// - Returns: a checkpoint that can be compiled and trained further.
  /// - Throws: `.noInput` or `.io` for files that cannot be read; `.badData` naming file and field, or
  ///   listing every tensor that does not fit.
  package static func checkpoint(
    folder: String, vocabulary: String? = nil, preprocessing: PreprocessingChoice = .source
  ) throws(InputError) -> Checkpoint {
    let source = SourceFolder(path: folder)
    let (huggingFace, original) = (source.has("config.json"), source.has("model.pt"))
    guard huggingFace || original else {
      throw InputError(
        .noInput, "no model to import",
        expected: "a folder with config.json (Hugging Face) or model.pt (original repository)",
        found: FileManager.default.fileExists(atPath: folder) ? "neither" : "no such folder",
        in: folder, advice: "name the folder the model was downloaded to")
    }
    var checkpoint =
      huggingFace
      ? try HuggingFaceFolder(source).checkpoint(vocabulary: vocabulary)
      : try OriginalFolder(source).checkpoint(vocabulary: vocabulary)
    if preprocessing == .original {
      checkpoint.preprocessing = .original(imageSize: checkpoint.preprocessing.imageSize)
    }
    // The parameters are the same whatever sizes of images the graph takes.
    checkpoint.graph = GIT.logits(
      checkpoint.configuration, sizes: checkpoint.preprocessing.imageSizes)
    try checkpoint.validate(place: folder)
    return checkpoint
  }
}

extension Preprocessing {
  /// What the original repository does with images for the released models of this size.
  ///
  /// Models of 480 and 420 pixels answer questions: they see the whole image, its longer side at most
  /// 640 and 560.
  /// - Source: `aux_data/models/*/parameter.yaml` and `inference.py` of the original repository.
  package static func original(imageSize: Int) -> Preprocessing {
    switch imageSize {
    case 420, 480:
      Preprocessing(imageSize: imageSize, geometry: .keepAspect(maximumSide: imageSize / 3 * 4))
    default: Preprocessing(imageSize: imageSize)
    }
  }

  /// Whether the model sees what it would see in the original repository, but for a crop that begins
  /// one pixel earlier.
  package var preparesLikeOriginal: Bool {
    var same = Preprocessing.original(imageSize: imageSize)
    if case (.centerCrop, .centerCrop) = (geometry, same.geometry) { same.geometry = geometry }
    return self == same
  }
}
