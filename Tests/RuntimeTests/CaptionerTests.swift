import Captioning
import Compiler
import Diagnostics
import Formats
import FoundationEssentials
import Kernels
import Media
import Randomness
import Runtime
import Testing
import Tokenizer

/// The whole way from a file to a caption, with a random model.
struct CaptionerTests {
  /// A folder with inputs, gone with the value's last owner.
  final class Inputs {
    let folder = FileManager.default.temporaryDirectory.appending(path: "gitc-\(UUID())")

    init() throws {
      try FileManager.default.createDirectory(
        at: folder.appending(path: "clip"), withIntermediateDirectories: true)
      try write("image.png", Self.image(1).encodedPNG())
      for frame in 0..<5 {
        try write("clip/frame\(frame).png", Self.image(UInt64(frame) + 2).encodedPNG())
      }
      try write("broken.png", [137, 80, 78, 71, 13, 10, 26, 10, 0, 0])
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    func path(_ name: String) -> String { folder.appending(path: name).path }

    func write(_ name: String, _ bytes: [UInt8]) throws {
      try Data(bytes).write(to: folder.appending(path: name))
    }

    static func image(_ seed: UInt64) -> RGBImage {
      var random = SeededRandom(seed)
      return RGBImage(
        width: 12, height: 10, pixels: (0..<360).map { _ in UInt8(random.index(256)) })
    }

    /// A little-endian float32 array of version 1.
    func array(_ name: String, _ shape: [Int], _ values: [Float]) throws {
      let lengths = shape.map(String.init).joined(separator: ", ")
      var header = "{'descr': '<f4', 'fortran_order': False, 'shape': (\(lengths)), }"
      header += String(repeating: " ", count: 117 - header.utf8.count) + "\n"
      try write(
        name,
        [0x93] + Array("NUMPY".utf8) + [1, 0, 118, 0] + Array(header.utf8)
          + values.withUnsafeBytes { Array($0) })
    }
  }

  private static func captioner(frames: Int = 0) throws -> Captioner {
    let tiny = try TinyCaptioner(seed: 31, frames: frames, precision: .int8)
    return try Captioner(tiny.model, kernels: KernelSet(), threads: 2)
  }

