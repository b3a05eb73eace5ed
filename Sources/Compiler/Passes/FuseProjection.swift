package import Graph

/// Makes x·Wᵀ, its bias, its activation and the residual added to it one `linear`.
///
///     gelu(matmul(x, W, transposeB) + b) + r   ->   linear(x, W, b, r; gelu)
///
/// - Leaves alone: products that are not by a shared [N, K] matrix; sums and activations whose
///   operand has another reader, such as the pre-activation that a backward pass needs.
package struct FuseProjection: Pass {
  package static let name = "fuse-projection"
  package static let numerics = PassNumerics.exact

  package init() {}

  package func run(
    _ graph: Graph, _: inout ParameterStore
  ) -> (graph: Graph, rewrites: Int) {
    let uses = graph.useCounts
    var rewriter = GraphRewriter(graph)
    /// The projections made so far, by their result in the new graph.
    var projections: [Value: (inputs: [Value], epilogue: Epilogue)] = [:]
    var rewrites = 0

    func replace(_ node: Node, _ inputs: [Value], _ epilogue: Epilogue) {
      rewriter.replace(node, .linear(Linear(epilogue)), inputs)
      projections[rewriter[node.results[0]]] = (inputs, epilogue)
      rewrites += 1
    }

    /// The projection that made `operand`, if this is its only reader.
    func projection(_ operand: Value) -> (inputs: [Value], epilogue: Epilogue)? {
      uses[operand.id] == 1 ? projections[rewriter[operand]] : nil
    }

    nodes: for node in graph.nodes {
      switch node.op {
      case .matMul(MatMul(transposeA: false, transposeB: true))
      where graph.shape(node.inputs[1]).count == 2:
        replace(node, node.inputs.map { rewriter[$0] }, Epilogue())
        continue nodes
      case .linear(let op):
        rewriter.copy(node)
        if op.epilogue.splits.isEmpty {
          projections[rewriter[node.results[0]]] = (node.inputs.map { rewriter[$0] }, op.epilogue)
        }
        continue nodes
      case .add:
        for (operand, other) in [(0, 1), (1, 0)] {
          guard let (inputs, epilogue) = projection(node.inputs[operand]),
            let (added, extended) = Self.adding(
              graph.type(node.inputs[other]), to: epilogue,
              result: graph.type(node.inputs[operand])),
            graph.type(node.results[0]) == graph.type(node.inputs[operand])
          else { continue }
          precondition(added == inputs.count, "bias and residual come last")
          replace(node, inputs + [rewriter[node.inputs[other]]], extended)
          continue nodes
        }
      case .gelu(let op):
        if let (inputs, epilogue) = projection(node.inputs[0]), epilogue.activation == .none,
          !epilogue.hasResidual
        {
          var extended = epilogue
          extended.activation = Activation(op.form)
          replace(node, inputs, extended)
          continue nodes
        }
      default: break
      }
      rewriter.copy(node)
    }
    return (rewriter.finish(), rewrites)
  }

  /// What adding a value of type `other` makes of an epilogue, and which input it becomes; nil when
  /// it is neither bias nor residual.
  private static func adding(
    _ other: TensorType, to epilogue: Epilogue, result: TensorType
  ) -> (input: Int, epilogue: Epilogue)? {
    guard !epilogue.hasResidual, let columns = result.shape.last else { return nil }
    var extended = epilogue
    if other.shape == [columns], !epilogue.hasBias, epilogue.activation == .none {
      extended.hasBias = true
      return (2, extended)
    }
    guard other.shape.count <= result.shape.count,
      Shape(result.shape.suffix(other.shape.count)) == other.shape
    else { return nil }
    extended.hasResidual = true
    return (epilogue.hasBias ? 3 : 2, extended)
  }
}
