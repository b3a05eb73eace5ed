import Foundation
import Testing

/// How `gitc run` looks for captions.
@Suite("gitc run, searches", .enabled(if: Gitc.isBuilt, "gitc is not built beside the tests"))
struct RunSearchTests {
  private func captions(_ arguments: [String]) throws -> [[String: Any]] {
    let outcome = try Gitc.run(["run"] + arguments + ["--format", "json"])
    #expect(outcome.status == 0, "\(outcome.errors)")
    return try #require(outcome.json() as? [[String: Any]])
  }

  @Test("several questions give an answer each, input by input")
  func questions() throws {
    let workshop = try TinyWorkshop()
    let pictures = try (1...2).map { try workshop.picture("\($0).png", shade: $0) }
    let asked = ["what moves?", "what is\tred"]
    let flags = asked.flatMap { ["--question", $0] }
    let found = try captions([workshop.plan] + pictures + flags)
    #expect(
      found.map { $0["input"] as? String }
        == [pictures[0], pictures[0], pictures[1], pictures[1]])
    #expect(found.map { $0["question"] as? String } == asked + asked)
    for (index, answer) in found.enumerated() {
      let alone = try captions([
        workshop.plan, pictures[index / 2], "--question", asked[index % 2],
      ])[0]
      #expect(answer["token_logprobs"] as? [Double] == alone["token_logprobs"] as? [Double])
      let timing = try #require(answer["timing_ms"] as? [String: Double])
      #expect((timing["encode"] == 0) == (index % 2 == 1), "looked at once")
    }
    let answers = found.compactMap { $0["caption"] as? String }
    let text = try Gitc.run(["run", workshop.plan] + pictures + flags)
    #expect(
      text.lines
        == (0..<4).map {
          "\(pictures[$0 / 2])\t\(["what moves?", "what is red"][$0 % 2])\t\(answers[$0])"
        })
    let single = try Gitc.run(["run", workshop.plan, pictures[0]] + flags)
    #expect(single.lines == ["what moves?\t\(answers[0])", "what is red\t\(answers[1])"])
    expectError(
      try Gitc.run(["run", workshop.plan, pictures[0], "--format", "srt"] + flags), status: 64,
      "one question")
  }

  @Test("seeds decide what is drawn; --alternatives says how many")
  func samples() throws {
    let workshop = try TinyWorkshop()
    let picture = try workshop.picture("a.png", shade: 3)
    func drawn(_ more: String...) throws -> [[Int]] {
      let found = try captions(
        [workshop.plan, picture, "--sample", "--temperature", "3", "--alternatives", "6"] + more)
      let texts = try #require(found[0]["alternatives"] as? [[String: Any]])
      #expect(texts[0]["tokens"] as? [Int] == found[0]["tokens"] as? [Int])
      return texts.compactMap { $0["tokens"] as? [Int] }
    }
    let texts = try drawn("--seed", "7")
    #expect(texts.count == 6 && Set(texts).count > 1)
    #expect(try drawn("--seed", "7", "--threads", "1") == texts)
    #expect(try drawn("--seed", "8") != texts)
    let likeliest = try captions([workshop.plan, picture])[0]["tokens"] as? [Int]
    #expect(try Set(drawn("--top-k", "1")) == Set([likeliest]))
    #expect(try Set(drawn("--top-p", "0.0001")) == Set([likeliest]))
    for (flags, part) in [
      (["--seed", "1"], "--seed is for --sample"), (["--top-k", "2"], "--top-k"),
      (["--sample", "--beam", "2"], "beams"), (["--sample", "--temperature", "0"], "temperature"),
      (["--sample", "--top-p", "2"], "top-p"), (["--sample", "--search", "original"], "search"),
    ] {
      expectError(
        try Gitc.run(["run", workshop.plan, picture] + flags), status: 64, part)
    }
  }

  @Test("--classes chooses one of the names, with probabilities")
  func classes() throws {
    let workshop = try TinyWorkshop()
    let picture = try workshop.picture("a.png", shade: 4)
    let names = ["Red circle", "blue square", "moves left", "a"]
    try workshop.folder.write("names.txt", Data(names.joined(separator: "\n").utf8))
    let file = workshop.folder.path("names.txt")
    #expect(
      try names.contains(Gitc.run("run", workshop.plan, picture, "--classes", file).lines[0]))
    let found = try captions([
      workshop.plan, picture, "--classes", file, "--beam", "4", "--alternatives", "4",
    ])[0]
    let all = try #require(found["alternatives"] as? [[String: Any]])
    #expect(Set(all.compactMap { $0["caption"] as? String }) == Set(names))
    let shares = all.compactMap { $0["probability"] as? Double }
    #expect(shares.count == 4 && abs(shares.reduce(0, +) - 1) < 1e-6)
    #expect(found["probability"] as? Double == shares.first)

    expectError(
      try Gitc.run("run", workshop.plan, picture, "--classes", "/none.txt"), status: 66, "/none.txt"
    )
    try workshop.folder.write("zebra.txt", Data("zebra".utf8))
    expectError(
      try Gitc.run("run", workshop.plan, picture, "--classes", workshop.folder.path("zebra.txt")),
      status: 65, "zebra")
    expectError(
      try Gitc.run("run", workshop.plan, picture, "--classes", file, "--max-tokens", "1"),
      status: 64, "no class fits")
    expectError(
      try Gitc.run("run", workshop.plan, picture, "--classes", file, "--ban", "a"), status: 64,
      "--classes")
  }

  @Test("--ban keeps words out; '' bans nothing")
  func bans() throws {
    let workshop = try TinyWorkshop()
    let picture = try workshop.picture("a.png", shade: 5)
    func caption(_ more: String...) throws -> String {
      try #require(captions([workshop.plan, picture] + more)[0]["caption"] as? String)
    }
    let free = try caption()
    let words = free.split(separator: " ").map(String.init)
    let word = try #require(words.first)
    #expect(try !caption("--ban", word).split(separator: " ").contains { $0 == word })
    #expect(try caption("--ban", "") == free)
    if words.count > 1 {
      let pair = words.prefix(2).joined(separator: " ")
      #expect(try !caption("--ban", pair).contains(pair))
    }
  }

  @Test("--search original ranks as the original does")
  func original() throws {
    let workshop = try TinyWorkshop()
    let picture = try workshop.picture("a.png", shade: 6)
    let found = try captions([workshop.plan, picture, "--search", "original"])[0]
    let tokens = try #require(found["tokens"] as? [Int])
    let (logprob, score) = (
      try #require(found["logprob"] as? Double), try #require(found["score"] as? Double)
    )
    if tokens.last == 3 {
      // The length counts [CLS] and not [SEP].
      #expect(abs(score - logprob / pow(Double(5 + tokens.count - 1) / 6, 0.6)) < 1e-9)
    }
    let other = try captions([
      workshop.plan, picture, "--search", "original", "--length-penalty", "0", "--beam", "2",
    ])[0]
    #expect(other["score"] is Double)
    expectError(
      try Gitc.run("run", workshop.plan, picture, "--search", "original", "--alternatives", "2"),
      status: 64, "alternatives")
  }

  @Test("the length penalty and early stopping are those of Hugging Face")
  func penalties() throws {
    let workshop = try TinyWorkshop()
    let picture = try workshop.picture("a.png", shade: 7)
    for (penalty, exponent) in [("0", 0.0), ("2", 2)] {
      for stopping in ["false", "true", "never"] {
        let found = try captions([
          workshop.plan, picture, "--beam", "3", "--length-penalty", penalty, "--early-stopping",
          stopping,
        ])[0]
        let count = try #require(found["token_logprobs"] as? [Double]).count
        let (logprob, score) = (
          try #require(found["logprob"] as? Double), try #require(found["score"] as? Double)
        )
        #expect(abs(score - logprob / pow(Double(count), exponent)) <= 1e-12 * abs(logprob))
      }
    }
    expectError(
      try Gitc.run("run", workshop.plan, picture, "--early-stopping", "perhaps"), status: 64,
      "perhaps")
  }
}
