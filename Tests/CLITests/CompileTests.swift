import Checkpoint
import Foundation
import Graph
import Testing

@Suite("gitc compile", .enabled(if: Gitc.isBuilt, "gitc is not built beside the tests"))
struct CompileTests {
  @Test("two towers do not caption, and what to do with them is said")
  func twoTowers() throws {
    let folder = try TemporaryFolder()
    let towers = TwoTowers.logits(
      TinyCaptioner.configuration, TwoTowers.Options(width: 8, pooling: .classToken))
    let path = folder.path("towers.ckpt")
    try TinyCaptioner.checkpoint(seed: 1, graph: towers).write(to: path)
    for arguments in [["-o", folder.path("towers.plan")], ["--stop-after", "canonicalize"]] {
      let outcome = try Gitc.run(["compile", path] + arguments)
      expectError(outcome, status: 65, "the model does not caption")
      #expect(outcome.errors.contains("gitc train RECIPE --init \(path)"), "\(outcome.errors)")
    }
  }

  @Test("an int8 plan is smaller, and inspect finds what compile reported")
  func report() throws {
    let workshop = try TinyWorkshop()
    let (checkpoint, report) = (
      workshop.folder.path("tiny.ckpt"), workshop.folder.path("report.json")
    )
    var sizes: [String: Int] = [:]
    for precision in ["fp32", "int8"] {
      let outcome = try Gitc.run(
        "compile", checkpoint, "-o", workshop.plan, "--precision", precision, "--report", report)
      #expect(outcome.status == 0, "\(outcome.errors)")
      #expect(outcome.lines.first?.contains(precision) == true)
      let json = try #require(
        JSONSerialization.jsonObject(with: Data(contentsOf: workshop.folder.url("report.json")))
          as? [String: Any])
      #expect(json["precision"] as? String == precision)
      let passes = try #require(json["passes"] as? [[String: Any]])
      #expect(
        passes.contains { $0["pass"] as? String == "quantize-projections" } == (precision == "int8")
      )

