import Diagnostics
package import Graph

extension Recipe {
  /// What is learnt from pairs of images and texts.
  package enum Objective: Sendable, Equatable {
    /// The text, token by token, given the image: a captioner.
    case captions
    /// Which text goes with which image: two towers, whose image encoder a captioner can start from.
    case contrastive(Contrastive)

    /// The model that learns it; with `training`, its loss too.
    ///
    /// - Precondition: two towers take images of one size.
    package func graph(
      _ configuration: GITConfiguration, sizes: GIT.ImageSizes = .one,
      training: TrainingOptions? = nil
    ) -> Graph {
      switch self {
      case .captions: return GIT.logits(configuration, sizes: sizes, training: training)
      case .contrastive(let contrastive):
        precondition(sizes == .one, "two towers take images of one size")
        return TwoTowers.logits(configuration, contrastive.towers, training: training)
      }
    }
  }

  /// The settings of the contrastive objective.
  package struct Contrastive: Sendable, Equatable {
    /// Which texts of a batch go with an image.
    package enum Form: String, Sendable, CaseIterable {
      /// Its own alone.
      case clip
      /// All that equal its own.
      case unicl
    }

    package var form: Form
    package var towers: TwoTowers.Options

    /// What makes the loss of ``TwoTowers`` that of the form, f32[n, n] for n texts known by their ids.
    func corrections(_ texts: [Int32]) -> [Float] {
      let count = texts.count
      var corrections = [Float](repeating: 0, count: count * count)
      if form == .clip { return corrections }
      let equal = texts.reduce(into: [Int32: Int]()) { $0[$1, default: 0] += 1 }
      for row in 0..<count {
        let share = 1 / Float(equal[texts[row]] ?? 1)
        for column in 0..<count where texts[row] == texts[column] {
          corrections[row * count + column] = ((row == column ? 1 : 0) - share) / Float(count)
        }
      }
      return corrections
    }
  }

  /// Reads `objective` and the section `contrastive`.
  static func objective(
    _ root: RecipeReader, _ configuration: GITConfiguration
  ) throws(InputError) -> Objective {
    enum Name: String, CaseIterable { case captions, contrastive }
    let name = try root.choice("objective", Name.captions)
    let section = try root.section("contrastive")
    let isViT = if case .vit = configuration.vision { true } else { false }
    let contrastive = Contrastive(
      form: try section.choice("form", Contrastive.Form.unicl),
      towers: TwoTowers.Options(
        width: try section.int("width", configuration.text.width, in: 1...65536),
        pooling: try section.choice("pooling", isViT ? TwoTowers.Pooling.classToken : .mean)))
    try section.finish()
    guard isViT || contrastive.towers.pooling == .mean else {
      throw InputError(
        .badData, "the encoder has no class token", expected: "pooling mean for a CoSwin",
        found: contrastive.towers.pooling.rawValue, in: section.place,
        advice: "set pooling to mean")
    }
    return name == .captions ? .captions : .contrastive(contrastive)
  }
}
