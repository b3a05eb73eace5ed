import Checkpoint
import Compiler
import Diagnostics
import Formats
import FoundationEssentials
import Graph
import Testing

@Suite struct CompiledPlanTests {
  private static func compile(
    _ checkpoint: Checkpoint, _ precision: Precision = .int8
  ) throws -> CompiledPlan {
    try Compiler.compile(checkpoint, precision: precision, place: "test.ckpt")
  }

  /// The weights that a function's tensors name, by their names.
  private static func weightNames(_ plan: Plan, _ function: String) throws -> Set<String> {
    let function = try #require(plan.function(function))
    return Set(function.tensors.compactMap(\.weight).map { plan.weights[$0].name })
  }

  @Test(arguments: Precision.allCases)
  func aPlanIsValidDownToItsWeights(precision: Precision) throws {
    let compiled = try Self.compile(
      TinyModel.checkpoint(TinyModel.configuration(frames: 3)), precision)
    let loaded = try compiled.loaded(place: "test")
    try loaded.verifyWeights()
    #expect(loaded.plan.functions.map(\.name) == ["encode", "prefix", "step"])
    #expect(loaded.plan.model?.maximumFrames == 3)
    #expect(loaded.plan.model?.precision == precision.rawValue)
    let integers = loaded.plan.weights.filter { $0.layout == .packedN8K4 }
    #expect(integers.isEmpty == (precision == .fp32))
  }

  /// Steps have weights of their own wherever rows divide into groups; everything else is as before.
  @Test func fourBitsAreForStepsAlone() throws {
    let checkpoint = TinyModel.checkpoint(TinyModel.configuration(heads: 8))  // rows of 32
    let loaded = try Compiler.compile(
      checkpoint, precision: .int8, place: "test.ckpt",
      quantization: QuantizationOptions(stepWeights: .int4)
    ).loaded(place: "test")
    try loaded.verifyWeights()
    for function in loaded.plan.functions {
      for step in function.steps where step.opcode == .quantizedLinear {
        let weight = try #require(function.tensors[step.operands[2]].weight)
        let (layout, columns) = (
          loaded.plan.weights[weight].layout, loaded.plan.weights[weight].shape[1]
        )
        let isFourBit = function.name == "step" && columns.isMultiple(of: 32)
        #expect(layout == (isFourBit ? .packedN8K32 : .packedN8K4), "\(function.name), \(columns)")
      }
    }
    #expect(loaded.plan.weights.contains { $0.layout == .packedN8K32 })
    // A damaged multiplier is found, though it could be run.
    let index = try #require(loaded.plan.weights.firstIndex { $0.layout == .packedN8K32 })
    var bytes = Array(loaded.weights)
    bytes[loaded.plan.weights[index].offset] ^= 1
    let damaged = try LoadedPlan(loaded.plan, weights: bytes, place: "test")
    #expect(throws: InputError.self) { try damaged.verifyWeights() }
  }

  @Test func theSameCheckpointGivesTheSameFile() throws {
    let folder = FileManager.default.temporaryDirectory
      .appending(path: "gitc-compiler-\(UInt64.random(in: 0 ... .max))")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let checkpoint = TinyModel.checkpoint(TinyModel.configuration())
    var files: [Data] = []
    // Also however many threads quantize: more than there are rows, and numbers that divide none.
    for (index, threads) in [1, 1, 2, 3, 7, 100].enumerated() {
      let name = "\(index).plan"
      let path = folder.appending(path: name).path
      let compiled = try Compiler.compile(
        checkpoint, precision: .int8, place: "test.ckpt", threads: threads)
      try compiled.write(to: path)
      files.append(try Data(contentsOf: folder.appending(path: name)))
      let (mapped, inMemory) = (try LoadedPlan(path: path), try compiled.loaded(place: "memory"))
      // The file says beside all else what its bytes are.
      var expected = inMemory.plan
      for index in expected.weights.indices {
        expected.weights[index].sha256 = SHA256Digest(of: inMemory.bytes(ofWeight: index))
      }
      #expect(mapped.plan == expected)
      #expect(mapped.weights.elementsEqual(inMemory.weights))
    }
    #expect(files.allSatisfy { $0 == files[0] })
  }

