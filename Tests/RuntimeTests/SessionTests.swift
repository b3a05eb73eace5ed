import Compiler
import Diagnostics
import Formats
import Kernels
import Reference
@testable import Runtime
import Testing

/// A session against the graph its plan was compiled from.
struct SessionTests {
  /// Of a log-probability: four layers of rows of about unit size, sums of up to 24 terms, each
  /// rounded in binary32 a few times; measured differences are a tenth of it.
  private static let tolerance = 4 * 24 * 8 * 0x1p-24

  @Test(arguments: [(1, 0), (1, 3), (3, 3)])
  func scoresAreTheGraphsLogProbabilities(frames: Int, temporal: Int) throws {
    let captioner = try TinyCaptioner(seed: 3, frames: temporal)
    let pixels = TinyCaptioner.pixels(frames: frames, seed: 21)
    let session = try captioner.session()
    let state = try session.encode(pixels, frames: frames)
    let (prompt, text) = ([TinyCaptioner.start, 12], [4, 5, 7, 10, TinyCaptioner.end])
    let scores = try session.score(state, prompt: prompt, continuation: text)
    let logits = try captioner.logits(
      pixels, images: 1, frames: frames, tokens: [prompt + text.dropLast()])
    for (index, token) in text.enumerated() {
      let row = Array(logits.row(prompt.count - 1 + index))
      let expected = row[token] - logSumExp(row)
      #expect(abs(Double(scores[index]) - expected) < Self.tolerance)
    }
    #expect(scores.count == text.count)
    #expect(try session.score(state, prompt: prompt, continuation: []).isEmpty)
  }

  @Test(arguments: [1, 2, 4], [(1, 1), (2, 1), (2, 2)])
  func searchesFindWhatTheGraphSays(beams: Int, sizes: (images: Int, frames: Int)) throws {
    let captioner = try TinyCaptioner(seed: 4, frames: 2)
    let pixels = TinyCaptioner.pixels(images: sizes.images, frames: sizes.frames, seed: 22)
    let session = try captioner.session()
    let state = try session.encode(pixels, images: sizes.images, frames: sizes.frames)
    let options = SearchOptions(beams: beams, maximumTokens: 20, endID: TinyCaptioner.end)
    for prompt in [[TinyCaptioner.start], [TinyCaptioner.start, 12, 13]] {
      let found = try session.generateAll(state, prompt: prompt, options: options)
      let expected = try Search.run(
        ReferenceModel(captioner, pixels, frames: sizes.frames), images: sizes.images,
        prompt: prompt, options: options)
      for (generations, wanted) in zip(found, expected) {
        #expect(generations.map(\.tokens) == wanted.map(\.tokens))
        for (generation, other) in zip(generations, wanted) {
          #expect(abs(generation.score - other.score) < Self.tolerance)
        }
      }
    }
  }

  @Test func aGeneratedTextScoresWhatItsStepsSaid() throws {
    let captioner = try TinyCaptioner(seed: 5, precision: .int8)
    let session = try captioner.session()
    let state = try session.encode(TinyCaptioner.pixels(seed: 23))
    let prompt = [TinyCaptioner.start]
    let generations = try session.generate(
      state, prompt: prompt,
      options: SearchOptions(beams: 3, maximumTokens: 7, endID: TinyCaptioner.end))
    #expect(generations.count == 3)
    for generation in generations {
      let scores = try session.score(
        state, prompt: prompt, continuation: Array(generation.tokens.dropFirst()))
      // Rows do not depend on how many are computed at once: the same bits.
      #expect(scores == generation.tokenLogProbs)
    }
  }

  /// A decoder that finds all logits first and says so.
  private final class WithoutCandidates: StepModel {
    private let decoder: Decoder

    init(_ decoder: Decoder) { self.decoder = decoder }

    var vocabularyCount: Int { decoder.vocabularyCount }
    var capacity: Int { decoder.capacity }

    func begin(
      prompt: [Int], images: Int, sequencesPerImage: Int, longest: Int, reading _: ScoresRead
    ) throws(InputError) {
      try decoder.begin(
        prompt: prompt, images: images, sequencesPerImage: sequencesPerImage, longest: longest,
        reading: .all)
    }

    func advance(parents: [Int], tokens: [Int]) {
      decoder.advance(parents: parents, tokens: tokens)
    }

    func logits(_ row: Int) -> UnsafeBufferPointer<Float> { decoder.logits(row) }
  }

  /// Of 16 tokens all are candidates; where so many are banned that fewer are left than are asked for,
  /// the logits have the rest.
  @Test(arguments: [1, 3], [0, 1, 9, 12])
  func candidatesGiveTheSameBitsAsAllLogits(beams: Int, banned: Int) throws {
    let captioner = try TinyCaptioner(seed: 9, precision: .int8)
    for threads in [1, 3] {
      let session = try captioner.session(threads: threads)
      let state = try session.encode(TinyCaptioner.pixels(images: 2, seed: 30), images: 2)
      var options = SearchOptions(beams: beams, maximumTokens: 6, endID: TinyCaptioner.end)
      options.bannedIDs = Set(0..<banned)
      for prompt in [[2], [2, 12, 13]] {
        let decoder = Decoder(session, state)
        let found = try Search.run(decoder, images: 2, prompt: prompt, options: options)
        let isEnough = 16 - banned >= (beams == 1 ? 1 : 2 * beams)
        #expect((decoder.candidates(0) != nil) == isEnough, "logits are found where they must be")
        let all = try Search.run(
          WithoutCandidates(Decoder(session, state)), images: 2, prompt: prompt, options: options)
        #expect(found == all)
      }
    }
  }

