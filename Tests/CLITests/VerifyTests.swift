import Checkpoint
import Data
import Formats
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
    #expect((report["divergence"] as? [String: Double])?["max"] == 0)
    let projections = try #require(report["projections"] as? [[String: Any]])
    #expect(projections.allSatisfy { $0["precision"] as? String == "f32" && $0["sqnr_db"] == nil })
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
    let divergence = try #require(report["divergence"] as? [String: Double])
    #expect(try #require(divergence["mean"]) > 0)
    #expect(report["loss"] == nil, "pictures alone have no texts")
    // One row per projection of the plan, each above its own noise and that of a few before it.
    let projections = try #require(report["projections"] as? [[String: Any]])
    let inspected = try #require(
      Gitc.run("inspect", workshop.plan, "--format", "json").json() as? [String: Any])
    let functions = try #require(inspected["functions"] as? [[String: Any]])
    let all = functions.flatMap { $0["projections"] as? [[String: Any]] ?? [] }
    #expect(projections.map { $0["weight"] as? String } == all.map { $0["weight"] as? String })
    #expect(projections.allSatisfy { $0["precision"] as? String == "u7" })
    for projection in projections { #expect(try #require(projection["sqnr_db"] as? Double) > 10) }
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
      // Both are differences of the same floats, whose decimals are half an ulp away; and a prompt
      // of many rows is summed in another order than single ones.
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
    // The loss is over the tokens of all four texts, and an fp32 plan has the very same.
    let loss = try #require(report["loss"] as? [String: Double])
    #expect(loss["reference"] == loss["plan"] && loss["change"] == 0)
    #expect(try #require(loss["reference"]) > 0)
  }

  @Test("counts the likeliest of the classes, and fails where too few are right")
  func classes() throws {
    let workshop = try TinyWorkshop(seed: 5)
    let stranger = try TinyWorkshop(seed: 2)
    let classes = ["red", "blue", "circle", "square", "moves", "left"]
    try workshop.folder.write(
      "classes.txt", Data("red\n blue \n\ncircle\nsquare\nmoves\nleft".utf8))
    var writer = try TSVWriter(prefix: workshop.folder.path("x"))
    for shade in 0..<9 {
      // The class that the checkpoint finds likeliest, so that it is right on all of them.
      let picture = try workshop.picture("a.png", shade: 25 * shade)
      let float = workshop.folder.path("float.plan")
      if shade == 0 {
        _ = try Gitc.run(
          "compile", workshop.folder.path("tiny.ckpt"), "-o", float, "--precision", "fp32")
      }
      let scores = try classes.map { text in
        let outcome = try Gitc.run("score", float, picture, "--text", text, "--format", "json")
        let json = try #require(outcome.json() as? [String: Any])
        return try #require(json["logprob"] as? Double)
      }
      let best = try #require(scores.indices.max { scores[$0] < scores[$1] })
      try writer.append(
        key: "row\(shade)", images: [TinyWorkshop.picture(shade: 25 * shade).encodedPNG()],
        annotations: [TextSample(key: "row\(shade)", caption: classes[best])])
    }
    try writer.finish()
    let data = workshop.folder.path("x.img.tsv")
    func report(_ plan: String, _ status: Int32) throws -> [String: Any] {
      let outcome = try Gitc.run(
        "verify", workshop.folder.path("tiny.ckpt"), plan, "--data", data, "--min-agreement", "0",
        "--classes", workshop.folder.path("classes.txt"), "--max-top1-drop", "0.2", "--format",
        "json")
      #expect(outcome.status == status, "\(outcome.errors)\(outcome.output)")
      return try #require(outcome.json() as? [String: Any])
    }
    let good = try report(workshop.folder.path("float.plan"), 0)
    #expect(good["top1"] as? [String: Double] == ["samples": 9, "reference": 1, "plan": 1])
    let bad = try report(stranger.plan, 1)
    #expect(bad["failures"] as? [String] == ["too few classes are right"])
  }

  @Test("compares the projections of a calibrated plan too, whose norms may be smoothed")
  func calibrated() throws {
    let workshop = try TinyWorkshop()
    let pictures = try workshop.pictures("p", count: 2)
    let compiled = try Gitc.run(
      "compile", workshop.folder.path("tiny.ckpt"), "-o", workshop.plan, "--calibrate", pictures)
    #expect(compiled.status == 0, "\(compiled.errors)")
    let outcome = try verify(
      workshop, data: pictures, "--min-agreement", "0", "--format", "json")
    let report = try #require(outcome.json() as? [String: Any])
    let projections = try #require(report["projections"] as? [[String: Any]])
    let (encode, prefix, step) = (1 + 2 * 4, 1 + 4 + 1, 2 * 4 + 1)
    #expect(projections.count == encode + prefix + step)
    for projection in projections {
      let weight = try #require(projection["weight"] as? String)
      #expect(weight.contains(".weight") && !weight.contains("smoothed"))
    }
  }

  @Test("fails where the loss changes or the scores are noisier than allowed")
  func thresholds() throws {
    let workshop = try TinyWorkshop()
    let picture = TinyWorkshop.picture(shade: 3).encodedPNG()
    var writer = try TSVWriter(prefix: workshop.folder.path("x"))
    try writer.append(
      key: "row", images: [picture],
      annotations: [TextSample(key: "row", caption: "a red circle moves right")])
    try writer.finish()
    let data = workshop.folder.path("x.img.tsv")
    let strict = try verify(
      workshop, data: data, "--min-agreement", "0", "--max-loss-change", "0", "--min-sqnr", "200")
    #expect(strict.status == 1)
    #expect(
      strict.output.contains("failed: the loss changes too much; the scores are too noisy"),
      "\(strict.output)")
    let lax = try verify(
      workshop, data: data, "--min-agreement", "0", "--max-loss-change", "9", "--min-sqnr", "1")
    #expect(lax.status == 0, "\(lax.output)")
  }

  @Test("refuses shares beyond 1, data that is missing, and plans of other models")
  func refusals() throws {
    let workshop = try TinyWorkshop()
    let picture = try workshop.picture("a.png", shade: 1)
    expectError(
      try verify(workshop, data: picture, "--min-agreement", "1.1"), status: 64, "0 to 1")
    expectError(try verify(workshop, data: picture, "--limit", "0"), status: 64, "1 or more")
    expectError(
      try verify(workshop, data: picture, "--max-loss-change=-1"), status: 64, "0 or more")
    expectError(
      try verify(workshop, data: picture, "--max-top1-drop", "0.1"), status: 64, "--classes")
    expectError(
      try verify(workshop, data: picture, "--classes", "/none/c.txt"), status: 66, "/none/c.txt")
    try workshop.folder.write("twice.txt", Data("a\nb\na\n".utf8))
    expectError(
      try verify(workshop, data: picture, "--classes", workshop.folder.path("twice.txt")),
      status: 65, "'a'")
    expectError(try verify(workshop, data: "/none.img.tsv"), status: 66, "/none.img.tsv")
    expectError(try verify(workshop, data: "/none"), status: 66, "/none")
    var checkpoint = TinyCaptioner.checkpoint(seed: 5)
    checkpoint.vocabulary[7] = "the"
    try checkpoint.write(to: workshop.folder.path("tiny.ckpt"))
    expectError(
      try verify(workshop, data: picture), status: 65, "not compiled from this checkpoint")
  }

  @Test("compares a plan with its own checksums, without data")
  func checksums() throws {
    let workshop = try TinyWorkshop()
    let intact = try Gitc.run("verify", workshop.plan, "--checksums")
    #expect(intact.status == 0 && intact.errors.isEmpty && intact.lines.count == 1)
    #expect(intact.output.hasPrefix("\(workshop.plan): all "), "\(intact.output)")

    // One bit of the last weight.
    var bytes = [UInt8](try Data(contentsOf: workshop.folder.url("tiny.plan")))
    bytes[bytes.count - 1] ^= 1
    try workshop.folder.write("damaged.plan", Data(bytes))
    let path = workshop.folder.path("damaged.plan")
    let damaged = try Gitc.run("verify", path, "--checksums")
    #expect(damaged.status == 1 && damaged.errors.isEmpty && damaged.lines.count == 1)
    for part in ["\(path): weight_table[", " is damaged, expected SHA-256 ", ", found ", "; get "] {
      #expect(damaged.output.contains(part), "\(damaged.output)")
    }
    // It still opens: checksums are looked at on demand.
    #expect(try Gitc.run("inspect", path).status == 0)

    let json = try Gitc.run("verify", path, "--checksums", "--format", "json")
    let report = try #require(json.json() as? [String: Any])
    #expect(json.status == 1 && report["passed"] as? Bool == false)
    let parts = try #require(report["damaged"] as? [[String: Any]])
    let part = try #require(parts.first)
    #expect(parts.count == 1 && (part["segment"] as? String)?.hasPrefix("weight_table[") == true)
    #expect(part["weight"] is String)
    for key in ["expected", "found"] { #expect((part[key] as? String)?.count == 64) }
    #expect(part["expected"] as? String != part["found"] as? String)
  }

  @Test("finds weights that checksums hold for and the format does not allow")
  func checksumsOfWrongWeights() throws {
    let workshop = try TinyWorkshop(precision: "fp32")
    let loaded = try LoadedPlan(path: workshop.plan)
    var (plan, weights) = (loaded.plan, [UInt8](loaded.weights))
    let index = try #require(plan.weights.firstIndex { $0.dtype == .f32 })
    let weight = plan.weights[index]
    // NaN.
    for byte in 0..<4 { weights[weight.offset + byte] = 0xff }
    plan.weights[index].sha256 = weights[weight.offset..<(weight.offset + weight.byteCount)]
      .withUnsafeBytes { SHA256Digest(of: $0) }
    try workshop.folder.write("wrong.plan", Data(PlanFile.bytes(of: plan, weights: weights)))
    let outcome = try Gitc.run("verify", workshop.folder.path("wrong.plan"), "--checksums")
    expectError(outcome, status: 65, "has damaged bytes")
    #expect(outcome.errors.contains("weight_table[\(index)]"), "\(outcome.errors)")
  }

  @Test("asks for a plan alone with checksums, and for data without")
  func checksumArguments() throws {
    let workshop = try TinyWorkshop()
    let checkpoint = workshop.folder.path("tiny.ckpt")
    for arguments in [
      [checkpoint, workshop.plan, "--checksums"], [workshop.plan, "--checksums", "--data", "x"],
      [checkpoint, workshop.plan], [workshop.plan, "--data", "x"], ["--checksums"],
    ] {
      let outcome = try Gitc.run(["verify"] + arguments)
      expectError(outcome, status: 64, "command line")
    }
    expectError(
      try Gitc.run("verify", checkpoint, "--checksums"), status: 65, "not a readable plan")
  }
}
