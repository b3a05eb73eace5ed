package import Graph

/// Brings a graph into one spelling, so that the passes after it need to know only that one.
///
/// Ops that change nothing fall away, moves of data in a row become one, a sum or product has its
/// smaller operand second, what is computed twice is computed once, and each of these stands where
/// it does in our own models, wherever another program put it:
///
/// - a weight of a product, as [N, K];
/// - an exchange of the last two axes of a factor, in the product itself;
/// - a choice of columns, in the weights that make them: q, k and v of one projection are three.
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
enum Simpler {
  case value(Value)
  case op(Op, [Value])
}

/// An op with what it is applied to: where both are equal, so are the results.
struct Application: Hashable {
  var op: Op
  var inputs: [Value]
}

/// The state of one run; its rules on moves of data are in `Canonicalizer+Moves.swift`.
struct Canonicalizer {
  var rewriter: GraphRewriter
  private(set) var rewrites = 0
  /// The nodes of the new graph, by each result.
  private(set) var producers: [Value: Application] = [:]
  private var known: [Application: [Value]] = [:]
  /// Values of the new graph made from parameters alone.
  private var constants: Set<Value>

  init(_ graph: Graph) {
    rewriter = GraphRewriter(graph)
    constants = []
    for parameter in graph.parameters { constants.insert(rewriter[parameter.value]) }
  }

  mutating func handle(_ node: Node) {
    let results = place(node.op, node.inputs.map { rewriter[$0] })
    for (old, new) in zip(node.results, results) { rewriter.map(old, to: new) }
  }

  /// The results of an op in its canonical spelling, by new nodes only where there are none.
  mutating func place(_ op: Op, _ inputs: [Value]) -> [Value] {
    var application = Application(op: op, inputs: inputs)
    while let simpler = simpler(application.op, application.inputs) {
      rewrites += 1
      switch simpler {
      case .value(let value): return [value]
      case .op(let op, let inputs): application = Application(op: op, inputs: inputs)
      }
    }
    if let results = known[application] {
      rewrites += 1
      return results
    }
    let results = rewriter.graph.apply(application.op, application.inputs)
    for result in results { producers[result] = application }
    if application.inputs.allSatisfy(constants.contains) { constants.formUnion(results) }
    // One that changes its inputs is something else each time.
    if case .cachedAttention = application.op { return results }
    known[application] = results
    return results
  }

  func shape(_ value: Value) -> Shape { rewriter.graph.shape(value) }

  /// Whether a value is made from parameters alone.
  func isConstant(_ value: Value) -> Bool { constants.contains(value) }

  /// Whether a value is a parameter itself.
  func isParameter(_ value: Value) -> Bool { isConstant(value) && producers[value] == nil }

  /// Whether a value is a parameter, or moved elements of one.
  private func isMoved(_ value: Value) -> Bool {
    guard let node = producers[value] else { return isParameter(value) }
    switch node.op {
    case .reshape, .transpose, .slice: return isMoved(node.inputs[0])
    default: return false
    }
  }

  /// One step towards the canonical spelling; nil when it is reached.
  private mutating func simpler(_ op: Op, _ inputs: [Value]) -> Simpler? {
    switch op {
    case .scale(let op): return op.factor == 1 ? .value(inputs[0]) : nil
    case .dropout(let op): return op.rate == 0 ? .value(inputs[0]) : nil
    case .sum(let op): return op.axes.isEmpty ? .value(inputs[0]) : nil
    case .broadcast(let op): return op.shape == shape(inputs[0]) ? .value(inputs[0]) : nil
    case .pad(let op): return op.before == 0 && op.after == 0 ? .value(inputs[0]) : nil
    case .concat: return inputs.count == 1 ? .value(inputs[0]) : nil
    case .add, .multiply: return simpler(elementwise: op, inputs)
    case .matMul(let op): return simpler(op, inputs)
    case .reshape(let op): return simpler(op, inputs[0])
    case .transpose(let op): return simpler(op, inputs[0])
    case .slice(let op): return simpler(op, inputs[0])
    default: return nil
    }
  }

  /// Sums and products commute exactly; a bias, a residual and a mask are looked for on the right, as
  /// few axes as they have.
  private mutating func simpler(elementwise op: Op, _ inputs: [Value]) -> Simpler? {
    let (a, b) = (shape(inputs[0]), shape(inputs[1]))
    if a.count < b.count { return .op(op, [inputs[1], inputs[0]]) }
    for (index, other) in [(1, 0), (0, 1)] {
      let (operand, whole) = (shape(inputs[index]), shape(inputs[other]))
      var changed = inputs
      if let inner = producers[inputs[index]], case .broadcast = inner.op,
        stretches(shape(inner.inputs[0]), to: whole), stretches(operand, to: whole)
      {
        changed[index] = inner.inputs[0]
        return .op(op, changed)
      }
      // Only of parameters, where the reshape is one as well.
      if operand.first == 1, whole.count >= operand.count, isMoved(inputs[index]),
        stretches(operand, to: whole)
      {
        let short = Reshape(shape: Shape(operand.drop { $0 == 1 }))
        changed[index] = place(.reshape(short), [inputs[index]])[0]
        return .op(op, changed)
      }
    }
    return nil
  }

  /// Whether NumPy's rule makes nothing but `whole` of the two.
  private func stretches(_ part: Shape, to whole: Shape) -> Bool {
    part.count <= whole.count
      && zip(part, whole.suffix(part.count)).allSatisfy { $0 == 1 || $0 == $1 }
  }

  private mutating func simpler(_ op: MatMul, _ inputs: [Value]) -> Simpler? {
    guard let exchanged = exchangingLastAxes(inputs[1], isTransposed: op.transposeB) else {
      return nil
    }
    let other = MatMul(transposeA: op.transposeA, transposeB: !op.transposeB)
    return .op(.matMul(other), [inputs[0], exchanged])
  }

  /// `x` with its last two axes exchanged, where a product should read it so: a parameter [K, N] as
  /// [N, K], and what ends in an exchange without it.
  private mutating func exchangingLastAxes(_ x: Value, isTransposed: Bool) -> Value? {
    guard let inner = producers[x] else {
      guard isParameter(x), !isTransposed, shape(x).count == 2 else { return nil }
      return place(.transpose(Transpose(permutation: [1, 0])), [x])[0]
    }
    switch inner.op {
    case .scale(let op):
      return exchangingLastAxes(inner.inputs[0], isTransposed: isTransposed).map {
        place(.scale(op), [$0])[0]
      }
    case .transpose(let op):
      let last = op.permutation.count - 1
      guard last > 0, op.permutation[last - 1] == last,
        !(isTransposed && isConstant(x))
      else { return nil }
      var permutation = op.permutation
      permutation.swapAt(last - 1, last)
      return place(.transpose(Transpose(permutation: permutation)), inner.inputs)[0]
    default: return nil
    }
  }
}
