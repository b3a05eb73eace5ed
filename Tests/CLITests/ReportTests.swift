import Foundation
import Testing

@Suite("gitc train --report", .enabled(if: Gitc.isBuilt, "gitc is not built beside the tests"))
struct ReportTests {
  @Test("writes one page with curves, samples and the recipe, and refuses without a log")
  func page() throws {
    let folder = try TemporaryFolder()
    let made = try Gitc.run(
      "data", "scenes", "-o", folder.path("made"), "--images", "8", "--clips", "4",
      "--evaluation-rows", "3", "--side", "32")
    try #require(made.status == 0, "\(made.errors)")
    try folder.write(
      "r.yaml",
      Data(
        """
        # a <recipe> & more
        {seed: 3, batch_size: 4, steps: 6, text: {vocabulary_size: 60},
         model: {image_size: 32, patch_size: 16, vision_width: 16, vision_layers: 1, vision_heads: 2,
                 text_width: 16, text_layers: 1, text_heads: 2, maximum_text_length: 24, frames: 6},
         data: {train: [made/scenes-train.img.tsv],
                validation: [made/scenes-validation.img.tsv, made/clips-validation.img.tsv]},
         optimizer: {learning_rate: 1e-3, warmup_steps: 1}, validation: {interval: 3}}
        """.utf8))
    let outcome = try Gitc.run(
      "train", "r.yaml", "-o", "m.ckpt", "--log", "log.jsonl", "--report", "r.html",
      "--tensorboard",
      "board", in: folder.path)
    #expect(outcome.status == 0, "\(outcome.errors)")
    let page = try String(contentsOfFile: folder.path("r.html"), encoding: .utf8)
    for part in [
      "Training loss", "Validation loss", "<polyline", "CIDEr-D", "a &lt;recipe&gt; &amp; more",
      "made/clips-validation.img.tsv", "src=\"data:image/png;base64,",
    ] {
      #expect(page.contains(part), "\(part)")
    }
    // Nothing is fetched from elsewhere.
    #expect(!page.contains("http") && !page.contains("src=\"/"))
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path("board")).count == 1)
    // The page of a run that finished before.
    try FileManager.default.removeItem(atPath: folder.path("r.html"))
    let later = try Gitc.run(
      "train", "r.yaml", "-o", "m.ckpt", "--log", "log.jsonl", "--report", "r.html", "--resume",
      in: folder.path)
    #expect(later.status == 0, "\(later.errors)")
    #expect(try String(contentsOfFile: folder.path("r.html"), encoding: .utf8) == page)
    expectError(
      try Gitc.run("train", "r.yaml", "-o", "m.ckpt", "--report", "r.html", in: folder.path),
      status: 64,
      "--log")
  }
}
