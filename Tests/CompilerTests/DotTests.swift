import Compiler
import Graph
import Testing

@Suite struct DotTests {
  @Test func opsAreBoxesWithTheParametersTheyRead() {
    var graph = Graph()
    let x = graph.input("x", .f32([.symbol("B"), 4]))
    let weight = graph.parameter("a \"b\".weight", .f32([2, 4]))
    let bias = graph.parameter("bias", .f32([2]))
    let product = graph.matMul(x, weight, transposeB: true)
    graph.output("y", graph.add(product, bias))
    graph.output("b", bias)
    #expect(
      graph.dot(name: "step") == #"""
        digraph "step" {
          node [shape = box, fontname = "monospace"]
          edge [fontname = "monospace", fontsize = 10]
          v0 [label = "x", shape = ellipse]
          n0 [label = "matmul\na \"b\".weight"]
          v0 -> n0 [label = "f32[B, 4]"]
          n1 [label = "add\nbias"]
          n0 -> n1 [label = "f32[B, 2]"]
          o0 [label = "y", shape = ellipse]
          n1 -> o0 [label = "f32[B, 2]"]
          o1 [label = "b", shape = ellipse]
          v2 [label = "bias"]
          v2 -> o1 [label = "f32[2]"]
        }

        """#)
  }
}