      let inspected = try #require(
        Gitc.run("inspect", workshop.plan, "--format", "json").json() as? [String: Any])
      #expect(inspected["kind"] as? String == "plan")
      let model = try #require(inspected["model"] as? [String: Any])
      #expect(model["precision"] as? String == precision)
      let functions = try #require(inspected["functions"] as? [[String: Any]])
      let reported = try #require(json["functions"] as? [[String: Any]])
      #expect(functions.map { $0["steps"] as? Int } == reported.map { $0["steps"] as? Int })
      #expect(functions.map { $0["name"] as? String } == ["encode", "prefix", "step"])
      for function in functions {
        let cost = try #require(function["cost"] as? [String: Any])
        #expect(try #require(cost["arena_bytes"] as? Int) > 0)
        let key = precision == "int8" ? "integer_multiply_adds" : "float_multiply_adds"
        #expect(try #require(cost[key] as? Int) > 0)
      }
      sizes[precision] = inspected["weight_bytes"] as? Int
    }
    #expect(try #require(sizes["int8"]) < #require(sizes["fp32"]))
    #expect(try Gitc.run("inspect", workshop.plan).output.contains("prefix: "))
  }

  /// A plan of the workshop's checkpoint with fewer tokens, which captions a picture; counts that the
  /// model cannot have are refused.
  private func reduced(
    _ workshop: TinyWorkshop, by option: String, refusal: String
  ) throws -> (plan: String, picture: String) {
    let (checkpoint, plan) = (
      workshop.folder.path("tiny.ckpt"), workshop.folder.path("reduced.plan")
    )
    let outcome = try Gitc.run("compile", checkpoint, "-o", plan, option, "1")
    #expect(outcome.status == 0, "\(outcome.errors)")
    let picture = try workshop.picture("a.png", shade: 1)
    #expect(try Gitc.run("run", plan, picture).status == 0)
    for count in ["0", "2"] {
      let other = workshop.folder.path("other.plan")
      expectError(
        try Gitc.run("compile", checkpoint, "-o", other, option, count), status: 64, refusal, count)
    }
    return (plan, picture)
  }

  @Test("--merge-tokens leaves the decoder half of the patches, and says where it cannot")
  func merging() throws {
    let workshop = try TinyWorkshop()
    let (merged, picture) = try reduced(workshop, by: "--merge-tokens", refusal: "1 to 1 blocks")
    func multiplications(_ plan: String) throws -> [Int] {
      let report = try #require(
        Gitc.run("inspect", plan, "--format", "json").json() as? [String: Any])
      return try #require(report["functions"] as? [[String: Any]]).compactMap {
        ($0["cost"] as? [String: Any])?["integer_multiply_adds"] as? Int
      }
    }
    let (less, more) = (try multiplications(merged), try multiplications(workshop.plan))
    try #require(less.count == 3 && more.count == 3)
    #expect(less[0] < more[0] && less[1] < more[1])
    // A plan of its checkpoint still, whose captions may differ.
    let verified = try Gitc.run(
      "verify", workshop.folder.path("tiny.ckpt"), merged, "--data", picture, "--min-agreement",
      "0", "--format", "json")
    let report = try #require(verified.json() as? [String: Any], "\(verified.errors)")
    #expect((report["sqnr_db"] as? [String: Any])?["features"] == nil)
  }

  @Test("--drop-tokens leaves later layers half of the tokens, and says where it cannot")
  func dropping() throws {
    let workshop = try TinyWorkshop()
    let (dropped, _) = try reduced(workshop, by: "--drop-tokens", refusal: "1 to 1 layers")
    let report = try Gitc.run("inspect", dropped)
    // A class token and four patches; half of five, rounded up.
    #expect(report.output.contains("f16[B, 5*F, 16]"), "\(report.output)")
    #expect(report.output.contains("f16[B, 3*F, 16]"))
  }

  @Test("--print-after prints graphs that read back", arguments: ["fuse-attention", "partition"])
  func printAfter(pass: String) throws {
    let workshop = try TinyWorkshop()
    let outcome = try Gitc.run(
      "compile", workshop.folder.path("tiny.ckpt"), "-o", workshop.plan, "--print-after", pass)
    #expect(outcome.status == 0, "\(outcome.errors)")
    let texts = outcome.output.components(separatedBy: "// ").dropFirst()
    #expect(texts.count == (pass == "partition" ? 3 : 1))
    for text in texts {
      let graph = try Graph(text: "// " + text, place: "stdout")
      #expect(graph.nodes.isEmpty == false)
    }
  }

  @Test(
    "--stop-after prints graphs that read back, and needs no plan",
    arguments: ["canonicalize", "partition", "merge-projections"])
  func stopAfter(pass: String) throws {
    let workshop = try TinyWorkshop()
    let (checkpoint, dot) = (
      workshop.folder.path("tiny.ckpt"), workshop.folder.path("tiny.dot")
    )
    let outcome = try Gitc.run("compile", checkpoint, "--stop-after", pass, "--emit-dot", dot)
    #expect(outcome.status == 0, "\(outcome.errors)")
    let texts = outcome.output.components(separatedBy: "// ").dropFirst()
    #expect(texts.count == (pass == "canonicalize" ? 1 : 3))
    for text in texts { _ = try Graph(text: "// " + text, place: "stdout") }
    #expect(
      try String(contentsOfFile: dot, encoding: .utf8).components(separatedBy: "digraph ").count
        == texts.count + 1)
    // What is printed is what the whole pipeline has at that point.
    let whole = try Gitc.run("compile", checkpoint, "-o", workshop.plan, "--print-after", pass)
    #expect(whole.output == outcome.output)
  }

  @Test("--emit-dot draws every function")
  func emitDot() throws {
    let workshop = try TinyWorkshop()
    let dot = workshop.folder.path("tiny.dot")
    let outcome = try Gitc.run(
      "compile", workshop.folder.path("tiny.ckpt"), "-o", workshop.plan, "--emit-dot", dot)
    #expect(outcome.status == 0, "\(outcome.errors)")
    let text = try String(contentsOfFile: dot, encoding: .utf8)
    #expect(text.components(separatedBy: "digraph ").count == 4)
    #expect(text.contains("cached_attention"))
  }

  @Test("--calibrate gives noisy projections more bits until --budget holds")
  func calibrate() throws {
    let workshop = try TinyWorkshop()
    let (checkpoint, report) = (
      workshop.folder.path("tiny.ckpt"), workshop.folder.path("report.json")
    )
    let pictures = try workshop.pictures("pictures", count: 2)
    func precisions(budget: String) throws -> Set<String> {
      let outcome = try Gitc.run(
        "compile", checkpoint, "-o", workshop.plan, "--calibrate", pictures, "--budget", budget,
        "--report", report)
      #expect(outcome.status == 0, "\(outcome.errors)")
      #expect(outcome.output.contains("calibrated on 2 samples"))
      let json = try #require(
        JSONSerialization.jsonObject(with: Data(contentsOf: workshop.folder.url("report.json")))
          as? [String: Any])
      let calibration = try #require(json["calibration"] as? [String: Any])
      #expect(calibration["samples"] as? Int == 2)
      let chosen = try #require(calibration["chosen"] as? [String: Double])
      #expect(try #require(chosen["cost"]) <= #require(Double(budget)))
      let projections = try #require(calibration["projections"] as? [[String: Any]])
      return Set(projections.compactMap { $0["precision"] as? String })
    }
    #expect(try precisions(budget: "100") == ["u7"])
    let int8 = try workshop.folder.url("tiny.plan").resourceValues(forKeys: [.fileSizeKey]).fileSize
    #expect(try precisions(budget: "0") == ["f32"])
    let floats = try workshop.folder.url("tiny.plan")
      .resourceValues(forKeys: [.fileSizeKey]).fileSize
    #expect(try #require(int8) < #require(floats))
  }

  @Test("equal checkpoints give equal plans, byte for byte")
  func reproducible() throws {
    let (a, b) = (try TinyWorkshop(), try TinyWorkshop())
    #expect(
      try Data(contentsOf: a.folder.url("tiny.plan"))
        == Data(contentsOf: b.folder.url("tiny.plan")))
  }

  @Test("refuses unknown passes and precisions as usage, damaged checkpoints as data")
  func refusals() throws {
    let workshop = try TinyWorkshop()
    let checkpoint = workshop.folder.path("tiny.ckpt")
    expectError(
      try Gitc.run("compile", checkpoint, "-o", workshop.plan, "--print-after", "magic"),
      status: 64, "fuse-attention", "magic")
    expectError(
      try Gitc.run("compile", checkpoint, "--stop-after", "magic"), status: 64, "magic")
    expectError(try Gitc.run("compile", checkpoint), status: 64, "-o is missing")
    expectError(
      try Gitc.run("compile", checkpoint, "-o", workshop.plan, "--stop-after", "partition"),
      status: 64, "--stop-after")
    expectError(
      try Gitc.run("compile", checkpoint, "-o", workshop.plan, "--precision", "int4"), status: 64,
      "int4")
    expectError(
      try Gitc.run(
        "compile", checkpoint, "-o", workshop.plan, "--calibrate", "x", "--precision", "fp32"),
      status: 64, "--calibrate")
    expectError(
      try Gitc.run("compile", checkpoint, "-o", workshop.plan, "--budget=-1"), status: 64,
      "--budget")
    expectError(
      try Gitc.run("compile", checkpoint, "-o", workshop.plan, "--calibrate", "/none"),
      status: 66, "/none")
    expectError(try Gitc.run("compile", workshop.plan, "-o", "x.plan"), status: 65, "tiny.plan")
    expectError(
      try Gitc.run("compile", checkpoint, "-o", "/none/x.plan"), status: 66, "/none")
  }
}
