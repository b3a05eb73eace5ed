import Checkpoint
import Data
import Foundation
import Media
import Testing

@Suite("gitc verify", .enabled(if: Gitc.isBuilt, "gitc is not built beside the tests"))
struct VerifyTests {
  private func verify(
    _ workshop: TinyWorkshop, data: String, _ more: String...
  ) throws -> Gitc.Outcome {
    try Gitc.run(
      ["verify", workshop.folder.path("tiny.ckpt"), workshop.plan, "--data", data] + more)
  }

  @Test("finds an fp32 plan equal to its checkpoint in everything")
  func float() throws {
    let workshop = try TinyWorkshop(precision: "fp32")
    let pictures = try workshop.pictures("p", count: 4)
    let outcome = try verify(
      workshop, data: pictures, "--min-agreement", "1", "--format", "json", "--threads", "1")
    #expect(outcome.status == 0, "\(outcome.errors)")
    let report = try #require(outcome.json() as? [String: Any])
    #expect(report["agreement"] as? Double == 1 && report["passed"] as? Bool == true)
    #expect((report["logprob_difference"] as? [String: Double])?["max"] == 0)
    #expect((report["sqnr_db"] as? [String: Any])?.isEmpty == true, "no noise")
    #expect((report["worst"] as? [Any])?.isEmpty == true)
  }

  @Test("measures what int8 costs, and passes where that is little enough")
  func quantized() throws {
    let workshop = try TinyWorkshop()
    let pictures = try workshop.pictures("p", count: 6)
    let outcome = try verify(
      workshop, data: pictures, "--min-agreement", "0", "--format", "json", "--limit", "5")
    #expect(outcome.status == 0, "\(outcome.errors)")
    let report = try #require(outcome.json() as? [String: Any])
    #expect(report["samples"] as? Int == 5 && report["precision"] as? String == "int8")
    let noise = try #require(report["sqnr_db"] as? [String: Double])
    // 7-bit activations round by at most half of 1/127 of their range: far above 10 dB each, and a
    // few layers add up.
    for key in ["features", "logits"] { #expect(try #require(noise[key]) > 10) }
    let difference = try #require(report["logprob_difference"] as? [String: Double])
    let (mean, most) = (try #require(difference["mean"]), try #require(difference["max"]))
    #expect(mean > 0 && mean <= most)
    let worst = try #require(report["worst"] as? [[String: Any]])
    #expect(worst.first?["input"] as? String != nil)
    #expect(try verify(workshop, data: pictures, "--min-agreement", "0").output.contains("passed"))
  }

  @Test("measures the differences that run and score show")
  func differences() throws {
    let workshop = try TinyWorkshop()
    let float = workshop.folder.path("float.plan")
    _ = try Gitc.run(
      "compile", workshop.folder.path("tiny.ckpt"), "-o", float, "--precision", "fp32")
    func object(_ outcome: Gitc.Outcome) throws -> [String: Any] {
      let json = try outcome.json()
      return try #require(json as? [String: Any] ?? (json as? [[String: Any]])?.first)
    }
    for shade in 0..<20 {
      let picture = try workshop.picture("a.png", shade: shade)
      let right = try object(Gitc.run("run", float, picture, "--format", "json"))
      let caption = try #require(right["caption"] as? String)
      let score = try object(
        Gitc.run("score", workshop.plan, picture, "--text", caption, "--format", "json"))
      // A caption that did not end, or is spelled by other pieces, cannot be scored as it was found.
      guard score["tokens"] as? [Int] == right["tokens"] as? [Int] else { continue }
      let report = try object(
        verify(workshop, data: picture, "--min-agreement", "0", "--format", "json"))
      let pairs = zip(
        try #require(right["token_logprobs"] as? [Double]),
        try #require(score["token_logprobs"] as? [Double]))
      let expected = pairs.map { abs($0 - $1) }
      let found = try #require(report["logprob_difference"] as? [String: Double])
      // Both are differences of the same floats, whose decimals are half an ulp away; and sgemm may
      // sum a prompt of several rows in another order than single ones.
      let bound = pairs.map { abs($0) + abs($1) }.reduce(0, max) * 0x1p-18
      #expect(abs(try #require(found["max"]) - expected.reduce(0, max)) <= bound)
      let mean = expected.reduce(0, +) / Double(expected.count)
      #expect(abs(try #require(found["mean"]) - mean) <= bound)
      return
    }
    Issue.record("no picture among 20 has a caption that can be scored")
  }

  @Test("fails with exit code 1 on the plan of other weights, and says on which inputs")
  func other() throws {
    let (workshop, stranger) = (try TinyWorkshop(seed: 5), try TinyWorkshop(seed: 2))
    let pictures = try workshop.pictures("p", count: 4)
    let outcome = try Gitc.run(
      "verify", workshop.folder.path("tiny.ckpt"), stranger.plan, "--data", pictures)
    #expect(outcome.status == 1)
    #expect(outcome.errors.isEmpty)
    #expect(outcome.output.contains("failed: too many captions differ"))
    #expect(outcome.output.contains("\(pictures)/1.png"))
  }

  @Test("counts a caption as right when the data has it, whatever its case")
  func exactMatch() throws {
    let workshop = try TinyWorkshop(precision: "fp32")
    let images = (1...2).map { TinyWorkshop.picture(shade: $0).encodedPNG() }
    let said = try (1...2).map { shade in
      try Gitc.run("run", workshop.plan, workshop.picture("\(shade).png", shade: shade)).lines[0]
    }
    var writer = try TSVWriter(prefix: workshop.folder.path("x"))
    for (index, image) in images.enumerated() {
      let key = "row\(index)"
      let right = index == 0 ? said[0].uppercased() : "a red square"
      try writer.append(
        key: key, images: [image],
        annotations: [
          TextSample(key: key, caption: "left"), TextSample(key: key, caption: right),
        ])
    }
    try writer.finish()
    let outcome = try verify(
      workshop, data: workshop.folder.path("x.caption.tsv"), "--format", "json")
    #expect(outcome.status == 0, "\(outcome.errors)")
    let report = try #require(outcome.json() as? [String: Any])
    let match = try #require(report["exact_match"] as? [String: Double])
    #expect(match == ["samples": 2, "reference": 0.5, "plan": 0.5])
  }

  @Test("refuses shares beyond 1, data that is missing, and plans of other models")
  func refusals() throws {
    let workshop = try TinyWorkshop()
    let picture = try workshop.picture("a.png", shade: 1)
    expectError(
      try verify(workshop, data: picture, "--min-agreement", "1.1"), status: 64, "0 to 1")
    expectError(try verify(workshop, data: picture, "--limit", "0"), status: 64, "1 or more")
    expectError(try verify(workshop, data: "/none.img.tsv"), status: 66, "/none.img.tsv")
    expectError(try verify(workshop, data: "/none"), status: 66, "/none")
    var checkpoint = TinyCaptioner.checkpoint(seed: 5)
    checkpoint.vocabulary[7] = "the"
    try checkpoint.write(to: workshop.folder.path("tiny.ckpt"))
    expectError(
      try verify(workshop, data: picture), status: 65, "not compiled from this checkpoint")
  }
}
