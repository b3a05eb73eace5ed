import Graph
import Reference
import TestSupport
import Testing

@Suite struct OpSamplesTests {
  @Test func everyOpHasSamples() {
    let sampled = Set(OpSamples.all.map(\.op.mnemonic))
    #expect(Set(Op.kinds.keys).subtracting(sampled).isEmpty)
  }

  @Test func everySampleHasItsOwnName() {
    let names = OpSamples.all.map(\.description)
    #expect(Set(names).count == names.count)
  }

  /// The interpreter checks each result against the inferred type.
  @Test(arguments: OpSamples.all)
  func referenceGivesTheInferredTypes(sample: OpSample) throws {
    let results = try Interpreter.run(
      sample.graph, inputs: sample.inputs(seed: 1), symbols: sample.symbols)
    for output in sample.graph.outputs { #expect(results[output.name] != nil) }
  }

  @Test(arguments: OpSamples.all)
  func attributesMakeTheOpAgain(sample: OpSample) throws {
    #expect(try Op(mnemonic: sample.op.mnemonic, sample.op.definition.attributes) == sample.op)
  }
}
