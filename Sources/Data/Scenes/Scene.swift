import Randomness

/// One made-up picture or clip: what is in it, how it is lit, and the one caption that is true of it.
///
/// A scene is a pure function of seed, index, split and medium, whatever else is made and in whatever
/// order, and its pixels are a pure function of the scene, the side and the frame; both use only
/// operations that IEEE 754 rounds exactly. Positions are shares of the image side, so one scene can
/// be rendered at any size.
package struct Scene: Equatable, Sendable {
  /// What the caption tells.
  package enum Story: Equatable, Sendable {
    /// "a small red circle"
    case one
    /// "a small red circle left of a large blue square"
    case pair(SceneRelation)
    /// "a red circle, a blue square and a green star", from left to right
    case row
    /// "a small red circle moves left", "a red circle grows"
    case motion(SceneMotion)
    /// "a small red circle moves left behind a large blue square", or "in front of"
    case passing(SceneMotion, inFront: Bool)
  }

  /// What the caption tells.
  package internal(set) var story: Story
  /// One to three objects in the order in which the caption names them.
  package internal(set) var objects: [SceneObject]
  /// The surface behind the objects.
  var backdrop: SceneBackdrop
  /// The light on all of it.
  var light: SceneLight
  /// Seeds the camera noise, together with the number of the frame.
  var noiseSeed: UInt64
  /// Seeds the choice of questions.
  var questionSeed: UInt64

  /// Makes the scene of this place in a data set.
  ///
  /// - Parameters:
  ///   - seed: the seed of the whole data set.
  ///   - index: the place in its split, from 0.
  ///   - split: decides which colours and shapes may meet; each split has its own scenes.
  ///   - medium: whether the story stands still or moves.
  package init(seed: UInt64, index: Int, split: SceneSplit, medium: SceneMedium = .image) {
    precondition(index >= 0, "scene \(index) has no place in a data set")
    var random = SeededRandom(seed, split.code, medium == .image ? 1 : 2, UInt64(index))
    story = Story(split: split, medium: medium, random: &random)
    var pairs = [random.element(split.subjectPairs)]
    while pairs.count < story.objectCount {
      let pair = random.element(ScenePair.training)
      if story.allows(pair, after: pairs) { pairs.append(pair) }
    }
    var composer = SceneComposer(random: random)
    objects = composer.compose(story, pairs: pairs)
    random = composer.random
    light = SceneLight(random: &random)
    backdrop = SceneBackdrop(behind: pairs, random: &random)
    noiseSeed = random.next()
    questionSeed = random.next()
  }

  /// The objects from the hindmost to the foremost, as indices into `objects`.
  var paintingOrder: [Int] {
    switch story {
    case .pair(.on), .passing(_, inFront: true): [1, 0]
    default: Array(objects.indices)
    }
  }
}

extension Scene.Story {
  /// Draws a story.
  ///
  /// Of images, 35 % show one object, 30 % two apart, 15 % two that overlap and 20 % three; of
  /// clips, 45 % move, 30 % pass another object, 15 % change size and 10 % stay.
  init(split: SceneSplit, medium: SceneMedium, random: inout SeededRandom) {
    let draw = random.index(20)
    switch (medium, draw) {
    case (.image, _) where split == .trainOverlap:
      self = .pair(draw.isMultiple(of: 3) ? .on : .behind)
    case (.image, 0..<7): self = .one
    case (.image, _) where split.isOfOneObject: self = .one
    case (.image, 7..<10): self = .pair(.leftOf)
    case (.image, 10..<13): self = .pair(.above)
    case (.image, 13): self = .pair(.on)
    case (.image, 14..<16): self = .pair(.behind)
    case (.image, _): self = .row
    case (.clip, 0..<9): self = .motion(random.element(SceneMotion.directions))
    case (.clip, 9..<12): self = .motion(random.element([.grows, .shrinks]))
    case (.clip, 12..<14): self = .motion(.stays)
    case (.clip, _) where split.isOfOneObject:
      self = .motion(random.element(SceneMotion.directions))
    case (.clip, _):
      self = .passing(random.element(SceneMotion.directions), inFront: random.index(2) == 0)
    }
  }

  /// How many objects the caption names.
  var objectCount: Int {
    switch self {
    case .one, .motion: 1
    case .pair, .passing: 2
    case .row: 3
    }
  }

  /// Whether `pair` can join the pairs drawn before it: no two objects of a scene are the same
  /// colour and shape, and where outlines cross the colours are far apart.
  func allows(_ pair: ScenePair, after earlier: [ScenePair]) -> Bool {
    switch self {
    case .one, .row, .motion, .pair(.leftOf), .pair(.above): return !earlier.contains(pair)
    case .pair(.on):
      // The arms of these are too thin to hold another object.
      if pair.shape == .star || pair.shape == .cross { return false }
    case .pair(.behind), .passing: break
    }
    return earlier.allSatisfy { !pair.color.isCloseTo($0.color) }
  }
}

extension SceneColor {
  /// Whether an outline between the two colours could be missed in shadow.
  func isCloseTo(_ other: SceneColor) -> Bool {
    let close: [Set<SceneColor>] = [
      [.red, .orange], [.orange, .yellow], [.yellow, .white], [.blue, .purple], [.purple, .black],
      [.blue, .black],
    ]
    return self == other || close.contains([self, other])
  }
}
