import Graph

/// Lets the backward pass compute the insides of blocks again instead of keeping them.
///
/// A block is what reads the parameters of one layer, `….layers.3.…`, and what follows until other
/// parameters are read. Of each block only what later blocks read is kept; before the first backward
/// node that reads anything else of it, all of that is computed once more. Forward ops give the same
/// bits the second time, dropout included, which draws by its seed, and so the gradients are the same.
///
/// - Source: Chen, Xu, Zhang, Guestrin 2016, "Training deep nets with sublinear memory cost".
struct Recomputation {
  private let forward: Int
  private var rewriter: GraphRewriter
  /// Values that are inside a block, made there and read by no forward node of another, with its name.
  private let inner: [Value: String]
  /// By block, the nodes behind the inner values that backward nodes read, in order.
  private var wanted: [String: [Int]]
  /// The second values of what was computed again.
  private var again: [Value: Value] = [:]

  /// The differentiated `graph`, whose first `forward` nodes are the forward pass, rewritten.
  static func ofBlocks(in graph: Graph, forward: Int) -> Graph {
    var recomputation = Recomputation(graph, forward)
    for index in graph.nodes.indices { recomputation.append(index) }
    return recomputation.rewriter.finish()
  }

  private init(_ graph: Graph, _ forward: Int) {
    self.forward = forward
    rewriter = GraphRewriter(graph)
    inner = Self.inner(graph, Self.blocks(graph, forward))
    wanted = Self.wanted(graph, forward, inner)
  }

  private mutating func append(_ index: Int) {
    let node = rewriter.source.nodes[index]
    if index < forward {
      rewriter.copy(node)
      return
    }
    for input in node.inputs {
      if let block = inner[input] { recompute(block) }
    }
    rewriter.replace(node, node.op, node.inputs.map { again[$0] ?? rewriter[$0] })
  }

  /// Computes what is wanted of a block again, once.
  private mutating func recompute(_ block: String) {
    for index in wanted.removeValue(forKey: block) ?? [] {
      let node = rewriter.source.nodes[index]
      let inputs = node.inputs.map { again[$0] ?? rewriter[$0] }
      let results = rewriter.graph.apply(node.op, inputs)
      for (old, new) in zip(node.results, results) { again[old] = new }
    }
  }

  /// By forward node, its block; nil outside of all.
  private static func blocks(_ graph: Graph, _ forward: Int) -> [String?] {
    let names = Dictionary(uniqueKeysWithValues: graph.parameters.map { ($0.value, $0.name) })
    var current: String?
    return graph.nodes.prefix(forward).map { node in
      if let name = node.inputs.lazy.compactMap({ names[$0] }).first { current = block(of: name) }
      return current
    }
  }

  /// The name of a layer's parameter up to the layer's number, the last in it; nil where it has none.
  private static func block(of name: String) -> String? {
    let parts = name.split(separator: ".")
    guard let last = parts.dropLast().lastIndex(where: { Int($0) != nil }) else { return nil }
    return parts[...last].joined(separator: ".")
  }

  private static func inner(_ graph: Graph, _ blocks: [String?]) -> [Value: String] {
    var inner: [Value: String] = [:]
    for (node, block) in zip(graph.nodes, blocks) {
      for input in node.inputs where inner[input] != block { inner[input] = nil }
      guard let block else { continue }
      for result in node.results { inner[result] = block }
    }
    for output in graph.outputs { inner[output.value] = nil }
    return inner
  }

  private static func wanted(
    _ graph: Graph, _ forward: Int, _ inner: [Value: String]
  ) -> [String: [Int]] {
    var needed = Set(graph.nodes[forward...].flatMap(\.inputs).filter { inner[$0] != nil })
    var wanted: [String: [Int]] = [:]
    for index in (0..<forward).reversed() {
      let node = graph.nodes[index]
      guard let result = node.results.first(where: needed.contains), let block = inner[result]
      else { continue }
      wanted[block, default: []].insert(index, at: 0)
      needed.formUnion(node.inputs.filter { inner[$0] == block })
    }
    return wanted
  }
}
