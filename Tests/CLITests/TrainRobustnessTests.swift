import Foundation
import Testing

/// What happens to a training run from outside.
@Suite(
  "gitc train that is disturbed", .enabled(if: Gitc.isBuilt, "gitc is not built beside the tests"))
struct TrainRobustnessTests {
  /// Everything random is on; states are saved often.
  private static let recipe = """
    seed: 3
    batch_size: 3
    steps: 200
    model:
      {preset: git-micro, image_size: 32, patch_size: 16, vision_width: 16, vision_layers: 1,
       vision_heads: 2, text_width: 16, text_layers: 1, text_heads: 2, maximum_text_length: 24,
       frames: 2, dropout: 0.1}
    text: {vocabulary_size: 60}
    data:
      train: [made/scenes-train.img.tsv, {path: made/scenes-validation.img.tsv, weight: 0.5}]
      crop_scale: [0.5, 1]
      flip: true
    optimizer: {learning_rate: 1e-3, warmup_steps: 1}
    validation: {interval: 4, limit: 2}
    """

  /// Runs `gitc` through a shell, which can limit it.
  private func shell(_ script: String, in folder: TemporaryFolder) throws -> (Int32, String) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/sh")
    process.arguments = ["-c", script, "sh", try #require(Gitc.path)]
    process.currentDirectoryURL = URL(fileURLWithPath: folder.path)
    try folder.write("errors", Data())
    process.standardError = try FileHandle(forWritingTo: folder.url("errors"))
    try process.run()
    process.waitUntilExit()
    let errors = try String(contentsOfFile: folder.path("errors"), encoding: .utf8)
    return (process.terminationStatus, errors)
  }

