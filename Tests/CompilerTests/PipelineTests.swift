import Compiler
import Graph
import Testing

@Suite struct PipelineTests {
  /// A pass with a mistake: it says that a GELU gives integers.
  private struct Careless: Pass {
    static let name = "careless"
    static let numerics = PassNumerics.exact

    func run(_ graph: Graph, _: inout ParameterStore) -> (graph: Graph, rewrites: Int) {
      let types =
        graph.types.dropLast() + [TensorType(.i32, graph.types[graph.types.count - 1].shape)]
      let broken = Graph(
        types: Array(types), inputs: graph.inputs, parameters: graph.parameters,
        nodes: graph.nodes, outputs: graph.outputs)
      return (broken, 1)
    }
  }

  @Test func aPassThatBreaksAGraphIsNamed() {
    var graph = Graph()
    graph.output("y", graph.gelu(graph.input("x", .f32([2])), .erf))
    let error = #expect(throws: CompileError.self) {
      var driver = PassDriver(ParameterStore([:]))
      _ = try driver.run(
        [Canonicalize(), Careless(), FuseProjection()], on: graph, function: "model")
    }
    #expect(error?.expected == "model to be a graph after careless")
  }

  @Test func passesHaveDifferentNames() {
    let names = Pipeline.all.map { type(of: $0).name }
    #expect(Set(names).count == names.count)
  }

  /// Watched in running order: the model, then each function from its partition on.
  @Test func everyPassIsWatchedAndReported() throws {
    var watched: [String] = []
    let functions = try CaptionerGraphs(
      GIT.logits(TinyModel.configuration()), ParameterStore([:]), precision: .int8
    ) { pass, function, graph in
      #expect(throws: Never.self) { try graph.verify() }
      watched.append("\(function) \(pass)")
    }
    let expected =
      Pipeline.whole.map { "model \(type(of: $0).name)" }
      + ["encode", "prefix", "step"].flatMap { function in
        ["\(function) partition"]
          + Pipeline.functions(.int8).map { "\(function) \(type(of: $0).name)" }
      }
    #expect(watched == expected)
    let reported = functions.reports.map { "\($0.function) \($0.pass)" }
    #expect(reported == expected.filter { !$0.hasSuffix("partition") })
  }

  @Test func aSecondTimeAroundNothingIsRewritten() throws {
    let functions = try CaptionerGraphs(
      GIT.logits(TinyModel.configuration(heads: 4)), ParameterStore([:]), precision: .int8)
    for (name, graph) in functions.lowered.functions {
      var driver = PassDriver(functions.parameters)
      let again = try driver.run(Pipeline.all, on: graph, function: name)
      #expect(again == graph)
      #expect(driver.reports.allSatisfy { $0.rewrites == 0 })
    }
  }
}
