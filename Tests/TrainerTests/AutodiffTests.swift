import Graph
import Reference
import Testing
import Trainer

@Suite struct AutodiffTests {
  /// loss = Σ result · weights, with random weights so that no error cancels.
  private static func lossGraph(_ sample: GradientSample) -> Graph {
    var graph = Graph()
    let parameters = sample.parameters.enumerated().map { index, shape in
      graph.parameter("p\(index)", .f32(shape.map { Dimension($0) }))
    }
    let result = sample.build(&graph, parameters)
    let weights = graph.input("weights", graph.type(result))
    let product = graph.multiply(result, weights)
    graph.output("loss", graph.sum(product, axes: Array(graph.shape(product).indices)))
    return graph
  }

  @Test(arguments: GradientSample.all)
  func equalsCentralDifferences(_ sample: GradientSample) throws {
    let graph = Self.lossGraph(sample)
    let weightShape = try #require(
      graph.inputs.first { $0.name == "weights" }.flatMap { graph.shape($0.value).values([:]) })
    var inputs = sample.inputs
    inputs["weights"] = .random(weightShape, seed: 1)
    var parameters: [String: Tensor] = [:]
    for (index, shape) in sample.parameters.enumerated() {
      parameters["p\(index)"] = .random(shape, seed: UInt64(10 + index), in: -2...2)
    }
    let gradients = try Interpreter.run(
      Autodiff.differentiate(graph, loss: "loss"), inputs: inputs, parameters: parameters)

    // Central differences are off by h²/6 · |f‴| + ε|f|/h; with h = 1e-4, ε = 1e-16 and third
    // derivatives below 100 (attention at these ranges) that is below 2e-7 + 1e-11.
    let (h, tolerance) = (1e-4, 1e-6)
    for (name, tensor) in parameters {
      let gradient = try #require(gradients["gradient.\(name)"])
      #expect(gradient.shape == tensor.shape)
      for element in tensor.values.indices {
        func loss(_ step: Double) throws -> Double {
          var moved = parameters
          moved[name]?.values[element] += step
          let results = try Interpreter.run(graph, inputs: inputs, parameters: moved)
          return try #require(results["loss"]).values[0]
        }
        let difference = try (loss(h) - loss(-h)) / (2 * h)
        #expect(
          abs(gradient.values[element] - difference) <= tolerance * max(1, abs(difference)),
          "\(name)[\(element)]: \(gradient.values[element]) against \(difference)")
      }
    }
  }

  private static let encoders: [GITConfiguration.Vision] = [
    .init(imageSize: 4, patchSize: 2, width: 8, layers: 2, heads: 2, mlpWidth: 12),
    .coswin(
      CoSwin(
        imageSize: 4, stem: .init(size: 2, stride: 1, padding: 1), width: 4, depths: [1, 2],
        heads: [1, 2], window: 5, mlpRatio: 2)),
    .coswin(
      CoSwin(
        imageSize: 4, stem: .init(size: 3, stride: 1, padding: 1), width: 8, depths: [2],
        heads: [2],
        window: 2, mlpRatio: 1)),
  ]

  @Test(arguments: encoders)
  func aModelGradientEqualsADirectionalDifference(_ vision: GITConfiguration.Vision) throws {
    var configuration = GITConfiguration.gitMicro(vocabularySize: 11, frames: 2)
    configuration.vision = vision
    configuration.text = .init(
      width: 8, layers: 2, heads: 2, mlpWidth: 12, vocabularySize: 11, maximumTextLength: 5)
    let graph = GIT.logits(
      configuration,
      training: TrainingOptions(dropout: 0.2, smoothing: Smoothing(form: .kl, amount: 0.1)))
    let inputs: [String: Tensor] = [
      "pixels": .random([2, 2, 3, 4, 4], seed: 3), "tokens": .i32([2, 3], [2, 5, 6, 2, 7, 0]),
      "labels": .i32([2, 3], [5, 6, 3, -1, 3, -1]), "seed": .i32([1], [9]),
    ]
    var parameters: [String: Tensor] = [:]
    var direction: [String: Tensor] = [:]
    for (index, named) in graph.parameters.enumerated() {
      let shape = try #require(graph.shape(named.value).values([:]))
      parameters[named.name] = .random(shape, seed: UInt64(100 + index), in: -0.5...0.5)
      direction[named.name] = .random(shape, seed: UInt64(900 + index))
    }
    let results = try Interpreter.run(
      Autodiff.differentiate(graph, loss: "loss"), inputs: inputs, parameters: parameters)
    var slope = 0.0
    for (name, along) in direction {
      let gradient = try #require(results["gradient.\(name)"])
      slope += zip(gradient.values, along.values).reduce(0) { $0 + $1.0 * $1.1 }
    }
    func loss(_ step: Double) throws -> Double {
      var moved = parameters
      for (name, along) in direction {
        for element in along.values.indices {
          moved[name]?.values[element] += step * along.values[element]
        }
      }
      return try #require(
        Interpreter.run(graph, inputs: inputs, parameters: moved)["loss"]
      ).values[0]
    }
    let difference = try (loss(1e-5) - loss(-1e-5)) / 2e-5
    // One step disturbs every parameter, so third derivatives are large; h²·1e4 = 1e-6 of them.
    #expect(abs(slope - difference) <= 1e-5 * abs(difference), "\(slope) against \(difference)")
  }

  @Test func aParameterTheLossDoesNotReadHasZeros() throws {
    var graph = Graph()
    let used = graph.parameter("used", .f32([2]))
    _ = graph.parameter("unused", .f32([2, 3]))
    graph.output("loss", graph.sum(used, axes: [0]))
    let gradients = try Interpreter.run(
      Autodiff.differentiate(graph, loss: "loss"), inputs: [:],
      parameters: ["used": .filled([2]), "unused": .filled([2, 3])])
    #expect(gradients["gradient.unused"] == .filled([2, 3]))
    #expect(gradients["gradient.used"] == .filled([2], 1))
  }

  /// Two slices that make up a value give derivatives side by side; others are added up.
  @Test func theDerivativeOfARollIsARoll() throws {
    func ops(_ cuts: (Dimension, Dimension)) throws -> [String] {
      var graph = Graph()
      let x = graph.parameter("x", .f32([3, 5]))
      let parts = [
        graph.slice(x, axis: 1, from: cuts.0, to: 5), graph.slice(x, axis: 1, from: 0, to: cuts.1),
      ]
      graph.output("loss", graph.sum(graph.concat(parts, axis: 1), axes: [0, 1]))
      let gradient = try Autodiff.differentiate(graph, loss: "loss")
      let made = try #require(gradient.outputs.first { $0.name == "gradient.x" })
      return gradient.nodes.filter { $0.results.contains(made.value) }.map(\.op.mnemonic)
    }
    #expect(try ops((2, 2)) == ["concat"])
    #expect(try ops((2, 3)) == ["add"])
    #expect(try ops((3, 2)) == ["add"])
  }

  @Test func refusesWhatHasNoDerivative() throws {
    var graph = Graph()
    let x = graph.parameter("x", .f32([2, 8]))
    let quantized = graph.apply(.quantizeRows(QuantizeRows(levels: 127)), [x])
    graph.output("loss", graph.sum(quantized[1], axes: [0, 1]))
    #expect(throws: GraphError.self) { try Autodiff.differentiate(graph, loss: "loss") }
    #expect(throws: GraphError.self) { try Autodiff.differentiate(graph, loss: "no such output") }
  }
}