  @Test func aCaptionIsWhatTheSessionFinds() throws {
    let (inputs, captioner) = (try Inputs(), try Self.captioner())
    let path = inputs.path("image.png")
    let caption = try captioner.caption(
      path: path,
      options: CaptionOptions(question: "what moves?", beams: 3, maximumTokens: 5, alternatives: 2))
    let pixels = captioner.preprocessing.pixels(of: Inputs.image(1))
    let state = try captioner.session.encode(pixels)
    let prompt = [2, 12, 9, 11]
    let found = try captioner.session.generate(
      state, prompt: prompt, options: SearchOptions(beams: 3, maximumTokens: 5, endID: 3))
    #expect(caption.input == path)
    #expect(caption.tokens == found[0].tokens)
    #expect(caption.tokens.starts(with: prompt))
    #expect(caption.tokenLogProbs == found[0].tokenLogProbs)
    #expect(caption.logProb == found[0].logProb)
    #expect(caption.score == found[0].score)
    #expect(caption.frames == 1)
    #expect(
      caption.caption == captioner.tokenizer.decode(Array(found[0].tokens.dropFirst(4))))
    #expect(caption.alternatives?.map(\.tokens) == found.prefix(2).map(\.tokens))
    let timing = caption.timing
    #expect(
      timing.total == timing.decode + timing.encode + timing.prefix + timing.steps)
    #expect(timing.decode > 0 && timing.encode > 0 && timing.prefix > 0 && timing.steps > 0)
  }

  @Test func aPictureInMemoryIsCaptionedAsItsFile() throws {
    let (inputs, captioner) = (try Inputs(), try Self.captioner())
    let file = try captioner.caption(path: inputs.path("image.png"))
    let memory = try captioner.caption(
      rgb: Inputs.image(1).pixels, width: 12, height: 10, name: "x")
    #expect(memory.tokens == file.tokens && memory.tokenLogProbs == file.tokenLogProbs)
    #expect(memory.input == "x")
    #expect(memory.alternatives == nil)
  }

  @Test func aClipGivesAsManyFramesAsTheModelTakes() throws {
    let inputs = try Inputs()
    let video = try Self.captioner(frames: 3)
    let clip = inputs.path("clip")
    #expect(try video.caption(path: clip).frames == 3)
    #expect(try video.caption(path: clip, options: CaptionOptions(frames: 2)).frames == 2)
    #expect(try video.caption(path: inputs.path("image.png")).frames == 1)
    // A model of images sees the middle one.
    let still = try Self.captioner()
    let middle = try still.caption(path: inputs.path("clip/frame2.png"))
    let caption = try still.caption(path: clip)
    #expect(caption.frames == 1)
    #expect(caption.tokens == middle.tokens && caption.tokenLogProbs == middle.tokenLogProbs)
  }

  @Test func anArrayOfPixelsIsTakenAsItIs() throws {
    let inputs = try Inputs()
    let video = try Self.captioner(frames: 3)
    let images = (0..<3).map { Inputs.image(UInt64($0) + 2) }
    let values = images.flatMap { video.preprocessing.pixels(of: $0) }
    try inputs.array("clip.npy", [3, 3, 8, 8], values)
    let fromPixels = try video.caption(path: inputs.path("clip.npy"))
    let fromImages = try video.caption(
      of: video.encode(video.reader.pixels(of: .frames(images), name: "images")))
    #expect(fromPixels.tokenLogProbs == fromImages.tokenLogProbs)
    #expect(fromPixels.frames == 3)
    try inputs.array("wide.npy", [3, 8, 9], [Float](repeating: 0, count: 216))
    let error = #expect(throws: InputError.self) {
      try video.caption(path: inputs.path("wide.npy"))
    }
    #expect(error?.what == "the pixels have the wrong size")
  }

  @Test func severalInputsAtOnceGiveWhatEachGivesAlone() throws {
    let captioner = try Self.captioner()
    let options = CaptionOptions(beams: 2, maximumTokens: 6)
    let inputs = try (0..<3).map { index in
      try captioner.reader.pixels(of: .frames([Inputs.image(UInt64(index))]), name: "\(index)")
    }
    let together = try captioner.captions(of: captioner.encode(inputs), options: options)
    for (input, caption) in zip(inputs, together) {
      let alone = try captioner.caption(of: captioner.encode(input), options: options)
      #expect(caption.input == input.name)
      #expect(caption.tokens == alone.tokens && caption.tokenLogProbs == alone.tokenLogProbs)
    }
  }

  @Test func aScoreIsTheSumOfTheTextsTokens() throws {
    let (inputs, captioner) = (try Inputs(), try Self.captioner())
    let path = inputs.path("image.png")
    let score = try captioner.score(path: path, text: "a red circle", question: "what")
    #expect(score.tokens == [2, 12, 4, 5, 7, 3])
    #expect(score.tokenLogProbs.count == 4)
    #expect(score.logProb == score.tokenLogProbs.reduce(0) { $0 + Double($1) })
    #expect(score.text == "a red circle" && score.question == "what" && score.input == path)
    // What was generated scores what its search said.
    let caption = try captioner.caption(path: path, options: CaptionOptions(maximumTokens: 3))
    if caption.tokens.last == 3 {
      let again = try captioner.score(path: path, text: caption.caption)
      #expect(again.tokenLogProbs == caption.tokenLogProbs)
    }
  }

  @Test func resultsEncodeWithTheNamesUsersKnow() throws {
    let (inputs, captioner) = (try Inputs(), try Self.captioner())
    let path = inputs.path("image.png")
    func keys(_ value: some Encodable) throws -> [String] {
      let text = String(decoding: try JSONEncoder().encode(value), as: UTF8.self)
      return text.split(separator: "\"").map(String.init).enumerated()
        .filter { $0.offset % 2 == 1 }.map(\.element)
    }
    let caption = try captioner.caption(
      path: path, options: CaptionOptions(beams: 2, alternatives: 1))
    let captionKeys = try keys(caption)
    for key in [
      "input", "caption", "tokens", "token_logprobs", "logprob", "score", "frames", "timing_ms",
      "decode", "encode", "prefix", "steps", "total", "alternatives",
    ] { #expect(captionKeys.contains(key), "\(key)") }
    let score = try captioner.score(path: path, text: "a")
    let scoreKeys = try keys(score)
    for key in ["input", "text", "question", "tokens", "token_logprobs", "logprob"] {
      #expect(scoreKeys.contains(key), "\(key)")
    }
    let copy = try JSONDecoder().decode(Score.self, from: JSONEncoder().encode(score))
    #expect(copy == score)
  }

  @Test(arguments: [
    CaptionOptions(beams: 0), CaptionOptions(beams: 65), CaptionOptions(maximumTokens: 0),
    CaptionOptions(frames: 0), CaptionOptions(frames: 4), CaptionOptions(beams: 2, alternatives: 3),
    CaptionOptions(alternatives: -1), CaptionOptions(alternatives: 2, search: .original),
    CaptionOptions(lengthPenalty: .infinity), CaptionOptions(beams: 2, sampling: .init()),
    CaptionOptions(search: .original, sampling: .init()),
    CaptionOptions(sampling: .init(temperature: 0)),
    CaptionOptions(sampling: .init(temperature: 1e-60)),
    CaptionOptions(sampling: .init(temperature: .nan)), CaptionOptions(sampling: .init(topK: 0)),
    CaptionOptions(sampling: .init(topP: 0)), CaptionOptions(sampling: .init(topP: 1.1)),
    CaptionOptions(alternatives: 65, sampling: .init()),
  ])
  func optionsOutOfRangeAreRefused(_ options: CaptionOptions) throws {
    let (inputs, captioner) = (try Inputs(), try Self.captioner(frames: 3))
    let error = #expect(throws: InputError.self) {
      try captioner.caption(path: inputs.path("image.png"), options: options)
    }
    #expect(error?.kind == .usage)
  }

  @Test func badInputsAndMachinesAreErrors() throws {
    let (inputs, captioner) = (try Inputs(), try Self.captioner())
    func kind(_ body: () throws -> Void) -> InputError.Kind? {
      #expect(throws: InputError.self, performing: body)?.kind
    }
    #expect(kind { _ = try captioner.caption(path: inputs.path("none.png")) } == .noInput)
    #expect(kind { _ = try captioner.caption(path: inputs.path("broken.png")) } == .badData)
    #expect(kind { _ = try Captioner(plan: inputs.path("none.plan")) } == .noInput)
    #expect(kind { _ = try Captioner(plan: inputs.path("image.png")) } == .badData)
    #expect(kind { _ = try Captioner(plan: inputs.path("image.png"), isa: "sse2") } == .usage)
    let tiny = try TinyCaptioner(seed: 32)
    #expect(
      kind { _ = try Captioner(tiny.model, kernels: KernelSet(), threads: 0) } == .usage)
  }

  @Test func aLongQuestionLosesItsBeginning() throws {
    // The tiny model has eight positions: [CLS], six of the question, and one of an answer.
    let captioner = try Self.captioner()
    #expect(
      captioner.prompt("a a a red blue circle moves left ?") == [2, 5, 6, 7, 9, 10, 11])
    // As the original: first the end of what is beyond 40 tokens is lost, then the beginning of
    // what is beyond 38.
    let long = try TinyCaptioner(seed: 31, maximumTextLength: 1024)
    let roomy = try Captioner(long.model, kernels: KernelSet(), threads: 2)
    let words = Array(repeating: ["a", "red", "blue", "circle", "moves"], count: 9).flatMap { $0 }
    let ids = roomy.tokenizer.encode(words.joined(separator: " "))
    #expect(ids.count == 45)
    for count in [0, 1, 37, 38, 39, 40] {
      let question = words.prefix(count).joined(separator: " ")
      #expect(roomy.prompt(question) == [2] + ids.prefix(count).suffix(38))
    }
    #expect(roomy.prompt(words.joined(separator: " ")) == [2] + ids[2..<40])
    #expect(captioner.prompt(nil) == [2])
    #expect(captioner.prompt("") == [2])
  }
}
