import Compiler
import Graph
import Reference
import Testing

@Suite struct PassGoldenTests {
  private func pass(_ golden: PassGolden) throws -> any Pass {
    try #require(PassGolden.passes.first { type(of: $0).name == golden.pass })
  }

  @Test(arguments: Pipeline.all.map { type(of: $0).name })
  func everyPassHasGoldensOfWhatItChangesAndWhatItLeavesAlone(pass: String) {
    #expect(PassGolden.missing(of: pass, PassGolden.goldens(of: pass)) == [])
  }

  /// What the test above would say of a new pass without goldens, or with one of a kind.
  @Test func aPassWithoutGoldensIsFound() {
    #expect(PassGolden.goldens(of: "careless") == [])
    #expect(PassGolden.missing(of: "careless", []).count == 2)
    let goldens = PassGolden.goldens(of: Canonicalize.name)
    #expect(
      PassGolden.missing(of: "careless", goldens.filter(\.stays)) == [
        "Tests/Goldens/passes/careless has no positive case"
      ])
    #expect(
      PassGolden.missing(of: "careless", goldens.filter { !$0.stays }) == [
        "Tests/Goldens/passes/careless has no near miss"
      ])
  }

  /// Passes that change numbers are held to bounds by a suite that names them.
  @Test func everyPassHasATestOfItsMeaning() {
    let quantizing = Pipeline.all.map { type(of: $0) }.filter { $0.numerics == .quantizes }
    #expect(quantizing.map { $0.name } == QuantizationTests.passes)
  }

  @Test(arguments: PassGolden.all)
  func thePassMakesTheGolden(_ golden: PassGolden) throws {
    let before = try golden.graph()
    var parameters = TestParameters(before, seed: 1).store
    let (after, rewrites) = try pass(golden).run(before, &parameters)
    try after.verify()
    if rewrites == 0 { #expect(after == before) }
    let outcome = PassGolden.outcome(after, rewrites: rewrites)
    if PassGolden.isRecording {
      try golden.record(outcome)
      Issue.record("recorded \(golden.testDescription); run again without GITC_RECORD_GOLDENS")
    }
    #expect(outcome == golden.outcome)
  }

  @Test(arguments: PassGolden.all)
  func aSecondRunChangesNothing(_ golden: PassGolden) throws {
    let before = try golden.graph()
    var parameters = TestParameters(before, seed: 1).store
    let (once, _) = try pass(golden).run(before, &parameters)
    let (twice, rewrites) = try pass(golden).run(once, &parameters)
    #expect(rewrites == 0)
    #expect(twice == once)
  }

  /// Sizes of inputs: ordinary; all zero; so large that softmax is all or nothing; so small that
  /// epsilon decides a norm; so large that squares are near the end of binary32.
  static let magnitudes = [2.0, 0, 200, 1e-6, 1e18]

  /// Passes that quantize are held to bounds of their own in `QuantizationTests`.
  @Test(
    arguments: PassGolden.all.filter { golden in
      Pipeline.all.contains {
        type(of: $0).name == golden.pass && type(of: $0).numerics != .quantizes
      }
    }, magnitudes)
  func theMeaningStaysTheSame(_ golden: PassGolden, magnitude: Double) throws {
    let before = try golden.graph()
    let test = TestParameters(before, seed: 7, magnitude: magnitude)
    var parameters = test.store
    let (after, _) = try pass(golden).run(before, &parameters)
    let inputs = test.inputs(seed: 8)
    let expected = try Interpreter.run(
      before, inputs: inputs, parameters: test.tensors, symbols: TestParameters.symbols)
    let found = try Interpreter.run(
      after, inputs: inputs, parameters: TestParameters.tensors(of: after, parameters),
      symbols: TestParameters.symbols)
    #expect(Set(expected.keys) == Set(found.keys))
    for (name, tensor) in expected {
      let result = try #require(found[name])
      #expect(result.shape == tensor.shape)
      // Only the order of Double sums can differ: a few dozen of them of terms up to magnitude²,
      // times at most the same again through attention, is far below 1e-10 of the largest value.
      let scale = max(1, magnitude * magnitude, tensor.values.map(abs).max() ?? 0)
      for (a, b) in zip(tensor.values, result.values) {
        #expect(a == b || abs(a - b) <= 1e-10 * scale, "\(name): \(a) and \(b)")
      }
    }
  }
}