  @Test func statesLiveSideBySideAndTheirMemoryIsUsedAgain() throws {
    let captioner = try TinyCaptioner(seed: 7)
    let session = try captioner.session()
    let prompt = [TinyCaptioner.start]
    func text(_ state: ImageState, beams: Int) throws -> [Generation] {
      try session.generate(
        state, prompt: prompt,
        options: SearchOptions(beams: beams, maximumTokens: 5, endID: TinyCaptioner.end))
    }
    let (pixelsA, pixelsB) = (TinyCaptioner.pixels(seed: 25), TinyCaptioner.pixels(seed: 26))
    let a = try session.encode(pixelsA)
    let alone = (greedy: try text(a, beams: 1), beams: try text(a, beams: 4))
    do {
      let b = try session.encode(pixelsB)
      #expect(try text(b, beams: 1) != alone.greedy)
      #expect(try text(a, beams: 1) == alone.greedy)
      // More beams than before: the text cache grows.
      _ = try text(b, beams: 5)
      #expect(try text(a, beams: 4) == alone.beams)
    }
    // B's memory is free now.
    let again = try session.encode(pixelsA)
    #expect(try text(again, beams: 4) == alone.beams)
    #expect(try text(a, beams: 1) == alone.greedy)
  }

  @Test func textsStopAtTheModelsLength() throws {
    let captioner = try TinyCaptioner(seed: 8, maximumTextLength: 4)
    let session = try captioner.session()
    let state = try session.encode(TinyCaptioner.pixels(seed: 27))
    var options = SearchOptions(beams: 2, maximumTokens: 100, endID: TinyCaptioner.end)
    options.bannedIDs = [TinyCaptioner.end]
    let found = try session.generate(state, prompt: [2, 12], options: options)
    #expect(found[0].tokens.count == 4)
    for prompt in [[2, 4, 5, 6], [2, 4, 5, 6, 7]] {
      let error = #expect(throws: InputError.self) {
        try session.generate(state, prompt: prompt, options: options)
      }
      #expect(error?.kind == .usage)
    }
    #expect(throws: InputError.self) {
      try session.score(state, prompt: [2, 4], continuation: [5, 6, 3])
    }
    #expect(try session.score(state, prompt: [2, 4], continuation: [5, 3]).count == 2)
  }

  @Test func longerTextsThanBeforeGetRoom() throws {
    let captioner = try TinyCaptioner(seed: 11, precision: .int8, maximumTextLength: 100)
    let pixels = TinyCaptioner.pixels(seed: 29)
    func long(_ session: CaptionSession, _ state: ImageState) throws -> [Generation] {
      try session.generate(
        state, prompt: [2],
        options: SearchOptions(
          beams: 2, maximumTokens: 90, endID: TinyCaptioner.end,
          bannedIDs: [TinyCaptioner.end]))
    }
    let session = try captioner.session()
    let state = try session.encode(pixels)
    let short = try session.score(state, prompt: [2], continuation: [4, 5])
    let found = try long(session, state)
    #expect(found[0].tokens.count == 91)
    #expect(try session.score(state, prompt: [2], continuation: [4, 5]) == short)
    let fresh = try captioner.session()
    #expect(try long(fresh, fresh.encode(pixels)) == found)
  }

  @Test(arguments: Precision.allCases)
  func captionersNeedLittleMoreMemoryThanWhatIsAliveAtOnce(_ precision: Precision) throws {
    let captioner = try TinyCaptioner(seed: 10, frames: 3, precision: precision)
    let session = try captioner.session()
    let state = try session.encode(
      TinyCaptioner.pixels(images: 2, frames: 3, seed: 28), images: 2, frames: 3)
    _ = try session.generateAll(
      state, prompt: [2, 12],
      options: SearchOptions(beams: 3, maximumTokens: 4, endID: TinyCaptioner.end))
    #expect(
      session.facts.map(\.function) == [
        "encode, 6 frames of 8 x 8", "prefix, 2 of 3 frames", "step, 2 sequences of 2 rows",
        "step, 6 sequences of 1 rows",
      ])
    for (function, facts, _) in session.facts {
      #expect(
        Double(facts.arenaBytes) <= 1.1 * Double(facts.lowerBoundBytes), "\(function): \(facts)")
    }
  }

  @Test func aPlanThatIsNoCaptionerIsRefused() throws {
    let captioner = try TinyCaptioner(seed: 9)
    let loaded = captioner.model.loaded
    let weights = Array(loaded.weights)
    func refusal(_ change: (inout Plan) -> Void) -> InputError? {
      var plan = loaded.plan
      change(&plan)
      return #expect(throws: InputError.self) {
        try CaptionModel(LoadedPlan(plan, weights: weights, place: "test.plan"))
      }
    }
    #expect(refusal { $0.model = nil }?.expected == "a plan of a captioner")
    #expect(
      refusal { $0.functions.removeAll { $0.name == "step" } }?.expected.contains("step") == true)
    #expect(
      refusal { $0.functions[0].outputs[0].name = "rows" }?.place.contains("'encode', outputs")
        == true)
    // Without a first layer there are none.
    let noLayers = refusal { plan in
      for index in plan.functions[1].outputs.indices {
        plan.functions[1].outputs[index].name = "rows\(index)"
      }
    }
    #expect(noLayers?.place.contains("'prefix', outputs") == true)
    #expect(noLayers?.expected == "none" && noLayers?.found == "'rows0'")
    #expect(refusal { $0.model?.vocabulary.append("more") }?.place.contains("logits") == true)
    #expect(refusal { $0.model?.preprocessing.imageSize = 12 }?.place.contains("pixels") == true)
    #expect(
      refusal { plan in plan.functions[2].inputs.removeAll { $0.name == "text_v.1" } } != nil)
  }
}
