/// A value of a graph: an input, a parameter or a result of a node.
package struct Value: Hashable, Sendable {
  /// Index into `Graph.types`.
  package var id: Int

  package init(id: Int) { self.id = id }
}

/// A value with the name under which callers and files know it.
package struct NamedValue: Hashable, Sendable {
  package var name: String
  package var value: Value

  package init(name: String, value: Value) {
    self.name = name
    self.value = value
  }
}

/// One application of an op.
package struct Node: Hashable, Sendable {
  package var op: Op
  package var inputs: [Value]
  package var results: [Value]

  package init(op: Op, inputs: [Value], results: [Value]) {
    self.op = op
    self.inputs = inputs
    self.results = results
  }
}

/// A float or quantized program: every value is defined once, before it is used.
///
/// Nodes stand in an order in which they can run. A graph grows by appending only; passes make new
/// graphs (see `GraphRewriter`), so a `Value` never changes its meaning.
package struct Graph: Hashable, Sendable {
  /// The type of each value, by id.
  package private(set) var types: [TensorType] = []
  /// What the caller gives: pixels, tokens.
  package private(set) var inputs: [NamedValue] = []
  /// What training learns; the names are the checkpoint's tensor names.
  package private(set) var parameters: [NamedValue] = []
  package private(set) var nodes: [Node] = []
  package private(set) var outputs: [NamedValue] = []
  /// The names of inputs and parameters, and those of outputs.
  private var declared: Set<String> = []
  private var outputNames: Set<String> = []

  package init() {}

  /// A graph from its parts, unchecked: call `verify()` before trusting it.
  package init(
    types: [TensorType], inputs: [NamedValue], parameters: [NamedValue], nodes: [Node],
    outputs: [NamedValue]
  ) {
    self.types = types
    self.inputs = inputs
    self.parameters = parameters
    self.nodes = nodes
    self.outputs = outputs
    declared = Set((inputs + parameters).map(\.name))
    outputNames = Set(outputs.map(\.name))
  }

  /// The type of a value.
  package func type(_ value: Value) -> TensorType { types[value.id] }

  /// The shape of a value.
  package func shape(_ value: Value) -> Shape { types[value.id].shape }

  private mutating func newValue(_ type: TensorType) -> Value {
    types.append(type)
    return Value(id: types.count - 1)
  }

  /// Whether an input or parameter has this name.
  package func isDeclared(_ name: String) -> Bool { declared.contains(name) }

  /// Whether an output has this name.
  package func hasOutput(_ name: String) -> Bool { outputNames.contains(name) }

  /// Adds an input; no other input or parameter has its name.
  package mutating func input(_ name: String, _ type: TensorType) -> Value {
    precondition(declared.insert(name).inserted, "two inputs or parameters named '\(name)'")
    let value = newValue(type)
    inputs.append(NamedValue(name: name, value: value))
    return value
  }

  /// Adds a parameter; no other input or parameter has its name.
  package mutating func parameter(_ name: String, _ type: TensorType) -> Value {
    precondition(declared.insert(name).inserted, "two inputs or parameters named '\(name)'")
    let value = newValue(type)
    parameters.append(NamedValue(name: name, value: value))
    return value
  }

  /// Declares `value` a result of the whole graph.
  package mutating func output(_ name: String, _ value: Value) {
    precondition(types.indices.contains(value.id), "output '\(name)' is no value of this graph")
    precondition(outputNames.insert(name).inserted, "two outputs named '\(name)'")
    outputs.append(NamedValue(name: name, value: value))
  }

  /// Forgets the outputs, so that a transformation can declare its own.
  package mutating func removeOutputs() { (outputs, outputNames) = ([], []) }

  /// Appends a node after checking its inputs, and gives its results.
  package mutating func append(_ op: Op, _ inputs: [Value]) throws(GraphError) -> [Value] {
    for input in inputs where !types.indices.contains(input.id) {
      throw GraphError("\(op.mnemonic): input %\(input.id) is not defined before its use")
    }
    let resultTypes = try op.resultTypes(inputs.map(type))
    let results = resultTypes.map { newValue($0) }
    nodes.append(Node(op: op, inputs: inputs, results: results))
    return results
  }

  /// The number of floats training learns, all parameters together.
  package var parameterCount: Dimension {
    parameters.reduce(0) { $0 + shape($1.value).elementCount }
  }

  /// How often each value is read by a node or as an output, by id.
  package var useCounts: [Int] {
    var counts = [Int](repeating: 0, count: types.count)
    for node in nodes { for input in node.inputs { counts[input.id] += 1 } }
    for output in outputs { counts[output.value.id] += 1 }
    return counts
  }

  /// The node that makes each value, by id; nil for inputs and parameters.
  package var producers: [Int?] {
    var producers = [Int?](repeating: nil, count: types.count)
    for (index, node) in nodes.enumerated() {
      for result in node.results { producers[result.id] = index }
    }
    return producers
  }
}
