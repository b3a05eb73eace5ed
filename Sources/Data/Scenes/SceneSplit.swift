/// A colour and a shape together: what compositional generalisation is measured on.
package struct ScenePair: Hashable, Sendable {
  package var color: SceneColor
  package var shape: SceneShape

  /// Names a pair.
  package init(_ color: SceneColor, _ shape: SceneShape) {
    self.color = color
    self.shape = shape
  }

  /// The eight pairs that training never shows.
  ///
  /// Each colour is in one, each shape in one or two, so every word stays common in training.
  package static let heldout: Set<ScenePair> = [
    .init(.red, .diamond), .init(.green, .heart), .init(.blue, .triangle), .init(.yellow, .square),
    .init(.orange, .star), .init(.purple, .circle), .init(.white, .cross), .init(.black, .star),
  ]

  /// The other 48 pairs, in a fixed order.
  package static let training: [ScenePair] = SceneColor.allCases.flatMap { color in
    SceneShape.allCases.map { ScenePair(color, $0) }.filter { !heldout.contains($0) }
  }

  /// The held-out pairs in a fixed order; a `Set` has none.
  package static let heldoutInOrder: [ScenePair] = SceneColor.allCases.flatMap { color in
    SceneShape.allCases.map { ScenePair(color, $0) }.filter { heldout.contains($0) }
  }
}

/// Which scenes a data set holds; the raw value is part of its file names.
package enum SceneSplit: String, CaseIterable, Sendable {
  /// Only training pairs.
  case train
  /// One object alone, of a training pair: what the words mean, without what relates them.
  case trainOne = "train-one"
  /// Two objects of training pairs that overlap, which are rare among all scenes.
  case trainOverlap = "train-overlap"
  /// Only training pairs, in scenes that training does not hold.
  case validation
  /// One object alone, of a training pair, in scenes that training does not hold.
  case validationOne = "validation-one"
  /// The first object named is of a held-out pair, the others of training pairs.
  case heldout
  /// One object alone, of a held-out pair.
  case heldoutOne = "heldout-one"

  /// A number that keeps the random streams of the splits apart.
  var code: UInt64 {
    switch self {
    case .train: 1
    case .validation: 2
    case .heldout: 3
    case .heldoutOne: 4
    case .trainOne: 5
    case .validationOne: 6
    case .trainOverlap: 7
    }
  }

  /// The pairs the first object may have.
  package var subjectPairs: [ScenePair] {
    switch self {
    case .train, .trainOne, .trainOverlap, .validation, .validationOne: ScenePair.training
    case .heldout, .heldoutOne: ScenePair.heldoutInOrder
    }
  }

  /// Whether a data set of this split is for training, and so as large as was asked for.
  var isForTraining: Bool { [.train, .trainOne, .trainOverlap].contains(self) }

  /// Whether scenes show one object alone.
  var isOfOneObject: Bool {
    switch self {
    case .trainOne, .validationOne, .heldoutOne: true
    case .train, .trainOverlap, .validation, .heldout: false
    }
  }
}
