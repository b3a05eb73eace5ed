package import Data
package import Diagnostics
package import Graph
import FoundationEssentials

/// Everything that decides what one stage of training does: model, data, optimizer, seed.
///
/// A recipe is a YAML file; `recipes/` has commented examples and `docs/training.md` every key.
package struct Recipe: Sendable, Equatable {
  /// A data set of the training mixture.
  package struct Source: Sendable, Equatable {
    package var location: DatasetLocation
    /// Its share of training steps, relative to the other sources.
    package var weight: Float

    package init(_ location: DatasetLocation, weight: Float = 1) {
      self.location = location
      self.weight = weight
    }

    /// What logs and messages call it: the path, and the split where there is one.
    package var name: String {
      location.split.map { "\(location.path) (\($0))" } ?? location.path
    }
  }

  /// Random changes to training samples, each step anew; 1, false and 0 switch them off.
  package struct Augmentation: Sendable, Equatable {
    /// Smallest share of the image's side that a random square-preserving crop keeps, in (0, 1].
    package var minimumCrop: Float
    /// Mirrors half of the images; wrong where captions say left and right.
    package var flip: Bool
    /// The share of a caption's words that the words after them see replaced.
    ///
    /// Each becomes the word at the same place of another text of the batch; what is to be said
    /// stays. So words are read off the image rather than guessed from those before, which is what
    /// lets a model name combinations that training never showed.
    package var contextNoise: Float
    /// The share of the image's area that a random square crop keeps; nil for `minimumCrop`.
    ///
    /// Drawn evenly. 0.8 to 1 is what the released models were trained with.
    package var cropScale: ClosedRange<Float>? = nil

    /// No change at all, as in validation.
    package static let none = Augmentation(minimumCrop: 1, flip: false, contextNoise: 0)
  }

  /// AdamW with linear warm-up, then a cosine to `finalRatio`.
  package struct Optimizer: Sendable, Equatable {
    package var learningRate: Float
    /// Parts of the model that learn otherwise than the rest.
    package var groups: [Group] = []
    package var weightDecay: Float
    package var beta1: Float
    package var beta2: Float
    package var epsilon: Float
    package var warmupSteps: Int
    /// The last step's rate over the highest one.
    package var finalRatio: Float
    /// The whole gradient is scaled down to this Euclidean norm; 0 switches clipping off.
    package var clipNorm: Float
  }

  package var objective: Objective
  package var configuration: GITConfiguration
  /// In text embedding and decoder layers; 0 switches it off.
  package var dropout: Float
  package var smoothing: Smoothing
  /// A loss this often the usual one, and some more, ends the run; 0 for never.
  ///
  /// See ``LossWatch``.
  package var spikeFactor: Float
  /// A vocabulary file with one token per line; nil trains one of `vocabularySize` from the captions.
  package var vocabularyPath: String?
  package var vocabularySize: Int
  package var train: [Source]
  package var validation: [Source]
  package var augmentation: Augmentation
  /// Which captions are left out; nil for none.
  package var textFilter: TextFilterRules?
  package var optimizer: Optimizer
  /// Samples that are worked through at once.
  package var batchSize: Int
  /// How many times so many samples a step learns from.
  package var accumulate: Int = 1
  /// The insides of layers are computed again in the backward pass instead of kept: less memory, more
  /// time, the same bits.
  package var recompute: Bool = false
  /// The finished model is written with weights of 16 bits.
  package var halfPrecision: Bool = false
  /// Pixels per side that the images of a step have, one of these at random; empty for the model's own.
  package var imageSizes: [Int] = []
  package var steps: Int
  package var seed: UInt64
  /// false takes samples in file order.
  package var shuffle: Bool
  /// Steps between validations and saved states.
  package var validationInterval: Int
  /// The most rows of each validation source that are read.
  package var validationLimit: Int

  /// The text of a recipe file.
  ///
  /// - Throws: `.noInput` where it cannot be read.
  package static func text(path: String) throws(InputError) -> String {
    do {
      return try String(contentsOfFile: path, encoding: .utf8)
    } catch {
      throw InputError(
        .noInput, "recipe cannot be read", expected: "a YAML file", found: "no readable file",
        in: path, advice: "check the path; recipes/ has examples")
    }
  }

  /// Reads a recipe of one stage from text; `place` names it in errors.
  package init(yaml: String, overrides: [String] = [], place: String) throws(InputError) {
    try self.init(RecipeReader(yaml: yaml, overrides: overrides, place: place))
  }

  /// Reads the settings of one stage.
  init(_ root: RecipeReader) throws(InputError) {
    let place = root.place
    seed = UInt64(try root.int("seed", 1, in: 0...Int.max))
    steps = try root.int("steps", nil, in: 1...100_000_000)
    batchSize = try root.int("batch_size", nil, in: 1...65536)
    accumulate = try root.int("accumulate", 1, in: 1...4096)
    recompute = try root.bool("recompute", false)
    halfPrecision = try root.bool("half_precision", false)

    let text = try root.section("text")
    vocabularyPath = try text.optionalString("vocabulary")
    vocabularySize = try text.int("vocabulary_size", 1000, in: 16...200_000)
    try text.finish()

    let model = try root.section("model")
    configuration = try Self.configuration(model, vocabularySize: vocabularySize)
    dropout = try model.float("dropout", 0.1, in: 0...0.9)
    try model.finish()
    objective = try Self.objective(root, configuration)

    let data = try root.section("data")
    train = try Self.sources(data, "train")
    validation = try Self.sources(data, "validation")
    shuffle = try data.bool("shuffle", true)
    augmentation = Augmentation(
      minimumCrop: try data.float("minimum_crop", 1, in: 0.05...1),
      flip: try data.bool("flip", false),
      contextNoise: try data.float("context_noise", 0, in: 0...1),
      cropScale: try data.range("crop_scale", in: 0.01...1))
    imageSizes = try Self.imageSizes(data, configuration.vision)
    textFilter = try TextFilterRules(data)
    try data.finish()
    guard objective == .captions || (accumulate == 1 && imageSizes.isEmpty) else {
      throw InputError(
        .badData, "recipe divides or resizes what is matched as a whole",
        expected: "neither accumulate nor data.image_sizes with objective: contrastive",
        found: accumulate > 1 ? "accumulate \(accumulate)" : "image_sizes", in: place,
        advice: "remove the key, and use batch_size and model.image_size")
    }
    guard augmentation.cropScale == nil || augmentation.minimumCrop == 1 else {
      throw InputError(
        .badData, "recipe crops in two ways", expected: "crop_scale or minimum_crop", found: "both",
        in: "\(place), data", advice: "remove one of them")
    }
    guard !train.isEmpty else {
      throw InputError(
        .badData, "recipe has no training data", expected: "a list under data.train",
        found: "nothing", in: "\(place), data.train", advice: "name at least one data set")
    }

    let loss = try root.section("loss")
    smoothing = Smoothing(
      form: try loss.choice("smoothing_form", SmoothingForm.kl),
      amount: try loss.float("smoothing", 0.1, in: 0...0.9))
    spikeFactor = try loss.float("spike", 4, in: 0...1000)
    try loss.finish()

    let adam = try root.section("optimizer")
    optimizer = Optimizer(
      learningRate: try adam.float("learning_rate", nil, in: 0...10),
      groups: try Optimizer.groups(adam),
      weightDecay: try adam.float("weight_decay", 0.01, in: 0...1),
      beta1: try adam.float("beta1", 0.9, in: 0...0.9999),
      beta2: try adam.float("beta2", 0.999, in: 0...0.99999),
      epsilon: try adam.float("epsilon", 1e-8, in: 0...1),
      warmupSteps: try adam.int("warmup_steps", 500, in: 0...100_000_000),
      finalRatio: try adam.float("final_ratio", 0, in: 0...1),
      clipNorm: try adam.float("clip_norm", 1, in: 0...1_000_000))
    try adam.finish()

    let check = try root.section("validation")
    validationInterval = try check.int("interval", 1000, in: 1...100_000_000)
    validationLimit = try check.int("limit", 1000, in: 1...100_000_000)
    try check.finish()
    try root.finish()
  }

  /// The list `image_sizes`, of which every one must be a whole number of a ViT's patches.
  private static func imageSizes(
    _ data: RecipeReader, _ vision: GITConfiguration.Vision
  ) throws(InputError) -> [Int] {
    let sizes = try data.ints("image_sizes", [], in: 8...2048)
    if sizes.isEmpty { return [] }
    func misfit(_ expected: String, _ found: String, _ advice: String) -> InputError {
      InputError(
        .badData, "images of these sizes do not fit the model", expected: expected, found: found,
        in: "\(data.place), image_sizes", advice: advice)
    }
    guard case .vit(let vit) = vision else {
      throw misfit(
        "a ViT, whose positions can be interpolated", "a CoSwin, whose windows divide one size",
        "remove the list, or use model.encoder: vit")
    }
    if let size = sizes.first(where: { !$0.isMultiple(of: vit.patchSize) }) {
      throw misfit(
        "multiples of the patch size \(vit.patchSize)", "\(size)", "round it up or down")
    }
    return sizes
  }

  private static func sources(
    _ data: RecipeReader, _ key: String
  ) throws(InputError) -> [Source] {
    var sources: [Source] = []
    for reader in try data.sections(key) {
      sources.append(
        Source(
          DatasetLocation(
            path: try reader.string("path"), images: try reader.optionalString("images"),
            split: try reader.optionalString("split"),
            annotations: try reader.optionalString("annotations")),
          weight: try reader.float("weight", 1, in: 0.0001...1e6)))
      try reader.finish()
    }
    return sources
  }
}
