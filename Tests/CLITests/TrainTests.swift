import Foundation
import Testing

@Suite("gitc train", .enabled(if: Gitc.isBuilt, "gitc is not built beside the tests"))
struct TrainTests {
  /// A recipe over the made-up scenes beside it.
  private static let recipe = """
    seed: 3
    batch_size: 4
    steps: 6
    model:
      {preset: git-micro, image_size: 32, patch_size: 16, vision_width: 16, vision_layers: 1,
       vision_heads: 2, text_width: 16, text_layers: 1, text_heads: 2, maximum_text_length: 24,
       frames: 2, dropout: 0}
    text: {vocabulary_size: 60}
    data:
      train: [made/scenes-train.img.tsv]
      validation: [made/scenes-validation.img.tsv]
    optimizer: {learning_rate: 1e-3, warmup_steps: 1}
    validation: {interval: 3, limit: 2}
    """

  @Test("from scenes to a caption: data, train, compile, run")
  func roundTrip() throws {
    let folder = try TemporaryFolder(recipe: Self.recipe)
    let trained = try Gitc.run(
      "train", "tiny.yaml", "-o", "tiny.ckpt", "--log", "log.jsonl", in: folder.path)
    #expect(trained.status == 0, "\(trained.errors)")
    #expect(trained.output.isEmpty, "progress is no result")
    #expect(!trained.errors.contains("\r"), "no bar where nobody looks")
    let log = try String(contentsOfFile: folder.path("log.jsonl"), encoding: .utf8)
    let lines = try log.split(separator: "\n").map {
      try #require(JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
    }
    #expect(lines.compactMap { $0["loss"] as? Double }.count == 6)
    #expect(lines.contains { $0["validation"] != nil })

    let compiled = try Gitc.run("compile", "tiny.ckpt", "-o", "tiny.plan", in: folder.path)
    #expect(compiled.status == 0, "\(compiled.errors)")
    let captions = try Gitc.run(
      "run", "tiny.plan", "made/scenes-validation.img.tsv", "made/samples/scene.png",
      in: folder.path)
    #expect(captions.status == 0, "\(captions.errors)")
    #expect(captions.lines.count == 3)
    let verified = try Gitc.run(
      "verify", "tiny.ckpt", "tiny.plan", "--data", "made/scenes-validation.img.tsv",
      "--min-agreement", "0", in: folder.path)
    #expect(verified.status == 0 && verified.output.contains("of 2"), "\(verified.output)")
  }

  @Test("refuses recipes that make no sense, each with its code")
  func refusals() throws {
    let folder = try TemporaryFolder(recipe: Self.recipe)
    func train(_ more: String..., recipe: String = "tiny.yaml") throws -> Gitc.Outcome {
      try Gitc.run(["train", recipe, "-o", "tiny.ckpt"] + more, in: folder.path)
    }
    expectError(try train(recipe: "none.yaml"), status: 66, "none.yaml")
    expectError(try train("--set", "model.depth=3"), status: 65, "depth")
    expectError(try train("--set", "steps"), status: 64, "key=value")
    expectError(
      try train("--set", "data.train=none.img.tsv"), status: 65, "expected a list", "none.img.tsv")
    #expect(!FileManager.default.fileExists(atPath: folder.path("tiny.ckpt")))
  }
}
