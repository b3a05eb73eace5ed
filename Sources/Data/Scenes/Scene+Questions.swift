import Randomness

/// A question about a scene and its one answer, both lower case.
package struct SceneQuestion: Hashable, Sendable {
  package var question: String
  package var answer: String

  init(_ question: String, _ answer: String) {
    self.question = question
    self.answer = answer
  }
}

extension Scene {
  /// Up to `count` different questions of different kinds, the same for every call.
  package func questions(count: Int) -> [SceneQuestion] {
    var random = SeededRandom(questionSeed)
    let kinds = questionKinds(absent: absentPair(random: &random)).filter { !$0.isEmpty }
    let order = random.permutation(kinds.count)
    return order.prefix(count).map { random.element(kinds[$0]) }
  }

  /// A training pair that no object has.
  private func absentPair(random: inout SeededRandom) -> ScenePair {
    while true {
      let pair = random.element(ScenePair.training)
      if !objects.contains(where: { $0.pair == pair }) { return pair }
    }
  }

  /// Every question with one right answer, sorted by kind.
  private func questionKinds(absent: ScenePair) -> [[SceneQuestion]] {
    let counts = ["one", "two", "three"]
    let pairs = objects.map(\.pair)
    let ofUniqueShape = pairs.filter { pair in pairs.count { $0.shape == pair.shape } == 1 }
    let ofUniqueColor = pairs.filter { pair in pairs.count { $0.color == pair.color } == 1 }
    return [
      [SceneQuestion("how many objects are there?", counts[objects.count - 1])],
      ofUniqueShape.map {
        SceneQuestion("what color is the \($0.shape.rawValue)?", $0.color.rawValue)
      },
      ofUniqueColor.map {
        SceneQuestion("what shape is the \($0.color.rawValue) object?", $0.shape.rawValue)
      },
      pairs.map { SceneQuestion("is there \($0.article) \($0.words)?", "yes") },
      [SceneQuestion("is there \(absent.article) \(absent.words)?", "no")],
      placeQuestions(),
      ofUniqueShape.contains(pairs[0]) ? actionQuestions() : [],
    ]
  }

  /// What is where.
  private func placeQuestions() -> [SceneQuestion] {
    let names = objects.map(\.name)
    let words = objects.map(\.pair.words)
    switch story {
    case .one, .motion, .passing: return []
    case .pair(let relation):
      return [
        SceneQuestion("what is \(relation.rawValue) the \(words[1])?", names[0]),
        SceneQuestion("what is \(relation.inverse) the \(words[0])?", names[1]),
      ]
    case .row:
      return [
        SceneQuestion("what is left of the \(words[1])?", names[0]),
        SceneQuestion("what is in the middle?", names[1]),
        SceneQuestion("what is right of the \(words[1])?", names[2]),
      ]
    }
  }

  /// What the first object does.
  private func actionQuestions() -> [SceneQuestion] {
    switch story {
    case .one, .pair, .row: []
    case .motion(let motion), .passing(let motion, _):
      [SceneQuestion("what does the \(objects[0].pair.shape.rawValue) do?", motion.rawValue)]
    }
  }
}

extension SceneRelation {
  /// Where the second object is, seen from the first.
  fileprivate var inverse: String {
    switch self {
    case .leftOf: "right of"
    case .above: "below"
    case .on: "under"
    case .behind: "in front of"
    }
  }
}