  @Test("and killed at any moment goes on to the same bytes, with a log of every step once")
  func killed() throws {
    let folder = try TemporaryFolder(recipe: Self.recipe)
    let whole = try Gitc.run(
      "train", "tiny.yaml", "-o", "whole.ckpt", "--log", "whole.jsonl", "--threads", "1",
      in: folder.path)
    try #require(whole.status == 0, "\(whole.errors)")

    var kills = 0
    let state = folder.path("parts.ckpt.training")
    func logged() -> Int { (try? Data(contentsOf: folder.url("parts.jsonl")))?.count ?? 0 }
    for _ in 0..<400 {
      let process = Process()
      process.executableURL = URL(fileURLWithPath: try #require(Gitc.path))
      process.arguments =
        ["train", "tiny.yaml", "-o", "parts.ckpt", "--log", "parts.jsonl", "--threads", "1"]
        + (FileManager.default.fileExists(atPath: state) ? ["--resume"] : [])
      process.currentDirectoryURL = URL(fileURLWithPath: folder.path)
      process.standardError = FileHandle.nullDevice
      // Some steps on, and then at any moment: in a step, in a validation, in the middle of writing.
      let target = logged() + Int.random(in: 0...6000)
      try process.run()
      while process.isRunning && logged() <= target { usleep(300) }
      usleep(UInt32.random(in: 0...8000))
      if process.isRunning {
        kill(process.processIdentifier, SIGKILL)
        kills += 1
      }
      process.waitUntilExit()
      if process.terminationReason == .exit {
        #expect(process.terminationStatus == 0)
        break
      }
    }
    #expect(kills > 0, "no run was long enough to be killed")
    let (first, second) = (
      try Data(contentsOf: folder.url("whole.ckpt")), try Data(contentsOf: folder.url("parts.ckpt"))
    )
    #expect(first == second, "after \(kills) kills")
    #expect(!FileManager.default.fileExists(atPath: state))

    func losses(_ name: String) throws -> [String] {
      try String(contentsOfFile: folder.path(name), encoding: .utf8).split(separator: "\n")
        .compactMap {
          let line = try #require(
            JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
          return line["loss"].map { "\(line["step"] ?? "") \($0)" }
        }
    }
    #expect(try losses("parts.jsonl") == losses("whole.jsonl"))
  }

  @Test("by Ctrl-C finishes its step, saves, says how to go on, and does")
  func interrupted() throws {
    let folder = try TemporaryFolder(recipe: Self.recipe)
    let process = Process()
    process.executableURL = URL(fileURLWithPath: try #require(Gitc.path))
    process.arguments = [
      "train", "tiny.yaml", "-o", "m.ckpt", "--set", "steps=100000", "--log", "log",
    ]
    process.currentDirectoryURL = URL(fileURLWithPath: folder.path)
    try folder.write("errors", Data())
    process.standardError = try FileHandle(forWritingTo: folder.url("errors"))
    try process.run()
    let log = folder.path("log")
    for _ in 0..<20_000 where ((try? Data(contentsOf: URL(fileURLWithPath: log)))?.count ?? 0) < 500
    {
      usleep(1000)
    }
    process.interrupt()
    for _ in 0..<60_000 where process.isRunning { usleep(1000) }
    if process.isRunning { kill(process.processIdentifier, SIGKILL) }
    process.waitUntilExit()
    #expect(process.terminationReason == .exit && process.terminationStatus == 130)
    let errors = try String(contentsOfFile: folder.path("errors"), encoding: .utf8)
    #expect(errors.contains("go on with the same command and --resume"), "\(errors)")
    let lines = try String(contentsOfFile: log, encoding: .utf8).split(separator: "\n")
    let steps = lines.count { $0.contains("learning_rate") }
    let resumed = try Gitc.run(
      "train", "tiny.yaml", "-o", "m.ckpt", "--set", "steps=\(steps + 2)", "--resume",
      in: folder.path)
    #expect(resumed.status == 0, "\(resumed.errors)")
  }

  @Test("by a full disk keeps its last good state, and goes on from it")
  func fullDisk() throws {
    let folder = try TemporaryFolder(recipe: Self.recipe)
    // A state that is there.
    let process = Process()
    process.executableURL = URL(fileURLWithPath: try #require(Gitc.path))
    process.arguments = ["train", "tiny.yaml", "-o", "m.ckpt", "--set", "steps=100000"]
    process.currentDirectoryURL = URL(fileURLWithPath: folder.path)
    process.standardError = FileHandle.nullDevice
    try process.run()
    let state = folder.path("m.ckpt.training")
    for _ in 0..<20_000 where !FileManager.default.fileExists(atPath: state) { usleep(1000) }
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
    let good = try Data(contentsOf: URL(fileURLWithPath: state))

    // No file may be longer than 8 blocks: writing the next state fails as on a full disk.
    let train = "\"$1\" train tiny.yaml -o m.ckpt --resume --set steps=100000"
    let (status, errors) = try shell("trap '' XFSZ; ulimit -f 8; exec \(train)", in: folder)
    #expect(status == 74, "\(errors)")
    #expect(errors.contains("gitc: error: cannot write the file"), "\(errors)")
    #expect(try Data(contentsOf: URL(fileURLWithPath: state)) == good)
    let left = try FileManager.default.contentsOfDirectory(atPath: folder.path)
    #expect(
      !left.contains { $0.hasSuffix(".tmp") && !$0.contains("\(process.processIdentifier)") },
      "\(left)")

    let (resumed, problem) = try shell(
      "exec \"$1\" train tiny.yaml -o m.ckpt --resume --set steps=2000 --set validation.interval=2000",
      in: folder)
    #expect(resumed == 0, "\(problem)")
  }

  @Test("does not resume with another recipe, and names what differs")
  func otherRecipe() throws {
    let folder = try TemporaryFolder(recipe: Self.recipe)
    let (status, _) = try shell(
      """
      "$1" train tiny.yaml -o m.ckpt --set steps=100000 & pid=$!
      while ! test -e m.ckpt.training; do sleep 0.01; done; kill -9 $pid; wait $pid; true
      """, in: folder)
    try #require(status == 0)
    for (key, value, field) in [
      ("batch_size", "4", "batch_size"),
      ("optimizer.learning_rate", "1e-4", "optimizer.learning_rate"),
      ("data.shuffle", "false", "shuffle"), ("model.dropout", "0", "dropout"),
      ("loss.smoothing", "0.2", "smoothing.amount"), ("seed", "9", "seed"),
    ] {
      expectError(
        try Gitc.run(
          "train", "tiny.yaml", "-o", "m.ckpt", "--resume", "--set", "\(key)=\(value)",
          in: folder.path),
        status: 64, "expected \(field)", "found \(field) ", "m.ckpt.training")
    }
  }
}
