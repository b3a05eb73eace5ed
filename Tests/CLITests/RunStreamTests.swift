import Data
import Diagnostics
import Foundation
import Media
import Testing

@Suite("gitc run on many inputs and on streams", .enabled(if: Gitc.isBuilt, "gitc is not built"))
struct RunStreamTests {
  private func objects(_ outcome: Gitc.Outcome) throws -> [[String: Any]] {
    try outcome.lines.map {
      try #require(JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
    }
  }

  /// What a result says, without the times it took.
  private func said(_ object: [String: Any]) -> [String] {
    let keys = ["input", "question", "error", "tokens", "token_logprobs", "frames", "start", "end"]
    return keys.map { key in object[key].map { "\($0)" } ?? "" }
  }

  @Test("batches of any size give what each input gives alone, in order, errors in their places")
  func batches() throws {
    let workshop = try TinyWorkshop()
    var paths = try (0..<5).map { try workshop.picture("\($0).png", shade: $0) }
    try workshop.folder.write("bad.png", Data([137, 80, 78, 71, 1, 2, 3]))
    // A clip in between, one that is damaged, one that is missing, the same picture twice.
    paths.insert(try workshop.pictures("clip", count: 3), at: 2)
    paths.insert(workshop.folder.path("bad.png"), at: 4)
    paths.append(contentsOf: ["/none.png", paths[0], paths[0]])
    for more in [
      [], ["--question", "what moves ?", "--question", "what"], ["--beam", "2"],
      ["--sample", "--seed", "3"],
    ] {
      func run(_ arguments: [String]) throws -> Gitc.Outcome {
        try Gitc.run(["run", workshop.plan] + arguments + more + ["--format", "jsonl"])
      }
      let alone = try paths.flatMap { try objects(run([$0])).map(said) }
      #expect(alone.count >= paths.count)
      for batch in ["1", "2", "3", "8"] {
        let outcome = try run(paths + ["--batch", batch])
        #expect(outcome.status == 65)
        #expect(outcome.errors.split(separator: "\n").count == 2)
        #expect(try objects(outcome).map(said) == alone, "\(more), \(batch)")
      }
      #expect(try objects(run(paths)).map(said) == alone)
    }
    expectError(
      try Gitc.run("run", workshop.plan, paths[0], "--batch", "0"), status: 64, "--batch")
  }

  @Test("who sends paths one by one has each answer before the next")
  func filter() throws {
    let workshop = try TinyWorkshop()
    let paths = try (0..<3).map { try workshop.picture("\($0).png", shade: $0) }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: try #require(Gitc.path))
    process.arguments = ["run", workshop.plan, "-", "--format", "jsonl"]
    let (questions, answers) = (Pipe(), Pipe())
    (process.standardInput, process.standardOutput) = (questions, answers)
    try process.run()
    for path in paths {
      questions.fileHandleForWriting.write(Data((path + "\n").utf8))
      // Blocks until there is an answer: forever, if it waited for more questions.
      let answer = String(decoding: answers.fileHandleForReading.availableData, as: UTF8.self)
      #expect(answer.contains("\"input\":\"\(path)\""))
    }
    try questions.fileHandleForWriting.close()
    process.waitUntilExit()
    #expect(process.terminationStatus == 0)
  }

