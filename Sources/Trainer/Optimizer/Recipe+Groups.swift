import Diagnostics
import Graph

extension Recipe.Optimizer {
  /// The parts of a model that can learn at rates of their own.
  package enum Part: String, Sendable, CaseIterable {
    /// The image encoder.
    case encoder
    /// What stands between images and text: the captioner's visual projection and temporal
    /// embeddings; the two towers' projections and temperature.
    case projection
    /// The rest: words, decoder and output of a captioner; the text tower.
    case text

    /// The part that a parameter belongs to, by its name.
    init(of name: String) {
      let projections = [
        "git.visual_projection.", "git.img_temporal_embedding.", "image_projection.",
        "text_projection.", TwoTowers.logitScale,
      ]
      if name.hasPrefix("git.image_encoder.") {
        self = .encoder
      } else if projections.contains(where: name.hasPrefix) {
        self = .projection
      } else {
        self = .text
      }
    }
  }

  /// How one part learns.
  package struct Group: Sendable, Equatable {
    package var part: Part
    /// Multiplies the learning rate.
    package var rate: Float
    /// Neither updated nor decayed; no gradient of it is computed.
    package var isFrozen: Bool

    package init(_ part: Part, rate: Float = 1, isFrozen: Bool = false) {
      self.part = part
      self.rate = rate
      self.isFrozen = isFrozen
    }
  }

  /// How a parameter learns, by its name.
  func group(of name: String) -> Group {
    let part = Part(of: name)
    return groups.first { $0.part == part } ?? Group(part)
  }

  /// Reads the list `groups`.
  static func groups(_ adam: RecipeReader) throws(InputError) -> [Group] {
    var groups: [Group] = []
    for reader in try adam.sections("groups") {
      let group = Group(
        try reader.choice("part"), rate: try reader.float("rate", 1, in: 0...100),
        isFrozen: try reader.bool("frozen", false))
      try reader.finish()
      guard !groups.contains(where: { $0.part == group.part }) else {
        throw InputError(
          .badData, "recipe has two groups for one part", expected: "each part once",
          found: group.part.rawValue, in: reader.place, advice: "make one of them")
      }
      groups.append(group)
    }
    guard groups.count(where: \.isFrozen) < Part.allCases.count else {
      throw InputError(
        .badData, "recipe leaves nothing to learn", expected: "a part that is not frozen",
        found: "all of them frozen", in: "\(adam.place), groups", advice: "free one of them")
    }
    return groups
  }
}
