import Checkpoint
import Formats
import Foundation
import Graph
import Testing

@Suite("gitc inspect", .enabled(if: Gitc.isBuilt, "gitc is not built beside the tests"))
struct InspectTests {
  @Test("says what is in a checkpoint")
  func checkpoint() throws {
    let folder = try TemporaryFolder()
    let path = folder.path("tiny.ckpt")
    let checkpoint = TinyCaptioner.checkpoint(seed: 1)
    try checkpoint.write(to: path)
    let text = try Gitc.run("inspect", path)
    #expect(text.status == 0, "\(text.errors)")
    #expect(text.output.contains("checkpoint"))
    #expect(text.output.contains("32 pixels, center-crop, bicubic"))
    #expect(text.output.contains("ViT, patches of 16"))

    let outcome = try Gitc.run("inspect", path, "--format", "json")
    let report = try #require(outcome.json() as? [String: Any])
    #expect(report["kind"] as? String == "checkpoint")
    #expect(report["vocabulary_size"] as? Int == TinyCaptioner.vocabulary.count)
    let graph = try #require(report["graph"] as? [String: Any])
    #expect(
      graph["parameter_count"] as? Int
        == checkpoint.parameters.values.reduce(0) { $0 + $1.elementCount })
    let size = try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int
    #expect(report["bytes"] as? Int == size)
  }

  @Test("says the same of a graph in both its forms")
  func graphs() throws {
    let folder = try TemporaryFolder()
    let graph = GIT.logits(TinyCaptioner.configuration)
    try folder.write("graph", Data(graph.serialized))
    try folder.write("graph.txt", Data(graph.text.utf8))
    func facts(_ name: String) throws -> [String] {
      let outcome = try Gitc.run("inspect", folder.path(name))
      #expect(outcome.status == 0, "\(outcome.errors)")
      return Array(outcome.lines.dropFirst())
    }
    let lines = try facts("graph")
    #expect(lines.contains { $0.contains("input") && $0.contains("i32[B, T]") })
    #expect(try facts("graph.txt") == lines)
  }

  @Test("refuses what it does not know, with the code for bad data")
  func unknown() throws {
    let folder = try TemporaryFolder()
    try folder.write("note.txt", Data("hello".utf8))
    expectError(
      try Gitc.run("inspect", folder.path("note.txt")), status: 65, "cannot tell", "note.txt")
  }

  @Test("refuses a checkpoint that was cut short")
  func cut() throws {
    let folder = try TemporaryFolder()
    let path = folder.path("tiny.ckpt")
    try TinyCaptioner.checkpoint(seed: 1).write(to: path)
    try folder.write("tiny.ckpt", Data(contentsOf: folder.url("tiny.ckpt")).dropLast(100))
    expectError(try Gitc.run("inspect", path), status: 65, "tiny.ckpt")
  }

  @Test("reports a missing file with its own code")
  func missing() throws {
    expectError(try Gitc.run("inspect", "/none/x.plan"), status: 66, "/none/x.plan")
  }
}
