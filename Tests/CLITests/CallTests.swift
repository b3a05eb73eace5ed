import Foundation
import Media
import Testing

@Suite("Call and compile of ONNX", .enabled(if: Gitc.isBuilt, "gitc is not built beside the tests"))
struct CallTests {
  private static let goldens = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "Goldens/onnx").path

  /// A plan of a small ViT as PyTorch exports it.
  private static func plan(_ folder: TemporaryFolder) throws -> String {
    let outcome = try Gitc.run(
      "compile", "\(goldens)/vit-traced.onnx", "-o", folder.path("vit.plan"))
    try #require(outcome.status == 0, "\(outcome.errors)")
    return folder.path("vit.plan")
  }

  private static func write(
    _ array: NPYArray, _ name: String, _ folder: TemporaryFolder
  ) throws -> String {
    try folder.write(name, Data(array.bytes))
    return folder.path(name)
  }

  @Test("an ONNX model becomes a plan that runs on arrays")
  func onnx() throws {
    let folder = try TemporaryFolder()
    let plan = try Self.plan(folder)
    let pixels = NPYArray(
      shape: [3, 3, 8, 8], values: .floats((0..<576).map { Float($0 % 7) - 3 }))
    let outcome = try Gitc.run(
      "call", plan, "main", "--input", "pixels=\(Self.write(pixels, "x.npy", folder))",
      "--output", "y=\(folder.path("y.npy"))")
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(outcome.lines == ["y [3, 5, 8]"])
    let y = try NPYArray([UInt8](Data(contentsOf: folder.url("y.npy"))), place: "y.npy")
    #expect(y.shape == [3, 5, 8])
    guard case .floats(let values) = y.values else {
      Issue.record("y holds \(y.values)")
      return
    }
    #expect(values.allSatisfy(\.isFinite) && Set(values).count > 60)
  }

  @Test("inspect shows what an ONNX model takes and gives")
  func inspect() throws {
    let outcome = try Gitc.run("inspect", "\(Self.goldens)/vit-traced.onnx")
    #expect(outcome.status == 0 && outcome.output.contains("f32[B, 3, 8, 8]"))
  }

  @Test("a plan without a vocabulary does not caption")
  func captioning() throws {
    let folder = try TemporaryFolder()
    expectError(
      try Gitc.run("run", try Self.plan(folder), "x.png"), status: 65, "a plan of a captioner")
  }

  @Test("inputs that do not fit are usage errors that name what does")
  func misfits() throws {
    let folder = try TemporaryFolder()
    let plan = try Self.plan(folder)
    let narrow = try Self.write(
      NPYArray(shape: [1, 3, 4, 4], values: .floats([Float](repeating: 0, count: 48))), "n.npy",
      folder)
    expectError(try Gitc.run("call", plan, "decode"), status: 64, "expected main", "'decode'")
    expectError(try Gitc.run("call", plan, "main"), status: 64, "a length for the symbol B")
    expectError(
      try Gitc.run("call", plan, "main", "--input", "x=\(narrow)"), status: 64, "expected pixels")
    expectError(
      try Gitc.run("call", plan, "main", "--input", "pixels=\(narrow)"), status: 64,
      "shape [1, 3, 8, 8]", "[1, 3, 4, 4]")
    expectError(
      try Gitc.run("call", plan, "main", "--symbol", "B=1", "--output", "z=\(narrow)"), status: 64,
      "no such output")
    expectError(try Gitc.run("call", plan, "main", "--symbol", "B"), status: 64, "--symbol")
    expectError(
      try Gitc.run("call", plan, "main", "--input", "pixels=\(plan)"), status: 65, "NUMPY")
  }

  @Test("indices beyond a table are refused, not looked up")
  func indices() throws {
    let folder = try TemporaryFolder()
    let plan = folder.path("bert.plan")
    let compiled = try Gitc.run("compile", "\(Self.goldens)/bert-traced.onnx", "-o", plan)
    try #require(compiled.status == 0, "\(compiled.errors)")
    for (token, isGood) in [(10, true), (11, false), (-1, false)] {
      let tokens = try Self.write(
        NPYArray(shape: [1, 2], values: .integers([0, Int32(token)])), "t.npy", folder)
      let outcome = try Gitc.run("call", plan, "main", "--input", "tokens=\(tokens)")
      if isGood {
        #expect(outcome.status == 0, "\(outcome.errors)")
      } else {
        expectError(outcome, status: 64, "integers in 0 ..< 11", "found \(token)")
      }
    }
  }
}
