import Compiler
import Formats
import Graph
import Kernels
import ONNX
import Reference
import Runtime
import TestSupport
import Testing

@Suite struct ImportTests {
  @Test(arguments: ONNXGolden.all)
  func theImportedGraphMeansWhatOnnxruntimeComputes(_ golden: ONNXGolden) throws {
    let model = try golden.imported()
    try model.graph.verify()
    let tensors = try golden.tensors(model.graph)
    let expected = try #require(tensors["y"])
    let found = try Interpreter.run(
      model.graph, inputs: tensors, parameters: model.tensors)
    let y = try #require(found["y"])
    #expect(largestDifference(y, expected) <= tolerance(expected))
  }

  @Test(arguments: ONNXGolden.all)
  func thePlanGivesTheSame(_ golden: ONNXGolden) throws {
    let model = try golden.imported()
    let compiled = try Compiler.compile(
      model.graph, model.parameters, precision: .fp32, place: golden.testDescription)
    let call = try FunctionCall(
      compiled.loaded(place: golden.testDescription), function: "main")
    let tensors = try golden.tensors(model.graph)
    let expected = try #require(tensors["y"])
    var inputs: [String: CallArray] = [:]
    for input in model.graph.inputs {
      let tensor = try #require(tensors[input.name])
      inputs[input.name] = CallArray(
        shape: tensor.shape,
        values: tensor.dtype == .i32
          ? .integers(tensor.integers.map { Int32($0) }) : .floats(tensor.values.map { Float($0) }))
    }
    let results = try call.run(inputs, symbols: [:], kernels: KernelSet(isa: .best), threads: 1)
    let y = try #require(results["y"])
    guard case .floats(let values) = y.values else {
      Issue.record("y is \(y)")
      return
    }
    let found = Tensor.f32(y.shape, values.map(Double.init))
    #expect(largestDifference(found, expected) <= tolerance(expected))
  }

  /// The fused ops of an imported model are those of the same model in our own spelling.
  @Test(arguments: ONNXGolden.all)
  func theSameOpsAreFoundAsInOurOwnGraph(_ golden: ONNXGolden) throws {
    let model = try golden.imported()
    let own = OwnModels.graph(golden.model)
    let weights = own.parameters.reduce(into: [String: WeightTensor]()) { weights, parameter in
      let shape = own.shape(parameter.value).values([:]) ?? []
      // No two alike: equal weights would be one.
      let seed = Float(weights.count + 1)
      weights[parameter.name] = WeightTensor(
        shape: shape, values: (0..<shape.reduce(1, *)).map { seed + Float($0) })
    }
    for precision in Precision.allCases {
      let found = try LoweredGraphs(
        model.graph, ParameterStore(model.parameters), precision: precision)
      let expected = try LoweredGraphs(own, ParameterStore(weights), precision: precision)
      #expect(computing(found) == computing(expected), "\(precision)")
    }
    let fused = computing(try LoweredGraphs(own, ParameterStore(weights), precision: .fp32))
    #expect(fused["softmax"] == nil && fused["matmul"] == nil && fused["gelu"] == nil)
  }

  /// How many nodes there are of each op that computes, with what is fused into it.
  private func computing(_ graphs: LoweredGraphs) -> [String: Int] {
    var counts: [String: Int] = [:]
    for node in graphs.functions.flatMap(\.graph.nodes) {
      switch node.op {
      case .reshape, .transpose, .slice, .broadcast, .concat: continue
      case .linear(let op): counts["linear \(op.epilogue)", default: 0] += 1
      case .quantizedLinear(let op): counts["quantized \(op.epilogue)", default: 0] += 1
      case .attention(let op):
        let mask = op.form.prefix == nil ? "" : " masked"
        counts["attention \(op.form.heads)\(mask)", default: 0] += 1
      default: counts[node.op.mnemonic, default: 0] += 1
      }
    }
    return counts
  }
}
