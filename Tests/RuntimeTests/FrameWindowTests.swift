import Captioning
import Compiler
import Diagnostics
import Formats
import Graph
import Kernels
import Media
import Runtime
import Testing

/// Frames that are looked at once, in clips and in streams.
struct FrameWindowTests {
  private static func captioner(
    frames: Int = 3, geometry: Preprocessing.Geometry = .centerCrop(.halfEven)
  ) throws -> Captioner {
    var sizes = false
    if case .keepAspect = geometry { sizes = true }
    let tiny = try TinyCaptioner(
      seed: 51, frames: frames, precision: .int8, sizes: sizes ? .any : .one, geometry: geometry)
    return try Captioner(tiny.model, kernels: KernelSet(), threads: 2)
  }

  private static func images(_ seeds: [UInt64]) -> [RGBImage] {
    seeds.map { CaptionerTests.Inputs.image($0) }
  }

  /// The bits of the logits of a text, which tell apart what the model saw.
  private static func bits(_ captioner: Captioner, _ input: EncodedInput) throws -> [UInt32] {
    try captioner.session.logits(input.state, tokens: [2, 5, 7])[0].map(\.bitPattern)
  }

  /// Of a clip, all of whose frames a captioner of its own encodes.
  private static func clip(_ images: [RGBImage]) throws -> [UInt32] {
    let captioner = try captioner()
    let pixels = try captioner.reader.pixels(of: .frames(images), name: "clip")
    return try bits(captioner, captioner.encode(pixels))
  }

  /// By count of frames, how often the encoder ran.
  private static func runs(_ captioner: Captioner, _ function: String) -> [String: Int] {
    let all = captioner.session.facts.filter { $0.function.hasPrefix(function) }
    return Dictionary(uniqueKeysWithValues: all.map { ($0.function, $0.runs) })
  }

  @Test func equalFramesOfAClipAreEncodedOnce() throws {
    for (seeds, kinds) in [([1, 2, 3], 3), ([1, 2, 1], 2), ([4, 4, 4], 1), ([1, 2, 2], 2)] {
      let captioner = try Self.captioner()
      let images = Self.images(seeds.map(UInt64.init))
      let pixels = try captioner.reader.pixels(of: .frames(images), name: "clip")
      let found = try Self.bits(captioner, captioner.encode(pixels))
      #expect(Self.runs(captioner, "encode") == ["encode, \(kinds) frames of 8 x 8": 1])
      // Each frame by itself.
      let alone = try Self.captioner()
      guard case .samples(let samples) = pixels.values else {
        Issue.record("images are samples")
        return
      }
      let size = samples.count / 3
      let features = try (0..<3).map {
        try alone.session.features(.samples(Array(samples[$0 * size..<($0 + 1) * size])))
      }
      let state = try alone.session.state(of: features)
      #expect(try alone.session.logits(state, tokens: [2, 5, 7])[0].map(\.bitPattern) == found)
    }
  }

