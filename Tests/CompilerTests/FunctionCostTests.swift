import Compiler
import Formats
import Graph
import Testing

@Suite struct FunctionCostTests {
  /// The cost of each function of a model whose weights are never looked at.
  private func costs(
    _ configuration: GITConfiguration, _ precision: Precision, _ symbols: [String: Int]
  ) throws -> [String: FunctionCost] {
    let graphs = try CaptionerGraphs(
      GIT.logits(configuration), ParameterStore([:]), precision: precision)
    let plan = CompiledPlan(graphs.lowered, model: nil).plan
    var costs: [String: FunctionCost] = [:]
    for function in plan.functions {
      costs[function.name] = FunctionCost(function, weights: plan.weights, symbols: symbols)
    }
    return costs
  }

  /// GIT_B at 224 pixels, one image; a step with 16 text rows before it.
  private static let oneImage = ["N": 1, "B": 1, "F": 1, "P": 197, "Q": 1, "R": 1, "L": 16]

  @Test(arguments: Precision.allCases)
  func baseCostsWhatItsShapesSay(precision: Precision) throws {
    let costs = try costs(.gitBase, precision, Self.oneImage)
    let (encode, prefix, step) = try (
      #require(costs["encode"]), #require(costs["prefix"]), #require(costs["step"])
    )
    #expect((17_500_000_000...17_600_000_000).contains(encode.products), "\(encode)")
    let projection = 197 * 768 * 768
    #expect((7_450_000_000...7_550_000_000).contains(prefix.products - projection), "\(prefix)")
    #expect((67_500_000...68_500_000).contains(step.products), "\(step)")
    for cost in [encode, prefix, step] {
      #expect((cost.integerProducts == 0) == (precision == .fp32))
      #expect((cost.floatProducts == 0) == (precision == .int8))
    }
    // One layer: 197 rows, four projections of 768², two of 768·3072, attention 2·197²·768.
    let layer = 197 * (4 * 768 * 768 + 2 * 768 * 3072) + 2 * 197 * 197 * 768
    #expect(encode.products == 12 * layer + 196 * 768 * 768)
    // The projection, five whole layers, and the sixth layer's keys and values.
    #expect(prefix.products == projection + 5 * layer + 197 * 2 * 768 * 768)
  }

  @Test func aStepReadsTheDecoderAndTheHead() throws {
    let step = try #require(try costs(.gitBase, .int8, Self.oneImage)["step"])
    let weights = 6 * (4 * 768 * 768 + 2 * 768 * 3072) + 30522 * 768
    #expect(step.integerProducts == weights)
    // Of the float word table only rows are read, but all of it is there.
    let tables = 4 * (30522 + 1024) * 768
    #expect((weights + tables...weights + tables + 1_000_000).contains(step.weightBytes))
  }

  /// Of the last layer's image rows only keys and values are left, and the step reads the image and
  /// the text before it through attention alone.
  @Test(arguments: Precision.allCases)
  func baseComputesWhatIsReadAndOnlyNewRows(precision: Precision) throws {
    let graphs = try CaptionerGraphs(
      GIT.logits(.gitBase), ParameterStore([:]), precision: precision)
    let plan = CompiledPlan(graphs.lowered, model: nil).plan
    let prefix = try #require(plan.function("prefix"))
    let last = prefix.projections(plan.weights).map(\.weight)
      .filter { $0.hasPrefix("git.encoder.layer.5.") }
    #expect(last == ["git.encoder.layer.5.attention.self.{key,value}.weight"])
    let step = try #require(plan.function("step"))
    let (image, past) = (step.symbols.firstIndex(of: "P"), step.symbols.firstIndex(of: "L"))
    try #require(image != nil && past != nil)
    for operation in step.steps {
      let tensors = (operation.operands + operation.results).map { step.tensors[$0] }
      let symbols = Set(tensors.flatMap(\.shape).flatMap(\.terms).flatMap(\.symbols))
      let readsCaches = symbols.contains { $0 == image || $0 == past }
      #expect(readsCaches == (operation.opcode == .cachedAttention), "\(operation)")
    }
    #expect(step.steps.count { $0.opcode == .cachedAttention } == 6)
  }

  @Test func costsGrowWithTheSizes() throws {
    let one = try costs(TinyModel.configuration(), .fp32, Self.oneImage)
    let four = try costs(
      TinyModel.configuration(), .fp32, Self.oneImage.merging(["N": 4, "Q": 4]) { $1 })
    #expect(four["encode"]?.products == one["encode"].map { 4 * $0.products })
    #expect(four["step"]?.products == one["step"].map { 4 * $0.products })
    #expect(four["prefix"] == one["prefix"])
  }

  @Test func sizesThatAreMissingOrTooLargeHaveNoCost() throws {
    let graphs = try CaptionerGraphs(
      GIT.logits(TinyModel.configuration()), ParameterStore([:]), precision: .fp32)
    let plan = CompiledPlan(graphs.lowered, model: nil).plan
    let encode = try #require(plan.function("encode"))
    #expect(FunctionCost(encode, weights: plan.weights, symbols: [:]) == nil)
    #expect(FunctionCost(encode, weights: plan.weights, symbols: ["N": .max / 2]) == nil)
  }
}
