import Foundation
import Testing

@Suite("gitc score", .enabled(if: Gitc.isBuilt, "gitc is not built beside the tests"))
struct ScoreTests {
  @Test("finds for a caption what run found when it generated it")
  func agrees() throws {
    let workshop = try TinyWorkshop()
    // A caption that ended: only then does run's sum hold the end, as score's does.
    for shade in 0..<20 {
      let picture = try workshop.picture("a.png", shade: shade)
      let run = try #require(
        Gitc.run("run", workshop.plan, picture, "--format", "json").json() as? [[String: Any]])[0]
      let tokens = try #require(run["tokens"] as? [Int])
      let caption = try #require(run["caption"] as? String)
      if tokens.last != 3 { continue }
      let outcome = try Gitc.run(
        "score", workshop.plan, picture, "--text", caption, "--format", "json")
      let score = try #require(outcome.json() as? [String: Any])
      #expect(score["text"] as? String == caption)
      #expect(score["question"] is NSNull)
      guard score["tokens"] as? [Int] == tokens else { continue }  // spelled by other pieces
      let found = try #require(score["token_logprobs"] as? [Double])
      let expected = try #require(run["token_logprobs"] as? [Double])
      // Rows do not depend on how many are computed at once, and int8 sums are exact.
      #expect(found == expected)
      return
    }
    Issue.record("no picture among 20 has a caption that ends")
  }

  @Test("prints a line per token and the sum")
  func text() throws {
    let workshop = try TinyWorkshop()
    let picture = try workshop.picture("a.png", shade: 1)
    let outcome = try Gitc.run(
      "score", workshop.plan, picture, "--text", "a red circle", "--question", "what?")
    #expect(outcome.status == 0, "\(outcome.errors)")
    let rows = outcome.lines.map { $0.split(separator: "\t") }
    #expect(rows.map { $0.last } == ["a", "red", "circle", "[SEP]", "all"])
    let values = rows.compactMap { $0.first.flatMap { Double($0) } }
    try #require(values.count == 5)
    // Each is printed as the shortest decimal of a float: half an ulp of a float away at most.
    #expect(abs(values.prefix(4).reduce(0, +) - values[4]) <= abs(values[4]) * 0x1p-23)
  }

  @Test("refuses a text that the model has no room for")
  func long() throws {
    let workshop = try TinyWorkshop()
    let picture = try workshop.picture("a.png", shade: 1)
    let text = Array(repeating: "red", count: 40).joined(separator: " ")
    expectError(
      try Gitc.run("score", workshop.plan, picture, "--text", text), status: 64, "too long",
      "12 tokens")
  }
}
