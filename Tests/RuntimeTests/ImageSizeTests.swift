import Captioning
import Compiler
import Diagnostics
import Formats
import Graph
import Kernels
import Media
import Reference
import Runtime
import Testing

/// One plan, images of several sizes.
struct ImageSizeTests {
  private static let sizes = [(8, 8), (4, 12), (20, 4), (8, 12), (8, 8), (4, 4)].map {
    PixelSize(height: $0, width: $1)
  }

  private static func captioner(_ tiny: TinyCaptioner) throws -> Captioner {
    try Captioner(tiny.model, kernels: KernelSet(), threads: 2)
  }

  /// As in SessionTests, with as many tokens.
  private static let tolerance = 4 * 24 * 8 * 0x1p-24

  @Test func scoresAreTheGraphsForEverySize() throws {
    let tiny = try TinyCaptioner(seed: 41, sizes: .any)
    let session = try tiny.session()
    let (prompt, text) = ([TinyCaptioner.start], [4, 5, 7, TinyCaptioner.end])
    for (index, size) in Self.sizes.enumerated() {
      let pixels = TinyCaptioner.pixels(size: size, seed: UInt64(50 + index))
      let state = try session.encode(pixels, size: size)
      let scores = try session.score(state, prompt: prompt, continuation: text)
      let logits = try tiny.logits(
        pixels, size: size, images: 1, frames: 1, tokens: [prompt + text.dropLast()])
      for (index, token) in text.enumerated() {
        let row = Array(logits.row(index))
        #expect(abs(Double(scores[index]) - (row[token] - logSumExp(row))) < Self.tolerance)
      }
    }
  }

  @Test func atTheSizeOfItsPositionsAPlanOfAnySizeIsThePlanOfThatSize() throws {
    for precision in Precision.allCases {
      let one = try TinyCaptioner(seed: 42, frames: 2, precision: precision)
      let any = try TinyCaptioner(seed: 42, frames: 2, precision: precision, sizes: .any)
      let pixels = TinyCaptioner.pixels(frames: 2, seed: 60)
      func scores(_ tiny: TinyCaptioner) throws -> [Float] {
        let session = try tiny.session()
        return try session.score(
          session.encode(pixels, frames: 2), prompt: [2, 12], continuation: [4, 5, 3])
      }
      #expect(try scores(any) == scores(one), "\(precision)")
    }
  }

  @Test func int8GivesTheSameBitsForAnyThreadsAndKernels() throws {
    let tiny = try TinyCaptioner(seed: 43, precision: .int8, sizes: .any)
    let size = PixelSize(height: 8, width: 20)
    let pixels = TinyCaptioner.pixels(size: size, seed: 61)
    func scores(threads: Int, isa: ISA) throws -> [Float] {
      let session = try tiny.session(threads: threads, isa: isa)
      return try session.score(
        session.encode(pixels, size: size), prompt: [2], continuation: [4, 5, 3])
    }
    let expected = try scores(threads: 1, isa: .scalar)
    for isa in ISA.allCases where isa.isSupported {
      for threads in [1, 3] { #expect(try scores(threads: threads, isa: isa) == expected) }
    }
  }

  @Test func aStateOutlivesTheFunctionsOfOtherSizes() throws {
    let tiny = try TinyCaptioner(seed: 44, sizes: .any)
    let session = try tiny.session()
    func encode(_ index: Int) throws -> ImageState {
      let size = Self.sizes[index]
      return try session.encode(TinyCaptioner.pixels(size: size, seed: 70), size: size)
    }
    func score(_ state: ImageState) throws -> [Float] {
      try session.score(state, prompt: [2], continuation: [4, 5, 3])
    }
    let first = try encode(0)
    let (scores, features) = (try score(first), Array(first.features))
    for index in 1..<4 { _ = try score(encode(index)) }
    #expect(try score(first) == scores)
    #expect(Array(first.features) == features)
    #expect(try score(encode(0)) == scores)
    // Two sizes are kept.
    #expect(session.facts.count { $0.function.hasPrefix("encode") } == 2)
  }

  @Test func positionsAreInterpolatedOnce() throws {
    let tiny = try TinyCaptioner(seed: 45, sizes: .any)
    let one = try TinyCaptioner(seed: 45)
    func calls(_ tiny: TinyCaptioner) throws -> Int? {
      let session = try tiny.session()
      _ = try session.encode(TinyCaptioner.pixels(seed: 71))
      return session.facts.first { $0.function.hasPrefix("encode") }?.facts.calls
    }
    // Every run does what it does in a plan of one size.
    #expect(try calls(tiny) == calls(one))
  }

  @Test func aCaptionerKeepsTheAspect() throws {
    let tiny = try TinyCaptioner(
      seed: 46, precision: .int8, sizes: .any, geometry: .keepAspect(maximumSide: 12))
    let captioner = try Self.captioner(tiny)
    // 30 x 10: 12 x 4, since 24 would be too long; 12 x 10: 9 x 8, of which 8 x 8 is whole patches.
    for (width, height, expected) in [
      (30, 10, PixelSize(height: 4, width: 12)), (12, 10, PixelSize(height: 8, width: 8)),
      (7, 20, PixelSize(height: 8, width: 4)),
    ] {
      let image = RGBImage(
        width: width, height: height,
        pixels: (0..<width * height * 3).map { UInt8(truncatingIfNeeded: $0 * 37) })
      let pixels = try captioner.reader.pixels(of: .frames([image]), name: "image")
      #expect(pixels.size == expected)
      let count = 3 * expected.height * expected.width
      #expect(
        pixels.values.normalised(captioner.session.model.settings.preprocessing, frames: 1).count
          == count)
      let caption = try captioner.caption(rgb: image.pixels, width: width, height: height)
      let found = try captioner.session.generate(
        captioner.session.encode(pixels.values, size: pixels.size), prompt: [2],
        options: SearchOptions(beams: 1, maximumTokens: 40, endID: 3))
      #expect(caption.tokens == found[0].tokens)
      #expect(caption.tokenLogProbs == found[0].tokenLogProbs)
    }
  }