  @Test func framesThatDifferInOneBitAreNotEqual() throws {
    let tiny = try TinyCaptioner(seed: 52, frames: 2, precision: .int8)
    let session = try tiny.session()
    var pixels = TinyCaptioner.pixels(seed: 80)
    pixels[pixels.count - 1] = 0
    var other = pixels
    other[other.count - 1] = -0.0
    _ = try session.encode(pixels + other, frames: 2)
    _ = try session.encode(pixels + pixels, frames: 2)
    let known = try session.features(.normalised(pixels))
    #expect(try session.features(.normalised(pixels), known: [known]) === known)
    #expect(try session.features(.normalised(other), known: [known]) !== known)
    #expect(
      session.facts.filter { $0.function.hasPrefix("encode") }.map(\.function) == [
        "encode, 1 frames of 8 x 8", "encode, 2 frames of 8 x 8",
      ])
  }

  @Test func equalImagesOfABatchAreEncodedOnceAndSaidTwice() throws {
    let captioner = try Self.captioner()
    let inputs = try [1, 2, 1, 1].map {
      try captioner.reader.pixels(of: .frames(Self.images([$0])), name: "\($0)")
    }
    let found = try captioner.captions(of: captioner.encode(inputs), options: CaptionOptions())
    #expect(Self.runs(captioner, "encode") == ["encode, 2 frames of 8 x 8": 1])
    #expect(found.map(\.input) == ["1", "2", "1", "1"])
    for (input, caption) in zip(inputs, found) {
      let alone = try captioner.caption(of: captioner.encode(input))
      #expect(caption.tokenLogProbs == alone.tokenLogProbs)
    }
  }

  @Test func aWindowSeesWhatAClipOfItsFramesShows() throws {
    let captioner = try Self.captioner()
    let window = try FrameWindow(captioner)
    // Frames that are new, that were the last, that the window still has, and that it had.
    let stream: [UInt64] = [1, 2, 3, 4, 4, 5, 4, 1, 1, 1]
    var (encoded, latest): (Int, [UInt64]) = (0, [])
    for seed in stream {
      if !latest.contains(seed) { encoded += 1 }
      latest = (latest + [seed]).suffix(3)
      let image = Self.images([seed])[0]
      try window.append(rgb: image.pixels, width: image.width, height: image.height)
      let input = try window.encoded(name: "stream")
      #expect(input.name == "stream" && input.frames == latest.count)
      #expect(try Self.bits(captioner, input) == Self.clip(Self.images(latest)), "\(latest)")
      #expect(Self.runs(captioner, "encode") == ["encode, 1 frames of 8 x 8": encoded])
    }
  }

  @Test func aWindowOfTheSameFramesIsNotLookedAtAgain() throws {
    let captioner = try Self.captioner()
    let window = try FrameWindow(captioner, frames: 2)
    func append(_ seed: UInt64) throws {
      let image = Self.images([seed])[0]
      try window.append(rgb: image.pixels, width: image.width, height: image.height)
    }
    for _ in 0..<2 { try append(1) }
    let first = try window.caption(name: "a")
    let before = Self.runs(captioner, "prefix")
    try append(1)
    let second = try window.caption(name: "b", options: CaptionOptions(question: "what"))
    let third = try window.caption()
    #expect(Self.runs(captioner, "prefix") == before)
    #expect(first.tokens == third.tokens && second.question == "what")
    #expect(first.timing.encode > 0 && first.timing.prefix > 0)
    #expect(second.timing.encode == 0 && second.timing.prefix == 0 && second.timing.decode > 0)
    #expect(third.timing.total == third.timing.steps)
    try append(2)
    let fourth = try window.caption()
    #expect(Self.runs(captioner, "prefix") != before)
    #expect(fourth.timing.encode > 0 && fourth.timing.prefix > 0)
  }

  @Test func whatAWindowShowedStaysAsItWas() throws {
    let captioner = try Self.captioner()
    let window = try FrameWindow(captioner)
    var inputs: [(EncodedInput, [UInt32])] = []
    for seed: UInt64 in 1...4 {
      let image = Self.images([seed])[0]
      try window.append(rgb: image.pixels, width: image.width, height: image.height)
      let input = try window.encoded()
      inputs.append((input, try Self.bits(captioner, input)))
    }
    for (input, bits) in inputs { #expect(try Self.bits(captioner, input) == bits) }
  }

  @Test func aLongStreamKeepsFewFunctions() throws {
    let captioner = try Self.captioner(frames: 6)
    let window = try FrameWindow(captioner)
    for seed: UInt64 in 1...12 {
      let image = Self.images([seed])[0]
      try window.append(rgb: image.pixels, width: image.width, height: image.height)
      _ = try window.caption()
    }
    // Of one to six frames, those of five and six are left.
    #expect(
      Self.runs(captioner, "prefix").keys.sorted() == [
        "prefix, 1 of 5 frames", "prefix, 1 of 6 frames",
      ])
    #expect(Self.runs(captioner, "encode").values.reduce(0, +) == 12)
  }

  @Test func framesOfAnotherSizeAreRefused() throws {
    let captioner = try Self.captioner(geometry: .keepAspect(maximumSide: 16))
    let window = try FrameWindow(captioner)
    func append(_ width: Int, _ height: Int) throws {
      try window.append(
        rgb: [UInt8](repeating: 90, count: width * height * 3), width: width, height: height)
    }
    try append(8, 8)
    let before = try window.caption()
    let error = #expect(throws: InputError.self) { try append(16, 8) }
    #expect(error?.kind == .badData && error?.what == "the frames have several sizes")
    #expect(try window.caption().tokenLogProbs == before.tokenLogProbs)
    for frames in [0, 4] {
      let error = #expect(throws: InputError.self) { try FrameWindow(captioner, frames: frames) }
      #expect(error?.kind == .usage)
    }
    // A window of one frame has none that its size could differ from.
    let single = try FrameWindow(captioner, frames: 1)
    for width in [8, 16] {
      try single.append(
        rgb: [UInt8](repeating: 90, count: width * 8 * 3), width: width, height: 8)
      #expect(try single.caption().frames == 1)
    }
  }
}
