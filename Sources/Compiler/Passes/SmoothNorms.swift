package import Graph

/// Evens out the channels of layer norms for the projections that read them.
///
///     linear(layer_norm(x; γ, β), W)   ->   linear(layer_norm(x; γ/s, β/s), W·s)
///
/// A quantized row has one scale, so a channel far above the others leaves them few levels; moved into
/// the weights, whose rows have scales of their own, it does less harm (SmoothQuant, Xiao et al. 2023).
/// Factors are powers of two: floats compute the very same.
///
/// - Requires: projections are merged, so that each norm has all its readers in one graph.
/// - Leaves alone: norms without factors; norms of which something else is read than rows of
///   projections by parameters that can be quantized, such as the residual stream of a post-norm.
package struct SmoothNorms: Pass {
  package static let name = "smooth-norms"
  package static let numerics = PassNumerics.exact

  /// A norm that can be smoothed.
  struct Candidate {
    /// The index of its node.
    var node: Int
    /// The names of its parameters.
    var gamma: String
    var beta: String
    /// The nodes that read it, and the names of their weights.
    var readers: [(node: Int, weight: String)]
  }

  /// Per channel, by the name of the norm's gamma; powers of two.
  private let factors: [String: [Float]]

  package init(_ factors: [String: [Float]] = [:]) { self.factors = factors }

  package func run(
    _ graph: Graph, _ parameters: inout ParameterStore
  ) -> (graph: Graph, rewrites: Int) {
    var norms: [Int: (Candidate, [Float])] = [:]
    var readers: [Int: (weight: String, factors: [Float])] = [:]
    for candidate in Self.candidates(graph) {
      guard let factors = factors[candidate.gamma] else { continue }
      norms[candidate.node] = (candidate, factors)
      for (node, weight) in candidate.readers { readers[node] = (weight, factors) }
    }
    if norms.isEmpty { return (graph, 0) }
    var rewriter = GraphRewriter(graph)
    func scaled(_ value: Value, _ name: String, by factors: [Float]) -> Value {
      rewriter.parameter(parameters.scale(name, by: factors), graph.type(value))
    }
    for (index, node) in graph.nodes.enumerated() {
      var inputs = node.inputs.map { rewriter[$0] }
      if let (candidate, factors) = norms[index] {
        let inverse = factors.map { 1 / $0 }
        let gamma = inputs.count - 2
        inputs[gamma] = scaled(node.inputs[gamma], candidate.gamma, by: inverse)
        inputs[gamma + 1] = scaled(node.inputs[gamma + 1], candidate.beta, by: inverse)
      } else if let (weight, factors) = readers[index] {
        inputs[1] = scaled(node.inputs[1], weight, by: factors)
      }
      rewriter.replace(node, node.op, inputs)
    }
    return (rewriter.finish(), norms.count)
  }

  /// Every norm whose results are read by projections alone.
  static func candidates(_ graph: Graph) -> [Candidate] {
    let names = Dictionary(uniqueKeysWithValues: graph.parameters.map { ($0.value, $0.name) })
    var readers: [Value: [Int]] = [:]
    for (index, node) in graph.nodes.enumerated() {
      for input in node.inputs { readers[input, default: []].append(index) }
    }
    let outputs = Set(graph.outputs.map(\.value))
    return graph.nodes.enumerated().compactMap { index, node in
      switch node.op {
      case .layerNorm, .residualLayerNorm: break
      default: return nil
      }
      let result = node.results[0]
      guard let gamma = names[node.inputs[node.inputs.count - 2]],
        let beta = names[node.inputs[node.inputs.count - 1]], !outputs.contains(result)
      else { return nil }
      var found: [(node: Int, weight: String)] = []
      for reader in readers[result] ?? [] {
        let projection = graph.nodes[reader]
        guard projection.inputs[0] == result, !projection.inputs.dropFirst().contains(result),
          let weight = QuantizeProjections.weight(of: projection, graph, names)
        else { return nil }
        found.append((reader, weight))
      }
      return found.isEmpty
        ? nil : Candidate(node: index, gamma: gamma, beta: beta, readers: found)
    }
  }
}