  @Test func whatIsLeftOfPatchesOfAnArrayIsCutOff() throws {
    let tiny = try TinyCaptioner(seed: 47, frames: 2, sizes: .any)
    let captioner = try Self.captioner(tiny)
    let values = TinyCaptioner.pixels(frames: 2, size: PixelSize(height: 9, width: 14), seed: 72)
    let pixels = try captioner.reader.pixels(
      of: .pixels(values, frames: 2, height: 9, width: 14), name: "array")
    #expect(pixels.size == PixelSize(height: 8, width: 12))
    let expected = (0..<6).flatMap { plane in
      (0..<8).flatMap { row in values[((plane * 9 + row) * 14)...].prefix(12) }
    }
    #expect(pixels.values == .normalised(expected))
    let error = #expect(throws: InputError.self) {
      try captioner.reader.pixels(
        of: .pixels([Float](repeating: 0, count: 3 * 3 * 9), frames: 1, height: 3, width: 9),
        name: "array")
    }
    #expect(error?.found == "9 x 3")
  }

  @Test func imagesThatAModelOfAnySizeCannotTakeAreErrors() throws {
    let tiny = try TinyCaptioner(
      seed: 48, frames: 2, sizes: .any, geometry: .keepAspect(maximumSide: 12))
    let captioner = try Self.captioner(tiny)
    func image(_ width: Int, _ height: Int) -> RGBImage {
      RGBImage(
        width: width, height: height, pixels: [UInt8](repeating: 9, count: width * height * 3))
    }
    let thin = #expect(throws: InputError.self) {
      try captioner.reader.pixels(of: .frames([image(50, 10)]), name: "thin.png")
    }
    #expect(thin?.what == "the image is too thin" && thin?.found == "10 x 2")
    let mixed = #expect(throws: InputError.self) {
      try captioner.reader.pixels(of: .frames([image(8, 8), image(12, 4)]), name: "clip")
    }
    #expect(mixed?.what == "the frames have several sizes")
  }

  @Test func aPlanOfOneSizeCannotKeepTheAspect() throws {
    let loaded = try TinyCaptioner(seed: 49).model.loaded
    var plan = loaded.plan
    plan.model?.preprocessing.geometry = .keepAspect(maximumSide: 12)
    let changed = plan
    let error = #expect(throws: InputError.self) {
      try CaptionModel(LoadedPlan(changed, weights: Array(loaded.weights), place: "test.plan"))
    }
    #expect(error?.found == "one size")
  }
}
