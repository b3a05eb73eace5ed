import Checkpoint
import Formats
import Foundation
import Testing

@Suite("Export", .enabled(if: Gitc.isBuilt, "gitc is not built beside the tests"))
struct ExportTests {
  private static func workshop() throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    try TinyCaptioner.checkpoint(seed: 5).write(to: folder.path("tiny.ckpt"))
    return folder
  }

  @Test("a folder for transformers has weights, sizes, preprocessing and vocabulary")
  func safetensors() throws {
    let folder = try Self.workshop()
    let target = folder.path("model.safetensors")
    let outcome = try Gitc.run("export", folder.path("tiny.ckpt"), "-o", target)
    #expect(outcome.status == 0, "\(outcome.errors)")
    let checkpoint = TinyCaptioner.checkpoint(seed: 5)
    let file = try SafetensorsFile(path: target)
    #expect(file.metadata == ["format": "pt"])
    #expect(Set(file.names) == Set(checkpoint.parameters.keys))
    for (name, tensor) in checkpoint.parameters {
      #expect(try file.floats(name).floats == tensor.floats)
    }
    func json(_ name: String) throws -> [String: Any] {
      let json = try JSONSerialization.jsonObject(with: Data(contentsOf: folder.url(name)))
      return try #require(json as? [String: Any])
    }
    let configuration = try json("config.json")
    #expect(configuration["model_type"] as? String == "git")
    #expect(configuration["vocab_size"] as? Int == 15)
    #expect(configuration["num_image_with_embedding"] as? Int == 4)
    #expect(configuration["bos_token_id"] as? Int == 2)
    let vision = try #require(configuration["vision_config"] as? [String: Any])
    #expect(vision["image_size"] as? Int == 32 && vision["patch_size"] as? Int == 16)
    #expect(try json("preprocessor_config.json")["resample"] as? Int == 3)
    #expect(try json("tokenizer_config.json")["model_max_length"] as? Int == 12)
    let words = try String(contentsOf: folder.url("vocab.txt"), encoding: .utf8)
    #expect(words == TinyCaptioner.vocabulary.map { $0 + "\n" }.joined())
  }

  @Test("an ONNX export is three models")
  func onnx() throws {
    let folder = try Self.workshop()
    let outcome = try Gitc.run(
      "export", folder.path("tiny.ckpt"), "-o", folder.path("tiny.onnx"))
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(
      outcome.lines == ["encode", "prefix", "step"].map { folder.path("tiny.\($0).onnx") })
    for path in outcome.lines { #expect(FileManager.default.fileExists(atPath: path)) }
  }

  @Test("a CoSwin is no model of transformers, but has its ONNX models")
  func coswin() throws {
    let folder = try TemporaryFolder()
    let scenes = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: "models/scenes.ckpt").path
    expectError(
      try Gitc.run("export", scenes, "-o", folder.path("model.safetensors")), status: 65,
      "a CoSwin", "export to ONNX: -o NAME.onnx")
    let outcome = try Gitc.run("export", scenes, "-o", folder.path("scenes.onnx"))
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(outcome.lines.count == 3)
  }

  @Test("other names and folders that are not there are errors")
  func errors() throws {
    let folder = try Self.workshop()
    let tiny = folder.path("tiny.ckpt")
    expectError(
      try Gitc.run("export", tiny, "-o", folder.path("tiny.bin")), status: 64,
      ".safetensors or .onnx")
    expectError(
      try Gitc.run("export", tiny, "-o", folder.path("tiny.safetensors")), status: 64,
      "FOLDER/model.safetensors")
    expectError(
      try Gitc.run("export", tiny, "-o", folder.path("none/model.safetensors")), status: 66)
  }
}
