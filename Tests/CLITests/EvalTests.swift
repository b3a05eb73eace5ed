import Data
import Foundation
import Media
import Testing

@Suite("gitc eval", .enabled(if: Gitc.isBuilt, "gitc is not built beside the tests"))
struct EvalTests {
  private func metrics(_ outcome: Gitc.Outcome) throws -> [String: Double] {
    let report = try #require(outcome.json() as? [String: Any], "\(outcome.errors)")
    return try #require(report["metrics"] as? [String: Double])
  }

  @Test("measures predictions that have their references")
  func predictions() throws {
    let folder = try TemporaryFolder()
    try folder.write(
      "p.json",
      Data(
        """
        [{"image_id": 1, "caption": "a red circle", "references": ["A red circle", "a circle"]},
         {"key": "b", "prediction": "a dog", "references": ["two blue squares"]},
         {"question_id": 3, "question": "how many?", "answer": "2",
          "references": ["two", "two", "two", "two", "three"]}]
        """.utf8))
    let outcome = try Gitc.run("eval", folder.path("p.json"), "--format", "json")
    #expect(outcome.status == 0, "\(outcome.errors)")
    let found = try metrics(outcome)
    #expect(abs(try #require(found["exact_match"]) - 1 / 3) < 1e-12)
    #expect(found["vqa_accuracy"] == 1)
    // Three words of five are right, one word is missing; precision and recall of one text are 1, of
    // the other 0.
    #expect(abs(try #require(found["bleu_1"]) - 0.6 * exp(1 - 6.0 / 5)) < 1e-6)
    #expect(found["rouge_l"] == 0.5)
    // Without a common word for the second, the first is all there is.
    #expect(try #require(found["cider_d"]) > 0 && found["top_1"] == nil)
    let text = try Gitc.run("eval", folder.path("p.json"))
    for part in [
      "BLEU-4", "CIDEr-D", "VQA accuracy  100.00", "b: a dog", "right: two blue squares",
    ] {
      #expect(text.output.contains(part), "\(text.output)")
    }

    try folder.write(
      "p.tsv", Data("x\ta cat\ta cat\nb\t[{\"caption\": \"a dog\"}]\ta cow\tdog\n".utf8))
    let table = try metrics(Gitc.run("eval", folder.path("p.tsv"), "--format", "json"))
    #expect(table["exact_match"] == 0.5)
  }

  @Test("takes references from data, and says which sample has no prediction")
  func references() throws {
    let folder = try TemporaryFolder()
    try FileManager.default.createDirectory(
      atPath: folder.path("images"), withIntermediateDirectories: true)
    for name in ["1", "2"] {
      try folder.write("images/\(name).png", Data(TinyWorkshop.picture(shade: 1).encodedPNG()))
    }
    try folder.write(
      "data.json",
      Data(
        """
        {"images": [{"id": 1, "file_name": "1.png"}, {"id": 2, "file_name": "2.png"}],
         "annotations": [{"image_id": 1, "caption": "a cat"}, {"image_id": 2, "caption": "a dog"},
                         {"image_id": 2, "caption": "one dog"}]}
        """.utf8))
    let data = ["--data", folder.path("data.json"), "--images", folder.path("images")]
    try folder.write(
      "p.json",
      Data("[{\"image_id\":2,\"caption\":\"one dog\"},{\"image_id\":1,\"caption\":\"cow\"}]".utf8))
    let found = try metrics(Gitc.run(["eval", folder.path("p.json"), "--format", "json"] + data))
    #expect(found["exact_match"] == 0.5)
    try folder.write("few.json", Data("[{\"image_id\":2,\"caption\":\"one dog\"}]".utf8))
    expectError(
      try Gitc.run(["eval", folder.path("few.json")] + data), status: 65, "one for 1", "few.json")
    expectError(try Gitc.run("eval", folder.path("p.json")), status: 65, "--data")
    expectError(try Gitc.run("eval", folder.path("none.json")), status: 66)
    try folder.write("bad.json", Data("{".utf8))
    expectError(try Gitc.run("eval", folder.path("bad.json")), status: 65, "bad.json")
  }

