package import Graph

/// Merges projections of one value into one product whose columns are handed out: q, k and v.
///
/// Rows are read and, once quantized, prepared once; the product is wide enough to fill the machine.
///
/// - Requires: the graph is split, so that a projection that only the image needs is not merged with
///   ones that only the text needs.
/// - Leaves alone: projections with an activation or a residual, weights that are no parameters.
package struct MergeProjections: Pass {
  package static let name = "merge-projections"
  package static let numerics = PassNumerics.exact
  /// As many results as a step may have.
  private static let maximumSplits = 4

  package init() {}

  package func run(
    _ graph: Graph, _ parameters: inout ParameterStore
  ) -> (graph: Graph, rewrites: Int) {
    let names = Dictionary(uniqueKeysWithValues: graph.parameters.map { ($0.value, $0.name) })
    /// Mergeable nodes by what they read and whether they have a bias.
    var groups: [[Value]: [Int]] = [:]
    for (index, node) in graph.nodes.enumerated() where Self.isMergeable(graph, node, names) {
      // The bias only counts as there or not: the key repeats x for it.
      let key = node.inputs.count == 3 ? [node.inputs[0], node.inputs[0]] : [node.inputs[0]]
      if groups[key, default: []].count < Self.maximumSplits {
        groups[key, default: []].append(index)
      }
    }
    let merged = Dictionary(
      uniqueKeysWithValues: groups.values.filter { $0.count > 1 }.map { ($0[0], $0) })
    let members = Set(merged.values.joined())

    var rewriter = GraphRewriter(graph)
    for (index, node) in graph.nodes.enumerated() {
      if let group = merged[index] {
        merge(group.map { graph.nodes[$0] }, names, &rewriter, &parameters)
      } else if !members.contains(index) {
        rewriter.copy(node)
      }
    }
    return (rewriter.finish(), merged.count)
  }

  private static func isMergeable(
    _ graph: Graph, _ node: Node, _ names: [Value: String]
  ) -> Bool {
    guard case .linear(let op) = node.op else { return false }
    return op.epilogue.activation == .none && !op.epilogue.hasResidual
      && op.epilogue.splits.isEmpty && node.inputs.dropFirst().allSatisfy { names[$0] != nil }
  }

  private func merge(
    _ nodes: [Node], _ names: [Value: String], _ rewriter: inout GraphRewriter,
    _ parameters: inout ParameterStore
  ) {
    let columns = nodes.map { rewriter.source.shape($0.inputs[1])[0].constant ?? 0 }
    let total = Dimension(columns.reduce(0, +))
    func joined(_ input: Int, _ shape: Shape) -> Value {
      let name = parameters.join(nodes.compactMap { names[$0.inputs[input]] })
      return rewriter.parameter(name, .f32(shape))
    }
    var inputs = [
      rewriter[nodes[0].inputs[0]],
      joined(1, [total, rewriter.source.shape(nodes[0].inputs[1])[1]]),
    ]
    let hasBias = nodes[0].inputs.count == 3
    if hasBias { inputs.append(joined(2, [total])) }
    let results = rewriter.graph.apply(
      .linear(Linear(Epilogue(hasBias: hasBias, splits: columns))), inputs)
    for (node, result) in zip(nodes, results) { rewriter.map(node.results[0], to: result) }
  }
}
