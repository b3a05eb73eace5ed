import Diagnostics
import Formats
import Graph
import Testing

@testable import ONNX

@Suite struct RejectionTests {
  private static func port(_ name: String, _ type: ONNXType = .float) -> ONNXPort {
    ONNXPort(name: name, type: type, shape: [.symbol("B"), .length(4)])
  }

  /// The error for a model of these nodes from input `x` to output `y`.
  private func error(
    _ nodes: [ONNXNode], initializers: [ONNXTensor] = [], opset: Int = 17,
    input: ONNXPort = port("x")
  ) throws -> String {
    let folder = try TemporaryFolder()
    let path = folder.path("model.onnx")
    let graph = ONNXGraph(
      name: "test", nodes: nodes, initializers: initializers, inputs: [input],
      outputs: [Self.port("y")])
    try ONNXWriter.write(
      ONNXModel(opset: opset, graph: graph), metadata: [:], weights: [], to: path
    ) { _ in [] }
    return try message { try ImportedModel.read(path: path) }
  }

  private func message(_ body: () throws -> ImportedModel) throws -> String {
    let error = #expect(throws: InputError.self) { try body() }
    return error.map { "\($0)" } ?? ""
  }

  private func node(
    _ op: String, _ inputs: [String] = ["x"], _ attributes: [String: ONNXAttribute] = [:]
  ) -> ONNXNode {
    ONNXNode(op: op, name: "n", inputs: inputs, outputs: ["y"], attributes: attributes)
  }

  @Test func anUnknownOperatorIsNamed() throws {
    let text = try error([node("Einsum")])
    #expect(text.contains("operator 'Einsum'") && text.contains("node 0 'n' (Einsum)"))
  }

  @Test func anOldOperatorSetIsRefused() throws {
    #expect(try error([node("Identity")], opset: 11).contains("opset_import"))
  }

  @Test func aValueMustBeDefinedBefore() throws {
    #expect(try error([node("Identity", ["z"])]).contains("'z', which nothing defines before"))
    #expect(try error([]).contains("'y', which nothing defines before"))
  }

  @Test func inputsAreFloatsOrIntegers() throws {
    #expect(try error([node("Identity")], input: Self.port("x", .bool)).contains("input 'x'"))
  }

  @Test func anotherGELUIsNoGELU() throws {
    let one = ONNXTensor(name: "one", shape: [], elements: .floats([1]))
    let sigmoid = ONNXNode(op: "Sigmoid", name: "s", inputs: ["x"], outputs: ["s"])
    #expect(try error([sigmoid, node("Mul", ["x", "s"])]).contains("1.702"))
    let tanh = ONNXNode(op: "Tanh", name: "t", inputs: ["x"], outputs: ["t"])
    #expect(try error([tanh, node("Add", ["t", "one"])], initializers: [one]).contains("tanh"))
  }

  @Test func dropoutThatIsOnIsRefused() throws {
    let tensors = [
      ONNXTensor(name: "rate", shape: [], elements: .floats([0.5])),
      ONNXTensor(name: "on", shape: [], elements: .bools([true])),
    ]
    let text = try error([node("Dropout", ["x", "rate", "on"])], initializers: tensors)
    #expect(text.contains("model.eval()"))
  }

  @Test func shapesMustBeKnown() throws {
    #expect(try error([node("Reshape", ["x", "x"])]).contains("must be known"))
    let shape = ONNXTensor(name: "s", shape: [1], elements: .ints([7]))
    #expect(
      try error([node("Reshape", ["x", "s"])], initializers: [shape]).contains("does not fill"))
    let open = ONNXTensor(name: "s", shape: [2], elements: .ints([-1, 3]))
    #expect(try error([node("Reshape", ["x", "s"])], initializers: [open]).contains("divided"))
  }

  @Test func axesMustBeThere() throws {
    #expect(try error([node("Softmax", ["x"], ["axis": .int(5)])]).contains("axis 5 of 2"))
    #expect(try error([node("Transpose", ["x"], ["perm": .ints([0, 0])])]).contains("[0, 0]"))
    #expect(try error([node("Softmax", ["x"], ["axis": .float(1)])]).contains("'axis'"))
  }

  @Test func aDamagedFileIsOneError() throws {
    let folder = try TemporaryFolder()
    let path = folder.path("model.onnx")
    let weight = ONNXWeight(name: "w", shape: [4])
    let graph = ONNXGraph(
      name: "test", nodes: [node("Add", ["x", "w"])], inputs: [Self.port("x")],
      outputs: [Self.port("y")])
    try ONNXWriter.write(
      ONNXModel(opset: 17, graph: graph), metadata: [:], weights: [weight], to: path
    ) { _ in [1, 2, 3, 4] }
    let bytes = try folder.read("model.onnx")
    #expect(try ImportedModel.read(path: path).parameters["w"]?.floats == [1, 2, 3, 4])
    for count in 0..<bytes.count {
      try folder.write(Array(bytes[..<count]), to: "cut.onnx")
      #expect(throws: InputError.self) { try ImportedModel.read(path: folder.path("cut.onnx")) }
    }
    // Every bit in turn: an error, or a model that keeps every rule.
    for bit in 0..<bytes.count * 8 {
      var damaged = bytes
      damaged[bit / 8] ^= 1 << (bit % 8)
      try folder.write(damaged, to: "bit.onnx")
      do {
        try ImportedModel.read(path: folder.path("bit.onnx")).graph.verify()
      } catch is InputError {
        continue
      }
    }
  }

  /// The same weight in another file, as exporters of large models write it.
  @Test func weightsBesideTheModelAreReadFromItsFolderAlone() throws {
    let folder = try TemporaryFolder()
    let values: [Float] = [0, 0, 1, 2, 3, 4]
    try folder.write(values.withUnsafeBytes { Array($0) }, to: "model.data")
    func model(_ location: String, offset: Int) throws -> ImportedModel {
      func field(_ number: UInt8, _ bytes: [UInt8]) -> [UInt8] {
        [number << 3 | 2, UInt8(bytes.count)] + bytes
      }
      func entry(_ key: String, _ value: String) -> [UInt8] {
        field(13, field(1, Array(key.utf8)) + field(2, Array(value.utf8)))
      }
      let tensor =
        [1 << 3, 4, 2 << 3, 1] + field(8, [UInt8(ascii: "w")]) + entry("location", location)
        + entry("offset", "\(offset)") + entry("length", "16") + [14 << 3, 1]
      let name = "\(offset).onnx"
      let graph = ONNXGraph(
        name: "test", nodes: [node("Add", ["x", "w"])], inputs: [Self.port("x")],
        outputs: [Self.port("y")])
      try ONNXWriter.write(
        ONNXModel(opset: 17, graph: graph), metadata: [:], weights: [], to: folder.path(name)
      ) { _ in [] }
      // Two fields of one message are one message joined.
      try folder.write(try folder.read(name) + field(7, field(5, tensor)), to: name)
      return try ImportedModel.read(path: folder.path(name))
    }
    #expect(try model("model.data", offset: 8).parameters["w"]?.floats == [1, 2, 3, 4])
    #expect(try message { try model("../model.data", offset: 8) }.contains("model's folder"))
    #expect(try message { try model("/etc/passwd", offset: 8) }.contains("model's folder"))
    #expect(try message { try model("model.data", offset: 12) }.contains("16 bytes within 24"))
  }
}
