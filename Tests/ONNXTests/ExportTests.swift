import Graph
import Reference
import TestSupport
import Testing

@testable import ONNX

@Suite struct ExportTests {
  /// A graph in which one op, or a few, stand between inputs and output `y`.
  struct Case: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let graph: Graph

    init(_ name: String, _ build: (inout Graph) -> Value) {
      var graph = Graph()
      let y = build(&graph)
      graph.output("y", y)
      self.graph = graph
      testDescription = name
    }

    private static func rows(_ graph: inout Graph, _ name: String = "x") -> Value {
      graph.input(name, .f32([.symbol("B"), 5, 6]))
    }

    static let all: [Case] =
      GeluForm.allCases.map { form in Case("gelu \(form)") { g in g.gelu(rows(&g), form) } } + [
        Case("scale") { g in g.scale(rows(&g), by: -1.5) },
        Case("sum of a constant") { g in g.add(rows(&g), g.constant(0.25, [5, 1])) },
        Case("products") { g in
          let x = rows(&g)
          let square = g.matMul(x, x, transposeB: true)
          return g.multiply(g.matMul(square, x), g.parameter("w", .f32([6])))
        },
        Case("product by a transpose") { g in
          let x = rows(&g)
          return g.matMul(x, x, transposeA: true)
        },
        Case("softmax under a prefix mask") { g in
          let x = g.input("x", .f32([.symbol("B"), 5, 5]))
          return g.softmax(g.prefixMask(x, prefix: 2))
        },
        Case("layer norm") { g in
          let (gamma, beta) = (g.parameter("gamma", .f32([6])), g.parameter("beta", .f32([6])))
          return g.layerNorm(rows(&g), gamma: gamma, beta: beta, epsilon: 1e-3)
        },
        Case("residual layer norm") { g in
          let inputs = [
            rows(&g), g.parameter("r", .f32([5, 6])), g.parameter("gamma", .f32([6])),
            g.parameter("beta", .f32([6])),
          ]
          return g.apply(.residualLayerNorm(ResidualLayerNorm(epsilon: 1e-5)), inputs)[0]
        },
        Case("moves") { g in
          let x = g.reshape(rows(&g), [.symbol("B") * 5, 3, 2])
          let y = g.slice(g.transpose(x, [0, 2, 1]), axis: 2, from: 1, to: 3)
          let z = g.reshape(y, [.symbol("B"), 5, 4])
          let row = g.broadcast(g.parameter("w", .f32([4])), to: [.symbol("B"), 1, 4])
          return g.concat([row, z], axis: 1)
        },
        Case("embedding") { g in
          let ids = g.input("ids", TensorType(.i32, [.symbol("B"), 4]))
          return g.embedding(g.parameter("table", .f32([3, 6])), ids: ids)
        },
        Case("patches of a part of the image") { g in
          g.patches(g.input("x", .f32([.symbol("B"), 3, 7, 8])), PatchForm(size: 3))
        },
        Case("projection with everything") { g in
          let x = rows(&g)
          let inputs = [
            x, g.parameter("w", .f32([6, 6])), g.parameter("b", .f32([6])), x,
          ]
          let epilogue = Epilogue(hasBias: true, activation: .geluErf, hasResidual: true)
          return g.apply(.linear(Linear(epilogue)), inputs)[0]
        },
        Case("merged projections and attention") { g in
          let x = rows(&g)
          let epilogue = Epilogue(splits: [6, 6, 6])
          let qkv = g.apply(.linear(Linear(epilogue)), [x, g.parameter("w", .f32([18, 6]))])
          return g.attention(qkv[0], qkv[1], qkv[2], AttentionForm(heads: 2, scale: 0.5))
        },
        Case("attention under a bias") { g in
          let x = rows(&g)
          let bias = g.parameter("bias", .f32([1, 2, 5, 5]))
          let form = AttentionForm(heads: 2, scale: 0.5, hasBias: true)
          return g.apply(.attention(Attention(form)), [x, x, x, bias])[0]
        },
        Case("attention in shifted windows") { g in
          // Of two maps of 4 · 4, four windows of four tokens each.
          let x = g.input("x", .f32([8, 4, 6]))
          let indices = g.apply(.relativeIndex(RelativeIndex(window: 2)), [])[0]
          let biases = g.embedding(g.parameter("table", .f32([9, 3])), ids: indices)
          let mask = g.apply(
            .windowMask(WindowMask(height: 4, width: 4, window: 2, shift: 1)), [])[0]
          let bias = g.add(
            g.broadcast(g.transpose(biases, [2, 0, 1]), to: [4, 3, 4, 4]),
            g.reshape(mask, [4, 1, 4, 4]))
          let form = AttentionForm(heads: 3, scale: 0.7, hasBias: true)
          return g.apply(.attention(Attention(form)), [x, x, x, bias])[0]
        },
        Case("attention under a prefix mask") { g in
          let x = rows(&g)
          return g.attention(x, x, x, AttentionForm(heads: 3, scale: 1, prefix: 3))
        },
      ]
  }

  /// What an exported graph means, told by importing it again.
  @Test(arguments: Case.all)
  func anExportedGraphMeansTheSame(_ test: Case) throws {
    let graph = test.graph
    var parameters: [String: Tensor] = [:]
    for (index, named) in graph.parameters.enumerated() {
      let shape = try #require(graph.shape(named.value).values([:]))
      let tensor = Tensor.random(shape, seed: UInt64(index))
      parameters[named.name] = Tensor(.f32, shape, tensor.values.map { Double(Float($0)) })
    }
    var inputs: [String: Tensor] = [:]
    for (index, named) in graph.inputs.enumerated() {
      let shape = try #require(graph.shape(named.value).values(["B": 2]))
      let seed = 50 + UInt64(index)
      inputs[named.name] =
        graph.type(named.value).dtype == .i32
        ? .random(.i32, shape, seed: seed, in: 0...2) : .random(shape, seed: seed)
    }
    let folder = try TemporaryFolder()
    let path = folder.path("model.onnx")
    try ExportedModel.write(graph, name: "test", to: path) { name in
      parameters[name]?.values.map { Float($0) } ?? []
    }
    let model = try ImportedModel.read(path: path)
    let expected = try #require(
      try Interpreter.run(graph, inputs: inputs, parameters: parameters)["y"])
    let found = try #require(
      try Interpreter.run(model.graph, inputs: inputs, parameters: model.tensors)["y"])
    // Both are computed in Double from the same floats. Sums may be in another order, and a GELU's
    // own constant is put for the float one in the file: a part in 2²⁴ of it.
    #expect(largestDifference(found, expected) <= 1e-6)
  }

  static let forms = [
    PatchForm(size: 3, stride: 2, padding: 1, channelsLast: true),
    PatchForm(size: 7, stride: 4, padding: 2), PatchForm(size: 2, stride: 3),
    PatchForm(size: 2, channelsLast: true),
  ]

  /// The importer knows no such look-up, so what the nodes mean is worked out here.
  @Test(arguments: forms)
  func patchesOfAnyFormArePicked(_ form: PatchForm) throws {
    let shape = form.channelsLast ? [2, 8, 9, 3] : [2, 3, 8, 9]
    var graph = Graph()
    let map = graph.input("x", .f32([.symbol("B")] + shape.dropFirst().map { Dimension($0) }))
    graph.output("y", graph.patches(map, form))
    let x = Tensor.random(shape, seed: 3)
    let expected = try #require(try Interpreter.run(graph, inputs: ["x": x])["y"])

    let exported = try ONNXExporter.export(graph, name: "test")
    func ints(_ name: String) throws -> [Int] {
      let constant = try #require(exported.initializers.first { $0.name == name })
      guard case .ints(let values) = constant.elements else { throw GraphError("floats") }
      return values
    }
    var values = ["x": x]
    for node in exported.nodes {
      let x = try #require(values[node.inputs[0]])
      let y: Tensor
      switch node.op {
      case "Identity": y = x
      case "Transpose":
        y = try evaluate(
          .transpose(Transpose(permutation: #require(try node.ints("perm")))), [x])[0]
      case "Pad":
        let pads = try ints(node.inputs[1])
        var padded = x
        for axis in 0..<4 {
          let (before, after) = (Dimension(pads[axis]), Dimension(pads[axis + 4]))
          padded = try evaluate(.pad(Pad(axis: axis, before: before, after: after)), [padded])[0]
        }
        y = padded
      case "Reshape":
        let target = try ints(node.inputs[1]).enumerated().map { $1 == 0 ? x.shape[$0] : $1 }
        y = Tensor.f32(target, x.values)
      case "Gather":
        try #require(try node.int("axis", default: 0) == 1)
        let (places, width) = (try ints(node.inputs[1]), x.shape[2])
        y = Tensor.f32(
          [x.shape[0], places.count, width],
          (0..<x.shape[0]).flatMap { batch in
            places.flatMap { place in
              let start = (batch * x.shape[1] + place) * width
              return x.values[start..<start + width]
            }
          })
      default: throw GraphError("no \(node.op) here")
      }
      values[node.outputs[0]] = y
    }
    #expect(values["y"] == expected)
  }

  @Test func graphsOfTrainingHaveNoForm() throws {
    var graph = Graph()
    let x = graph.input("x", .f32([4]))
    let seed = graph.input("seed", TensorType(.i32, [1]))
    graph.output("y", graph.dropout(x, seed: seed, rate: 0.5, salt: 1))
    let folder = try TemporaryFolder()
    let error = #expect(throws: (any Error).self) {
      try ExportedModel.write(graph, name: "test", to: folder.path("m.onnx")) { _ in [] }
    }
    #expect("\(String(describing: error))".contains("dropout"))
  }
}