  /// What the plan says of its weights is what they are, and fits seven-bit rows at least once.
  @Test func everyIntegerWeightHasItsPartialSums() throws {
    let loaded = try Self.compile(TinyModel.checkpoint(TinyModel.configuration(heads: 4)))
      .loaded(place: "test")
    var count = 0
    for (index, weight) in loaded.plan.weights.enumerated() where weight.layout == .packedN8K4 {
      count += 1
      let (rows, columns) = (weight.shape[0], weight.shape[1])
      let found = PartialSums.of(
        packed: loaded.bytes(ofWeight: index), rows: rows, columns: columns)
      #expect(weight.partialSums == found)
      #expect(try loaded.partialSums(ofWeight: index) == found)
      #expect(PartialSums.groups(found, levels: 127) >= 1)
    }
    #expect(count > 0)
  }

  @Test func floatWeightsAreTheCheckpointsOwn() throws {
    let checkpoint = TinyModel.checkpoint(TinyModel.configuration())
    let loaded = try Self.compile(checkpoint, .fp32).loaded(place: "test")
    var found = 0
    for (index, weight) in loaded.plan.weights.enumerated() {
      guard let tensor = checkpoint.parameters[weight.name] else { continue }
      found += 1
      #expect(weight.shape == tensor.shape)
      tensor.withFloats { floats in
        #expect(loaded.bytes(ofWeight: index).elementsEqual(UnsafeRawBufferPointer(floats)))
      }
    }
    #expect(found > 20)
    // Query, key and value one after the other.
    let name = "git.encoder.layer.0.attention.self."
    let merged = try #require(
      loaded.plan.weights.firstIndex { $0.name == name + "{query,key,value}.weight" })
    let parts = try ["query", "key", "value"].flatMap {
      try #require(checkpoint.parameters[name + "\($0).weight"]).floats
    }
    #expect(
      Array(loaded.bytes(ofWeight: merged).bindMemory(to: Float.self)) == parts)
  }

  @Test func functionsShareTheirWeights() throws {
    // Four heads: 16 columns are enough for int8.
    let configuration = TinyModel.configuration(layers: 2, heads: 4)
    let plan = try Self.compile(TinyModel.checkpoint(configuration)).plan
    #expect(Set(plan.weights.map(\.name)).count == plan.weights.count)
    let shared = try Self.weightNames(plan, "prefix").intersection(Self.weightNames(plan, "step"))
    let layer = "git.encoder.layer.0."
    for name in [
      "attention.self.{query,key,value}.weight.s8", "attention.self.{query,key,value}.bias",
      "attention.output.dense.weight.s8", "output.dense.weight.scales", "output.LayerNorm.weight",
    ] { #expect(shared.contains(layer + name), "\(layer + name)") }
  }

  @Test(arguments: Precision.allCases)
  func weightsWithEqualBytesAreStoredOnce(precision: Precision) throws {
    let checkpoint = TinyModel.checkpoint(TinyModel.configuration(layers: 2))
    var tied = checkpoint
    let (first, second) = ("git.encoder.layer.0.output.dense", "git.encoder.layer.1.output.dense")
    tied.parameters[second + ".weight"] = tied.parameters[first + ".weight"]
    let (apart, together) = (
      try Self.compile(checkpoint, precision), try Self.compile(tied, precision)
    )
    let (a, b) = (apart.plan.weights, together.plan.weights)
    // In int8 the integers and their scales.
    #expect(a.count - b.count == (precision == .int8 ? 2 : 1))
    #expect(together.weightByteCount < apart.weightByteCount)
    let steps = try #require(together.plan.function("step"))
    let suffix = precision == .int8 ? ".weight.s8" : ".weight"
    let index = try #require(b.firstIndex { $0.name == first + suffix })
    #expect(steps.tensors.count { $0.weight == index } == 2)
  }

  @Test(arguments: [Float.nan, .infinity, -.infinity])
  func aWeightThatIsNoNumberIsRefusedByName(value: Float) throws {
    var checkpoint = TinyModel.checkpoint(TinyModel.configuration())
    var floats = try #require(checkpoint.parameters["output.bias"]).floats
    floats[3] = value
    checkpoint.parameters["output.bias"] = WeightTensor(shape: [13], values: floats)
    let error = #expect(throws: InputError.self) { try Self.compile(checkpoint) }
    #expect(error?.kind == .badData)
    #expect(error?.place == "test.ckpt, tensor 'output.bias'")
  }

  @Test func aGraphThatIsNoCaptionerIsRefused() throws {
    var checkpoint = TinyModel.checkpoint(TinyModel.configuration())
    var graph = Graph()
    let pixels = graph.input("pixels", .f32([.symbol("B"), 3]))
    graph.output("logits", graph.gelu(pixels, .erf))
    checkpoint.graph = graph
    let error = #expect(throws: InputError.self) { try Self.compile(checkpoint) }
    #expect(error?.kind == .badData)
    #expect(error?.expected == "a reshape that merges batch and frames of the pixels")
  }
}
