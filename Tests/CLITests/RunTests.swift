import Data
import Diagnostics
import Foundation
import Media
import Testing

@Suite("gitc run", .enabled(if: Gitc.isBuilt, "gitc is not built beside the tests"))
struct RunTests {
  /// The objects of a run's JSON, each of which has every field of a caption.
  private func captions(_ outcome: Gitc.Outcome) throws -> [[String: Any]] {
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(outcome.errors.isEmpty)
    return try #require(outcome.json() as? [[String: Any]])
  }

  @Test("an image gives its caption alone; every field of its JSON fits the others")
  func image() throws {
    let workshop = try TinyWorkshop()
    let picture = try workshop.picture("a.png", shade: 1)
    let text = try Gitc.run("run", workshop.plan, picture)
    #expect(text.status == 0, "\(text.errors)")
    #expect(text.lines.count == 1 && text.errors.isEmpty)

    let json = try captions(Gitc.run("run", workshop.plan, picture, "--format", "json"))
    try #require(json.count == 1)
    #expect(json[0]["input"] as? String == picture)
    #expect(json[0]["caption"] as? String == text.lines.first)
    #expect(json[0]["frames"] as? Int == 1)
    try expectConsistent(json[0])
    let tokens = try #require(json[0]["tokens"] as? [Int])
    #expect(tokens.first == 2, "[CLS]")
    let timing = try #require(json[0]["timing_ms"] as? [String: Double])
    let parts = ["decode", "encode", "prefix", "steps"].compactMap { timing[$0] }
    #expect(parts.count == 4)
    // A sum of four doubles differs from another order's by a few roundings.
    let total = try #require(timing["total"])
    #expect(abs(parts.reduce(0, +) - total) <= 8 * total.ulp)
  }