  @Test("a folder as a stream has a caption of the latest frames after each")
  func stream() throws {
    let workshop = try TinyWorkshop()
    let frames = try workshop.pictures("frames", count: 6)
    // A picture that stays is a frame all the same.
    try FileManager.default.removeItem(atPath: "\(frames)/5.png")
    try FileManager.default.copyItem(atPath: "\(frames)/4.png", toPath: "\(frames)/5.png")
    /// The clip of the frames up to `last`, as many as the model takes.
    func clip(_ last: Int, _ most: Int) throws -> [String: Any] {
      let folder = workshop.folder.path("clip-\(last)-\(most)")
      try FileManager.default.createDirectory(
        atPath: folder, withIntermediateDirectories: true)
      for index in max(1, last - most + 1)...last {
        try FileManager.default.copyItem(
          atPath: "\(frames)/\(index).png", toPath: "\(folder)/\(index).png")
      }
      return try objects(Gitc.run("run", workshop.plan, folder, "--format", "jsonl"))[0]
    }
    for most in [4, 2] {
      let found = try objects(
        Gitc.run(
          "run", workshop.plan, frames, "--every", "1", "--frames", "\(most)", "--format", "jsonl"))
      try #require(found.count == 6)
      for (index, object) in found.enumerated() {
        #expect(object["input"] as? String == frames)
        #expect(object["start"] as? Double == Double(index))
        #expect(object["end"] as? Double == Double(index + 1))
        let expected = try clip(index + 1, most)
        for key in ["frames", "tokens", "token_logprobs"] {
          #expect("\(object[key] ?? "")" == "\(expected[key] ?? "none")", "\(key) of \(index)")
        }
      }
    }
    // In the middle of each two seconds begins the second frame.
    let twos = try objects(
      Gitc.run(
        "run", workshop.plan, frames, "--every", "2", "--frames", "1", "--format", "jsonl"))
    let single = try objects(
      Gitc.run(
        ["run", workshop.plan] + ["2", "4", "6"].map { "\(frames)/\($0).png" }
          + ["--format", "jsonl"]))
    #expect(
      twos.map { "\($0["token_logprobs"] ?? "")" } == single.map { "\($0["token_logprobs"] ?? "")" }
    )
  }

  @Test("streams show their times; questions are asked of each window; errors have their place")
  func formats() throws {
    let workshop = try TinyWorkshop()
    let frames = try workshop.pictures("frames", count: 3)
    let every = ["--every", "1.5"]
    let text = try Gitc.run(["run", workshop.plan, frames] + every)
    #expect(
      text.lines.map { $0.split(separator: "\t").first.map(String.init) } == [
        "00:00:00.000", "00:00:01.500",
      ])
    let captions = text.lines.map { $0.split(separator: "\t").dropFirst().joined() }
    #expect(
      try Gitc.run(["run", workshop.plan, frames] + every + ["--format", "srt"]).output == """
        1
        00:00:00,000 --> 00:00:01,500
        \(captions[0])

        2
        00:00:01,500 --> 00:00:03,000
        \(captions[1])


        """)
    let answers = try objects(
      Gitc.run(
        ["run", workshop.plan, frames] + every
          + ["--question", "what", "--question", "what moves ?", "--format", "jsonl"]))
    #expect(answers.map { $0["start"] as? Double } == [0, 0, 1.5, 1.5])
    #expect(
      answers.map { $0["question"] as? String } == ["what", "what moves ?", "what", "what moves ?"])

    try workshop.folder.write("frames/2.png", Data([1, 2, 3]))
    let mixed = try Gitc.run(
      ["run", workshop.plan, "/none.png", frames, workshop.folder.path("frames/1.png")]
        + ["--every", "1", "--format", "jsonl"])
    #expect(mixed.status == 65)
    #expect(mixed.errors.split(separator: "\n").count == 2)
    let found = try objects(mixed)
    #expect(found.map { $0["error"] != nil } == [true, false, true, false])
    #expect(found.map { $0["start"] as? Double } == [nil, 0, nil, 0])
    for (option, value) in [("--every", "0"), ("--every", "nan"), ("--batch", "2")] {
      let arguments = ["run", workshop.plan, frames] + (option == "--batch" ? every : [])
      expectError(try Gitc.run(arguments + [option, value]), status: 64, option)
    }
    expectError(
      try Gitc.run(["run", workshop.plan, frames, "--each"] + every), status: 64, "--each")
  }

  @Test("the last caption of a stream of as many parts as frames is the clip's")
  func video() throws {
    let workshop = try TinyWorkshop()
    let clip = workshop.folder.path("clip.mp4")
    do throws(InputError) {
      let writer = try VideoWriter(path: clip, width: 40, height: 36, framesPerSecond: 4)
      for shade in 0..<16 { try writer.append(TinyWorkshop.picture(shade: shade)) }
      try writer.finish()
    } catch {
      guard error.what.contains("video is not available") else { throw error }
      try Test.cancel("libGitcVideo is not built beside the tests")
    }
    let whole = try objects(Gitc.run("run", workshop.plan, clip, "--format", "jsonl"))[0]
    let parts = try objects(
      Gitc.run("run", workshop.plan, clip, "--every", "1", "--format", "jsonl"))
    #expect(parts.map { $0["frames"] as? Int } == [1, 2, 3, 4])
    #expect(parts.map { $0["end"] as? Double } == [1, 2, 3, 4])
    #expect(
      "\(parts.last?["token_logprobs"] ?? "")" == "\(whole["token_logprobs"] ?? "none")")
  }

  @Test("rows of a table are streams of their frames")
  func table() throws {
    let workshop = try TinyWorkshop()
    var writer = try TSVWriter(prefix: workshop.folder.path("x"))
    let images = (0..<3).map { TinyWorkshop.picture(shade: $0).encodedPNG() }
    try writer.append(
      key: "clip", images: images, annotations: [TextSample(key: "clip", caption: "a")])
    try writer.append(
      key: "one", images: [images[0]], annotations: [TextSample(key: "one", caption: "a")])
    try writer.finish()
    let path = workshop.folder.path("x.img.tsv")
    let found = try objects(
      Gitc.run("run", workshop.plan, path, "--every", "1", "--format", "jsonl"))
    #expect(
      found.map { $0["input"] as? String }
        == ["clip", "clip", "clip", "one"].map { "\(path)#\($0)" })
    // Each row is a stream of its own.
    #expect(found.map { $0["frames"] as? Int } == [1, 2, 3, 1])
    #expect(
      "\(found[3]["token_logprobs"] ?? "")" == "\(found[0]["token_logprobs"] ?? "none")")
  }
}
