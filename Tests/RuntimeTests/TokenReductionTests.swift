import Compiler
import Diagnostics
import Graph
import Kernels
import Reference
import Runtime
import Testing

/// Plans of models that see fewer image tokens, against their graphs.
struct TokenReductionTests {
  /// As in SessionTests, with as many tokens.
  private static let tolerance = 4 * 24 * 8 * 0x1p-24

  private static let reductions = [
    GIT.TokenReduction(mergeAfterBlocks: 1), GIT.TokenReduction(dropAfterLayers: 1),
    GIT.TokenReduction(mergeAfterBlocks: 1, dropAfterLayers: 1),
  ]

  @Test(arguments: reductions, [(1, 0), (2, 2)])
  func scoresAreThoseOfTheGraphWithFewerTokens(
    reduction: GIT.TokenReduction, clip: (frames: Int, temporal: Int)
  ) throws {
    let (frames, temporal) = clip
    let captioner = try TinyCaptioner(seed: 61, frames: temporal, reduction: reduction)
    let pixels = TinyCaptioner.pixels(frames: frames, seed: 62)
    let session = try captioner.session()
    let state = try session.encode(pixels, frames: frames)
    // Per frame a class token and four patches or half of them, each 16 numbers.
    let tokens = reduction.mergeAfterBlocks == nil ? 5 : 3
    #expect(state.features.count == frames * tokens * 16)
    let (prompt, text) = ([TinyCaptioner.start, 12], [4, 5, 7, TinyCaptioner.end])
    let scores = try session.score(state, prompt: prompt, continuation: text)
    let logits = try captioner.logits(
      pixels, images: 1, frames: frames, tokens: [prompt + text.dropLast()])
    for (index, token) in text.enumerated() {
      let row = Array(logits.row(prompt.count - 1 + index))
      #expect(abs(Double(scores[index]) - (row[token] - logSumExp(row))) < Self.tolerance)
    }
    // Another model than the whole one.
    let whole = try TinyCaptioner(seed: 61, frames: temporal)
    let other = try whole.session()
    #expect(
      try other.score(
        other.encode(pixels, frames: frames), prompt: prompt, continuation: text) != scores)
  }

  @Test(arguments: reductions)
  func int8GivesTheSameBitsForAnyThreadsKernelsAndBatch(reduction: GIT.TokenReduction) throws {
    let captioner = try TinyCaptioner(seed: 63, precision: .int8, reduction: reduction)
    let pixels = TinyCaptioner.pixels(images: 3, seed: 64)
    let reference = try captioner.session(threads: 1, isa: .scalar)
    let expected = try reference.logits(reference.encode(pixels, images: 3), tokens: [2, 5, 7])
    for isa in ISA.allCases where isa.isSupported {
      for threads in 1...3 {
        let session = try captioner.session(threads: threads, isa: isa)
        #expect(
          try session.logits(session.encode(pixels, images: 3), tokens: [2, 5, 7]) == expected)
        let first = try session.encode(Array(pixels.prefix(pixels.count / 3)))
        #expect(try session.logits(first, tokens: [2, 5, 7])[0] == expected[0])
      }
    }
  }
}