  @Test("--exif turns photos upright")
  func exif() throws {
    let workshop = try TinyWorkshop()
    let root = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3)
    let photo = root.joined(separator: "/") + "/Tools/goldens/media/upright-6.jpg"
    let turned = try RGBImage.read(path: photo, upright: true)
    try workshop.folder.write("turned.png", Data(turned.encodedPNG()))
    func logprob(_ arguments: String...) throws -> Double? {
      try captions(Gitc.run(["run", workshop.plan] + arguments + ["--format", "json"]))
        .first?["logprob"] as? Double
    }
    let upright = try logprob(photo, "--exif")
    #expect(try upright == logprob(workshop.folder.path("turned.png")))
    #expect(try upright != logprob(photo))
  }

  @Test("captions depend on the picture, and end")
  func captions() throws {
    let workshop = try TinyWorkshop()
    let paths = try (0..<8).map { try workshop.picture("\($0).png", shade: $0) }
    let found = try captions(Gitc.run(["run", workshop.plan] + paths + ["--format", "json"]))
    #expect(Set(found.compactMap { $0["caption"] as? String }).count > 2)
    #expect(found.contains { ($0["tokens"] as? [Int])?.last == 3 })
  }

  /// The sums and counts that hold for every caption.
  private func expectConsistent(
    _ caption: [String: Any], prompt: Int = 1, at location: SourceLocation = #_sourceLocation
  ) throws {
    let tokens = try #require(caption["tokens"] as? [Int], sourceLocation: location)
    let logprobs = try #require(
      caption["token_logprobs"] as? [Double], sourceLocation: location)
    let sum = try #require(caption["logprob"] as? Double, sourceLocation: location)
    #expect(logprobs.count == tokens.count - prompt, sourceLocation: location)
    #expect(logprobs.allSatisfy { $0 <= 0 }, sourceLocation: location)
    // Each was rounded to a float, the sum was not: half an ulp of a float each.
    let bound = logprobs.reduce(0) { $0 + abs($1) } * 0x1p-23
    #expect(abs(logprobs.reduce(0, +) - sum) <= bound, sourceLocation: location)
    #expect(caption["score"] is Double, sourceLocation: location)
  }

  @Test("a folder is a clip; with --each it is its images")
  func folders() throws {
    let workshop = try TinyWorkshop()
    let frames = try workshop.pictures("clip-frames", count: 10)
    let clip = try captions(Gitc.run("run", workshop.plan, frames, "--format", "json"))
    #expect(clip.map { $0["frames"] as? Int } == [4], "the model takes 4")
    let two = try captions(
      Gitc.run("run", workshop.plan, frames, "--frames", "2", "--format", "json"))
    #expect(two.map { $0["frames"] as? Int } == [2])
    let each = try captions(Gitc.run("run", workshop.plan, frames, "--each", "--format", "json"))
    #expect(
      each.map { $0["input"] as? String } == (1...10).map { "\(frames)/\($0).png" },
      "in natural order")
    #expect(each.allSatisfy { $0["frames"] as? Int == 1 })
  }

  @Test("beam search tells the K best, best first")
  func beams() throws {
    let workshop = try TinyWorkshop()
    let picture = try workshop.picture("a.png", shade: 2)
    let found = try captions(
      Gitc.run(
        "run", workshop.plan, picture, "--beam", "4", "--alternatives", "3", "--format", "json"))
    let alternatives = try #require(found.first?["alternatives"] as? [[String: Any]])
    #expect(alternatives.count == 3)
    let scores = alternatives.compactMap { $0["score"] as? Double }
    #expect(scores == scores.sorted(by: >) && scores.first == found[0]["score"] as? Double)
    for alternative in alternatives { try expectConsistent(alternative) }
    expectError(
      try Gitc.run("run", workshop.plan, picture, "--alternatives", "2"), status: 64,
      "alternatives", "found 2")
  }

  @Test("a question stands between [CLS] and the answer")
  func question() throws {
    let workshop = try TinyWorkshop()
    let picture = try workshop.picture("a.png", shade: 3)
    let found = try captions(
      Gitc.run(
        "run", workshop.plan, picture, "--question", "what moves?", "--format", "json"))
    let tokens = try #require(found.first?["tokens"] as? [Int])
    #expect(tokens.prefix(4) == [2, 6, 12, 5])
    try expectConsistent(found[0], prompt: 4)
  }

  @Test("--max-tokens bounds what is generated")
  func length() throws {
    let workshop = try TinyWorkshop()
    let picture = try workshop.picture("a.png", shade: 4)
    let found = try captions(
      Gitc.run("run", workshop.plan, picture, "--max-tokens", "1", "--format", "json"))
    #expect((found.first?["token_logprobs"] as? [Double])?.count == 1)
  }

  @Test(
    "a damaged image has its error in its place, the others go on",
    arguments: ["json", "jsonl", "text"])
  func damaged(format: String) throws {
    let workshop = try TinyWorkshop()
    let paths = [
      try workshop.picture("a.png", shade: 5), workshop.folder.path("bad.png"),
      workshop.folder.path("missing.png"), try workshop.picture("c.png", shade: 6),
    ]
    try workshop.folder.write(
      "bad.png", Data(contentsOf: workshop.folder.url("a.png")).prefix(60))
    let outcome = try Gitc.run(["run", workshop.plan] + paths + ["--format", format])
    #expect(outcome.status == 65)
    let errors = outcome.errors.split(separator: "\n")
    #expect(errors.count == 2 && errors.allSatisfy { $0.hasPrefix("gitc: error: ") })
    #expect(errors.first?.contains("bad.png") == true)
    if format == "text" {
      #expect(
        outcome.lines.map { $0.split(separator: "\t").first.map(String.init) }
          == [paths[0], paths[3]])
      return
    }
    let objects =
      format == "json"
      ? try #require(outcome.json() as? [[String: Any]])
      : try outcome.lines.map {
        try #require(JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
      }
    #expect(objects.map { $0["input"] as? String } == paths)
    #expect(objects.map { $0["caption"] != nil } == [true, false, false, true])
    #expect(objects[1].count == 2 && objects[2].count == 2, "input and error alone")
    #expect(
      objects.compactMap { $0["error"] as? String }
        == errors.map { String($0.dropFirst("gitc: error: ".count)) })
  }

  @Test("a single input that is missing or damaged decides the exit code")
  func single() throws {
    let workshop = try TinyWorkshop()
    expectError(try Gitc.run("run", workshop.plan, "/none.png"), status: 66, "/none.png")
    try workshop.folder.write("empty.png", Data())
    expectError(
      try Gitc.run("run", workshop.plan, workshop.folder.path("empty.png")), status: 65)
  }

  @Test("a dash takes paths from stdin")
  func stdin() throws {
    let workshop = try TinyWorkshop()
    let paths = try ["a.png", "b.png"].map { try workshop.picture($0, shade: $0.count) }
    let listed = try Gitc.run(
      "run", workshop.plan, "-", input: paths.joined(separator: "\n") + "\n\n")
    #expect(listed.status == 0, "\(listed.errors)")
    #expect(try listed.output == Gitc.run(["run", workshop.plan] + paths).output)
    #expect(listed.lines.count == 2)
    #expect(try Gitc.run("run", workshop.plan, "-", "--format", "json").output == "[\n]\n")
  }

  @Test("a table gives a result per row, the same as of the files")
  func table() throws {
    let workshop = try TinyWorkshop()
    var writer = try TSVWriter(prefix: workshop.folder.path("x"))
    let image = TinyWorkshop.picture(shade: 1).encodedPNG()
    let other = TinyWorkshop.picture(shade: 2).encodedPNG()
    try writer.append(
      key: "one", images: [image], annotations: [TextSample(key: "one", caption: "a")])
    try writer.append(
      key: "clip", images: [image, other], annotations: [TextSample(key: "clip", caption: "a")])
    try writer.finish()
    let path = workshop.folder.path("x.img.tsv")
    let rows = try captions(Gitc.run("run", workshop.plan, path, "--format", "json"))
    #expect(rows.map { $0["input"] as? String } == ["\(path)#one", "\(path)#clip"])
    #expect(rows.map { $0["frames"] as? Int } == [1, 2])
    let file = try workshop.picture("a.png", shade: 1)
    let single = try captions(Gitc.run("run", workshop.plan, file, "--format", "json"))
    #expect(rows[0]["token_logprobs"] as? [Double] == single[0]["token_logprobs"] as? [Double])
  }

  @Test("an array of normalised pixels is an image, or a clip")
  func arrays() throws {
    let workshop = try TinyWorkshop()
    for (shape, frames) in [([3, 32, 32], 1), ([6, 3, 32, 32], 4)] {
      let count = shape.reduce(1, *)
      let values = (0..<count).map { Float($0 * 37 % 101) / 50 - 1 }
      var header =
        "{'descr': '<f4', 'fortran_order': False, 'shape': "
        + "(\(shape.map(String.init).joined(separator: ", "))), }"
      header += String(repeating: " ", count: 117 - header.utf8.count) + "\n"
      let bytes =
        [0x93] + Array("NUMPY".utf8) + [1, 0, 118, 0] + Array(header.utf8)
        + values.withUnsafeBytes { Array($0) }
      try workshop.folder.write("x.npy", Data(bytes))
      let found = try captions(
        Gitc.run("run", workshop.plan, workshop.folder.path("x.npy"), "--format", "json"))
      #expect(found.map { $0["frames"] as? Int } == [frames])
    }
  }

  @Test("inputs of all kinds go together, from the command line and from stdin")
  func mixture() throws {
    let workshop = try TinyWorkshop()
    let picture = try workshop.picture("a.png", shade: 1)
    let folder = try workshop.pictures("clip", count: 3)
    var writer = try TSVWriter(prefix: workshop.folder.path("x"))
    try writer.append(
      key: "one", images: [TinyWorkshop.picture(shade: 1).encodedPNG()],
      annotations: [TextSample(key: "one", caption: "a")])
    try writer.finish()
    let inputs = [picture, folder, workshop.folder.path("x.img.tsv")]
    let names = [picture, folder, "\(inputs[2])#one"]
    let listed = try captions(
      Gitc.run(
        "run", workshop.plan, "-", picture, "--format", "json",
        input: inputs.joined(separator: "\n")))
    #expect(listed.map { $0["input"] as? String } == names + [picture])
    #expect(listed.map { $0["frames"] as? Int } == [1, 3, 1, 1])
    // With --each a file is what it is without.
    let each = try captions(
      Gitc.run(["run", workshop.plan] + inputs + ["--each", "--format", "json"]))
    #expect(
      each.map { $0["input"] as? String }
        == [picture] + (1...3).map { "\(folder)/\($0).png" } + [names[2]])
    expectError(
      try Gitc.run("run", workshop.plan, "/none", "--each"), status: 65, "/none")
  }

  @Test("subtitles: a second for each input")
  func subtitles() throws {
    let workshop = try TinyWorkshop()
    let paths = try (0..<2).map { try workshop.picture("\($0).png", shade: $0) }
    let lines = try paths.map { try Gitc.run("run", workshop.plan, $0).lines[0] }
    #expect(
      try Gitc.run(["run", workshop.plan] + paths + ["--format", "srt"]).output == """
        1
        00:00:00,000 --> 00:00:01,000
        \(lines[0])

        2
        00:00:01,000 --> 00:00:02,000
        \(lines[1])


        """)
    #expect(
      try Gitc.run(["run", workshop.plan] + paths + ["--format", "vtt"]).output == """
        WEBVTT

        00:00:00.000 --> 00:00:01.000
        \(lines[0])

        00:00:01.000 --> 00:00:02.000
        \(lines[1])

        """)
  }

  @Test("a video's cue lasts as long as the video")
  func video() throws {
    let workshop = try TinyWorkshop()
    let clip = workshop.folder.path("clip.mp4")
    do throws(InputError) {
      let writer = try VideoWriter(path: clip, width: 40, height: 36, framesPerSecond: 4)
      for shade in 0..<14 { try writer.append(TinyWorkshop.picture(shade: shade)) }
      try writer.finish()
    } catch {
      guard error.what.contains("video is not available") else { throw error }
      try Test.cancel("libGitcVideo is not built beside the tests")
    }
    let outcome = try Gitc.run(
      "run", workshop.plan, clip, try workshop.picture("a.png", shade: 1), "--format", "srt")
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(outcome.lines.contains("00:00:00,000 --> 00:00:03,500"))
    #expect(outcome.lines.contains("00:00:03,500 --> 00:00:04,500"))
  }

  @Test("-o writes the file that stdout would have got, and stdout gets nothing")
  func output() throws {
    let workshop = try TinyWorkshop()
    let picture = try workshop.picture("a.png", shade: 1)
    let target = workshop.folder.path("captions.txt")
    let outcome = try Gitc.run("run", workshop.plan, picture, "-o", target)
    #expect(outcome.status == 0 && outcome.output.isEmpty)
    #expect(
      try String(contentsOfFile: target, encoding: .utf8)
        == Gitc.run("run", workshop.plan, picture).output)
    expectError(
      try Gitc.run("run", workshop.plan, picture, "-o", "/none/captions.txt"), status: 66, "/none")
  }

  @Test("threads and instruction sets do not change an int8 plan's captions")
  func machines() throws {
    let workshop = try TinyWorkshop()
    let frames = try workshop.pictures("f", count: 3)
    func bits(_ more: String...) throws -> [Double]? {
      let found = try captions(Gitc.run(["run", workshop.plan, frames, "--format", "json"] + more))
      return found.first?["token_logprobs"] as? [Double]
    }
    let first = try bits("--threads", "1")
    #expect(try bits("--threads", "3") == first && first != nil)
    #expect(try bits("--isa", "scalar") == first)
  }

  @Test("refuses a plan that is none")
  func plan() throws {
    let workshop = try TinyWorkshop()
    let picture = try workshop.picture("a.png", shade: 1)
    expectError(try Gitc.run("run", picture, picture), status: 65, "a.png")
    expectError(try Gitc.run("run", "/none.plan", picture), status: 66, "/none.plan")
  }
}
