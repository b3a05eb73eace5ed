import Data
import Testing

@Suite struct ScenesQuestionTests {
  private func allScenes() -> [Scene] {
    sampleScenes(500) + sampleScenes(300, .heldout) + sampleScenes(300, .train, .clip)
  }

  @Test func areTheSameForEveryCallAndOfDifferentKinds() {
    for scene in allScenes() {
      let questions = scene.questions(count: 2)
      #expect(questions == scene.questions(count: 2))
      #expect(Set(questions.map(\.question)).count == 2)
      #expect(scene.questions(count: 1) == [questions[0]])
    }
  }

  @Test func haveExactlyOneRightAnswer() throws {
    var kinds: Set<String> = []
    for scene in allScenes() {
      let pairs = scene.objects.map(\.pair)
      for (question, answer) in scene.questions(count: 9).map({ ($0.question, $0.answer) }) {
        let words = question.dropLast().split(separator: " ").map(String.init)
        #expect(question.last == "?")
        let opening = words.prefix(2).joined(separator: " ")
        kinds.insert(opening)
        switch opening {
        case "how many": #expect(answer == ["one", "two", "three"][pairs.count - 1])
        case "what color":
          #expect(
            pairs.filter { $0.shape.rawValue == words[4] }.map(\.color.rawValue) == [answer])
        case "what shape":
          #expect(
            pairs.filter { $0.color.rawValue == words[4] }.map(\.shape.rawValue) == [answer])
        case "is there":
          let isThere = pairs.contains { $0.words == words.suffix(2).joined(separator: " ") }
          #expect(answer == (isThere ? "yes" : "no"))
        case "what does":
          #expect(pairs.filter { $0.shape.rawValue == words[3] } == [pairs[0]])
          #expect(scene.caption.contains(answer))
        case "what is":
          // The answer names one object, the question another (or the middle).
          let answered = try #require(pairs.firstIndex { answer.hasSuffix($0.words) })
          if question == "what is in the middle?" {
            #expect(answered == 1 && pairs.count == 3)
          } else {
            let asked = try #require(
              pairs.firstIndex { question.hasSuffix("the \($0.words)?") })
            let relation = words.dropFirst(2).dropLast(3).joined(separator: " ")
            let isForward = ["left of", "above", "on", "behind"].contains(relation)
            let isBackward = ["right of", "below", "under", "in front of"].contains(relation)
            #expect(isForward || isBackward, "\(question)")
            #expect(answered == asked + (isForward ? -1 : 1), "\(scene.caption) \(question)")
          }
        default: Issue.record("an unknown question: \(question)")
        }
      }
    }
    let expected: Set<String> = [
      "how many", "what color", "what shape", "is there", "what does", "what is",
    ]
    #expect(kinds == expected)
  }
}
