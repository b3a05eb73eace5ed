package import Graph

/// Brings a graph into one spelling, so that the passes after it need to know only that one.
///
/// Ops that change nothing fall away, moves of data in a row become one, a sum or product has its
/// smaller operand second, and what is computed twice is computed once.
///
/// - Leaves alone: everything that would change a rounding, such as two factors in a row.
package struct Canonicalize: Pass {
  package static let name = "canonicalize"
  package static let numerics = PassNumerics.exact

  package init() {}

  package func run(
    _ graph: Graph, _: inout ParameterStore
  ) -> (graph: Graph, rewrites: Int) {
    var canonicalizer = Canonicalizer(graph)
    for node in graph.nodes { canonicalizer.handle(node) }
    return (canonicalizer.rewriter.finish(), canonicalizer.rewrites)
  }
}

/// What a node is without a detour: a value that is there already, or another op.
private enum Simpler {
  case value(Value)
  case op(Op, [Value])
}

/// An op with what it is applied to: where both are equal, so are the results.
private struct Application: Hashable {
  var op: Op
  var inputs: [Value]
}

private struct Canonicalizer {
  var rewriter: GraphRewriter
  private(set) var rewrites = 0
  /// The nodes of the new graph, by each result.
  private var producers: [Value: Application] = [:]
  private var known: [Application: [Value]] = [:]

  init(_ graph: Graph) { rewriter = GraphRewriter(graph) }

  mutating func handle(_ node: Node) {
    var application = Application(op: node.op, inputs: node.inputs.map { rewriter[$0] })
    while let simpler = simpler(application.op, application.inputs) {
      rewrites += 1
      switch simpler {
      case .value(let value): return rewriter.map(node.results[0], to: value)
      case .op(let op, let inputs): application = Application(op: op, inputs: inputs)
      }
    }
    if let results = known[application] {
      rewrites += 1
      for (old, new) in zip(node.results, results) { rewriter.map(old, to: new) }
      return
    }
    rewriter.replace(node, application.op, application.inputs)
    let results = node.results.map { rewriter[$0] }
    for result in results { producers[result] = application }
    // One that changes its inputs is something else each time.
    if case .cachedAttention = application.op { return }
    known[application] = results
  }

  private func shape(_ value: Value) -> Shape { rewriter.graph.shape(value) }

  /// One step towards the canonical spelling; nil when it is reached.
  private func simpler(_ op: Op, _ inputs: [Value]) -> Simpler? {
    switch op {
    case .scale(let op): op.factor == 1 ? .value(inputs[0]) : nil
    case .dropout(let op): op.rate == 0 ? .value(inputs[0]) : nil
    case .sum(let op): op.axes.isEmpty ? .value(inputs[0]) : nil
    case .broadcast(let op): op.shape == shape(inputs[0]) ? .value(inputs[0]) : nil
    case .pad(let op): op.before == 0 && op.after == 0 ? .value(inputs[0]) : nil
    case .concat: inputs.count == 1 ? .value(inputs[0]) : nil
    case .add, .multiply:
      // Both commute exactly; a bias, a residual and a mask are looked for on the right.
      shape(inputs[0]).count < shape(inputs[1]).count ? .op(op, [inputs[1], inputs[0]]) : nil
    case .reshape(let op): simpler(op, inputs[0])
    case .transpose(let op): simpler(op, inputs[0])
    case .slice(let op): simpler(op, inputs[0])
    default: nil
    }
  }

  private func simpler(_ op: Reshape, _ x: Value) -> Simpler? {
    if op.shape == shape(x) { return .value(x) }
    guard let inner = producers[x], case .reshape = inner.op else { return nil }
    return .op(.reshape(op), inner.inputs)
  }

  private func simpler(_ op: Transpose, _ x: Value) -> Simpler? {
    if op.permutation == Array(op.permutation.indices) { return .value(x) }
    guard let inner = producers[x], case .transpose(let first) = inner.op else { return nil }
    let both = op.permutation.map { first.permutation[$0] }
    return .op(.transpose(Transpose(permutation: both)), inner.inputs)
  }

  private func simpler(_ op: Slice, _ x: Value) -> Simpler? {
    if op.start == 0, op.end == shape(x)[op.axis] { return .value(x) }
    guard let inner = producers[x] else { return nil }
    switch inner.op {
    case .slice(let first) where first.axis == op.axis:
      let both = Slice(axis: op.axis, start: first.start + op.start, end: first.start + op.end)
      return .op(.slice(both), inner.inputs)
    case .concat(let concat) where concat.axis == op.axis:
      var start: Dimension = 0
      for part in inner.inputs {
        let end = start + shape(part)[op.axis]
        if op.start == start, op.end == end { return .value(part) }
        start = end
      }
      return nil
    default: return nil
    }
  }
}