  @Test("captions data with a plan, and fails below a threshold")
  func plan() throws {
    let workshop = try TinyWorkshop(precision: "fp32")
    let folder = workshop.folder
    let said = try (1...3).map { shade in
      try Gitc.run("run", workshop.plan, workshop.picture("\(shade).png", shade: shade)).lines.first
        ?? ""
    }
    var writer = try TSVWriter(prefix: folder.path("x"))
    for (index, caption) in (said.prefix(2) + ["left left left"]).enumerated() {
      let key = "row\(index)"
      try writer.append(
        key: key, images: [TinyWorkshop.picture(shade: index + 1).encodedPNG()],
        annotations: [TextSample(key: key, caption: caption.uppercased())])
    }
    try writer.append(
      key: "broken", images: [[1, 2, 3]], annotations: [TextSample(key: "broken", caption: "a")])
    try writer.finish()
    let outcome = try Gitc.run(
      "eval", workshop.plan, "--data", folder.path("x.img.tsv"), "--format", "json",
      "--predictions",
      folder.path("said.json"), "--min-exact-match", "0.6")
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(outcome.errors.contains("1 sample skipped") && outcome.errors.contains("broken"))
    let report = try #require(outcome.json() as? [String: Any])
    #expect(report["samples"] as? Int == 3 && report["skipped"] as? Int == 1)
    #expect(report["passed"] as? Bool == true)
    let share = try #require(metrics(outcome)["exact_match"])
    #expect(share == (said[2].lowercased() == "left left left" ? 1 : 2.0 / 3))

    // What was written is what can be read, with the same measures.
    let again = try Gitc.run("eval", folder.path("said.json"), "--format", "json")
    #expect(try metrics(again) == metrics(outcome))

    let failed = try Gitc.run(
      "eval", workshop.plan, "--data", folder.path("x.img.tsv"), "--min-cider-d", "9.9",
      "--min-exact-match", "0.5")
    #expect(failed.status == 1)
    #expect(failed.output.contains("failed: CIDEr-D too low"))
    expectError(try Gitc.run("eval", workshop.plan), status: 64, "--data")
    expectError(
      try Gitc.run("eval", workshop.plan, "--data", folder.path("x.img.tsv"), "--limit", "0"),
      status: 64)
  }

  @Test("top-1 is the share of class folders' names that are said")
  func classes() throws {
    let workshop = try TinyWorkshop(precision: "fp32")
    let said =
      try Gitc.run("run", workshop.plan, workshop.picture("a.png", shade: 1)).lines.first ?? ""
    for (index, name) in [said.split(separator: " ").joined(separator: "_"), "left"].enumerated() {
      try FileManager.default.createDirectory(
        atPath: workshop.folder.path("set/\(name)"), withIntermediateDirectories: true)
      _ = try workshop.picture("set/\(name)/\(index).png", shade: 1)
    }
    let outcome = try Gitc.run(
      "eval", workshop.plan, "--data", workshop.folder.path("set"), "--format", "json")
    #expect(try metrics(outcome)["top_1"] == 0.5, "\(outcome.errors)")
  }

  @Test("tar shards serve run, verify, eval and train alike")
  func shards() throws {
    let workshop = try TinyWorkshop(precision: "fp32")
    let folder = workshop.folder
    for index in 0..<4 {
      let name = "samples\(index / 2)/00000000\(index)"
      try FileManager.default.createDirectory(
        atPath: folder.path("samples\(index / 2)"), withIntermediateDirectories: true)
      _ = try workshop.picture("\(name).png", shade: index)
      try folder.write("\(name).txt", Data("a red circle".utf8))
    }
    for shard in 0..<2 {
      let tar = Process()
      tar.executableURL = URL(fileURLWithPath: "/usr/bin/env")
      tar.arguments = [
        "tar", "cf", folder.path("0000\(shard).tar"), "-C", folder.path("samples\(shard)"),
        "00000000\(2 * shard).png", "00000000\(2 * shard).txt", "00000000\(2 * shard + 1).png",
        "00000000\(2 * shard + 1).txt",
      ]
      try tar.run()
      tar.waitUntilExit()
      try #require(tar.terminationStatus == 0)
    }
    let shards = folder.path("{00000..00001}.tar")
    let captions = try Gitc.run("run", workshop.plan, shards)
    #expect(captions.lines.count == 4, "\(captions.errors)")
    #expect(captions.lines.first?.hasPrefix("\(shards)#000000000\t") == true)
    #expect(
      captions.lines[1].split(separator: "\t").last
        == (try Gitc.run("run", workshop.plan, folder.path("samples0/000000001.png")).lines.first)
        .map { Substring($0) })
    let verified = try Gitc.run("verify", folder.path("tiny.ckpt"), workshop.plan, "--data", shards)
    #expect(verified.status == 0, "\(verified.errors)")
    let measured = try Gitc.run(
      "eval", workshop.plan, "--data", shards, "--limit", "3", "--format", "json")
    #expect((try measured.json() as? [String: Any])?["samples"] as? Int == 3, "\(measured.errors)")
    try folder.write(
      "r.yaml",
      Data(
        """
        {batch_size: 2, steps: 2, model: {image_size: 32, patch_size: 16, vision_width: 16,
         vision_layers: 1, vision_heads: 2, text_width: 16, text_layers: 1, text_heads: 2,
         maximum_text_length: 8, frames: 0}, text: {vocabulary_size: 40}, optimizer: {learning_rate: 1e-3},
         data: {train: ['\(shards)'], validation: ['\(folder.path("00001.tar"))']}}
        """.utf8))
    let trained = try Gitc.run("train", folder.path("r.yaml"), "-o", folder.path("m.ckpt"))
    #expect(trained.status == 0, "\(trained.errors)")
  }
}
