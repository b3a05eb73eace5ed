import Diagnostics
import Formats
import Graph

/// What an ONNX value is while a model is imported.
enum Term {
  /// A value of our graph.
  case value(Value)
  /// Elements known now.
  case known(Known)
  /// A step of a decomposed layer norm or GELU, which is an op only as a whole.
  case partial(Partial)
}

/// Translates an ONNX graph node by node.
struct ONNXImporter {
  let place: String
  private(set) var graph = Graph()
  private(set) var weights: [String: WeightTensor] = [:]
  private var terms: [String: Term] = [:]
  /// Parameters made of known tensors, by the ONNX value they stand for.
  private var parameters: [String: Value] = [:]
  /// How often a name was wanted for a parameter.
  private var wanted: [String: Int] = [:]
  /// The node of our graph that made each value.
  private(set) var producers: [Value: Node] = [:]
  /// What computing constants may still cost (see ``Known/cost``): much for a model of many weights, and
  /// little for a small file, whose nodes can ask for anything.
  private var budget = 1 << 26

  init(place: String) { self.place = place }

  mutating func run(_ model: ONNXModel) throws(InputError) {
    guard model.opset >= 13 else {
      throw failure(
        "opset_import", expected: "version 13 or newer of the standard operators",
        found: "\(model.opset)", advice: "export with opset_version=17 or newer")
    }
    for (index, tensor) in model.graph.initializers.enumerated() {
      do throws(KnownError) { try declare(tensor) } catch {
        throw failure(
          "initializer \(index) '\(tensor.name.cut(to: 200))'",
          expected: "a tensor under a name of its own", found: error.message,
          advice: "export the model again")
      }
    }
    for port in model.graph.inputs { try declare(port) }
    for (index, node) in model.graph.nodes.enumerated() {
      do throws(KnownError) { try take(node) } catch {
        throw failure(
          "node \(index) '\(node.name.cut(to: 200))' (\(node.op.cut(to: 40)))",
          expected: "what the importer can translate", found: error.message,
          advice: "see docs/onnx.md for what is supported")
      }
    }
    try finish(model.graph)
  }

  private mutating func declare(_ tensor: ONNXTensor) throws(KnownError) {
    let known = try Known(tensor)
    try define(tensor.name, .known(known))
    if case .ints = known.elements {
      try spend(known.cost)
    } else {
      // Each weight may be read by that many nodes: some models use those of one block again and again.
      budget += 64 * known.cost
    }
  }

  private mutating func take(_ node: ONNXNode) throws(KnownError) {
    for name in node.inputs {
      if case .known(let known)? = terms[name] { try spend(known.cost) }
    }
    for (name, term) in zip(node.outputs, try translate(node)) where !name.isEmpty {
      try define(name, term)
      if case .known(let known) = term { try spend(known.cost) }
    }
  }

  private mutating func define(_ name: String, _ term: Term) throws(KnownError) {
    guard terms.updateValue(term, forKey: name) == nil else {
      throw KnownError("'\(name)', which is defined before")
    }
  }

  private mutating func spend(_ cost: Int) throws(KnownError) {
    budget -= cost
    guard budget >= 0 else { throw KnownError("more to compute than a model of these weights has") }
  }

  private mutating func finish(_ source: ONNXGraph) throws(InputError) {
    guard !source.outputs.isEmpty else {
      throw failure(
        "graph.output", expected: "an output", found: "none", advice: "export the model again")
    }
    for port in source.outputs {
      do throws(KnownError) {
        let value = try value(named: port.name)
        guard port.name.isName, !graph.hasOutput(port.name) else {
          throw KnownError("a name that is taken, not printable or too long")
        }
        graph.output(port.name, value)
      } catch {
        throw failure(
          "output '\(port.name.cut(to: 200))'", expected: "a result of floats",
          found: error.message,
          advice: "export the model again")
      }
    }
  }

  private func failure(
    _ field: String, expected: String, found: String, advice: String
  ) -> InputError {
    InputError(
      .badData, "cannot import this ONNX model", expected: expected, found: found,
      in: "\(place), \(field)", advice: advice)
  }

  // MARK: Inputs

  private mutating func declare(_ port: ONNXPort) throws(InputError) {
    let dtype: DType
    switch port.type {
    case .float: dtype = .f32
    case .int64, .int32: dtype = .i32
    default:
      throw failure(
        "input '\(port.name.cut(to: 200))'", expected: "float, int64 or int32",
        found: "\(port.type)",
        advice: "export a float model")
    }
    var shape: Shape = []
    for (axis, length) in port.shape.enumerated() {
      switch length {
      case .length(let length): shape.append(Dimension(length))
      case .symbol(let name): shape.append(.symbol(identifier(name)))
      case .unknown: shape.append(.symbol(identifier("\(port.name)_\(axis)")))
      }
    }
    do throws(KnownError) {
      guard shape.allSatisfy({ (1...(1 << 24)).contains($0.constant ?? 1) }) else {
        throw KnownError("\(shape)")
      }
      guard port.name.isName, terms[port.name] == nil else {
        throw KnownError("a name that is taken, not printable or too long")
      }
      let type = TensorType(dtype, try shape.checked())
      try define(port.name, .value(graph.input(port.name, type)))
    } catch {
      throw failure(
        "input '\(port.name.cut(to: 200))'",
        expected: "a name of its own and axes of 1 to \(1 << 24)", found: error.message,
        advice: "export the model again")
    }
  }

  /// A name as symbols may have it.
  private func identifier(_ name: String) -> String {
    let text = String(
      name.unicodeScalars.map { scalar in
        scalar.isASCII && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar))
          ? Character(scalar) : "_"
      })
    return text.first?.isNumber ?? true ? "d\(text)" : text
  }

  // MARK: Terms

  func term(named name: String) throws(KnownError) -> Term {
    guard let term = terms[name] else {
      throw KnownError("'\(name)', which nothing defines before")
    }
    return term
  }

  func term(_ node: ONNXNode, _ index: Int) throws(KnownError) -> Term {
    guard node.inputs.indices.contains(index), !node.inputs[index].isEmpty else {
      throw KnownError("no input \(index)")
    }
    return try term(named: node.inputs[index])
  }

  /// Whether an optional input is there.
  func has(_ node: ONNXNode, _ index: Int) -> Bool {
    node.inputs.indices.contains(index) && !node.inputs[index].isEmpty
  }

  /// An input's known elements, nil where they depend on the graph's inputs.
  func known(_ node: ONNXNode, _ index: Int) throws(KnownError) -> Known? {
    guard case .known(let known) = try term(node, index) else { return nil }
    return known
  }

  /// A known list of integers: a shape, axes.
  func dimensions(_ node: ONNXNode, _ index: Int) throws(KnownError) -> [Dimension] {
    guard let ints = try known(node, index)?.ints else {
      throw KnownError("input \(index), which must be known when the model is imported")
    }
    return ints
  }

  /// The same without symbols.
  func integers(_ node: ONNXNode, _ index: Int) throws(KnownError) -> [Int] {
    var integers: [Int] = []
    for dimension in try dimensions(node, index) {
      guard let constant = dimension.constant else {
        throw KnownError("input \(index), which depends on the symbols")
      }
      integers.append(constant)
    }
    return integers
  }

  /// An input as a value of the graph; known floats become a parameter.
  mutating func value(_ node: ONNXNode, _ index: Int) throws(KnownError) -> Value {
    guard has(node, index) else { throw KnownError("no input \(index)") }
    return try value(named: node.inputs[index])
  }

  mutating func value(named name: String) throws(KnownError) -> Value {
    switch try term(named: name) {
    case .value(let value): return value
    case .partial(let partial): return try whole(partial)
    case .known(let known):
      if let value = parameters[name] { return value }
      let value = try parameter(known, name: name)
      parameters[name] = value
      return value
    }
  }

  func shape(_ term: Term) throws(KnownError) -> Shape {
    switch term {
    case .value(let value): return graph.shape(value)
    case .known(let known): return known.shape
    case .partial(let partial): return shape(partial)
    }
  }

  private mutating func parameter(_ known: Known, name: String) throws(KnownError) -> Value {
    if let uniform = known.uniformFloat, known.name == nil {
      return try apply(.constant(Constant(value: uniform, shape: known.shape)))
    }
    var stored = known
    if known.shape.values([:]) == nil {
      stored = try known.reshaped(known.lengths.map { Dimension($0) }, lengths: known.lengths)
    }
    guard let floats = try stored.floats, let lengths = stored.shape.values([:]) else {
      throw KnownError("integers where floats are computed")
    }
    let unique = uniqueName(known.name ?? name)
    weights[unique] = WeightTensor(shape: lengths, values: floats)
    let value = graph.parameter(unique, .f32(stored.shape))
    return known.shape == stored.shape
      ? value : try apply(.broadcast(Broadcast(shape: known.shape)), value)
  }

  /// A name of its own for a parameter.
  private mutating func uniqueName(_ name: String) -> String {
    // A mark and a number may follow.
    let name = name.isName && name.utf8.count < 1000 ? name : "constant"
    while true {
      let count = wanted[name, default: 0]
      wanted[name] = count + 1
      let unique = count == 0 ? name : count == 1 ? "\(name)'" : "\(name)'\(count)"
      if !graph.isDeclared(unique) { return unique }
    }
  }

  /// Appends an op with one result.
  mutating func apply(_ op: Op, _ inputs: Value...) throws(KnownError) -> Value {
    try apply(op, inputs)
  }

  mutating func apply(_ op: Op, _ inputs: [Value]) throws(KnownError) -> Value {
    let results: [Value]
    do throws(GraphError) { results = try graph.append(op, inputs) } catch {
      throw KnownError(error.message)
    }
    if let node = graph.nodes.last { producers[results[0]] = node }
    return results[0]
  }
}

extension ONNXNode {
  func int(_ name: String, default standard: Int) throws(KnownError) -> Int {
    switch attributes[name] {
    case nil: return standard
    case .int(let value)?: return value
    default: throw KnownError("attribute '\(name)' that is no integer")
    }
  }

  func float(_ name: String, default standard: Float) throws(KnownError) -> Float {
    switch attributes[name] {
    case nil: return standard
    case .float(let value)?: return value
    default: throw KnownError("attribute '\(name)' that is no float")
    }
  }

  func ints(_ name: String) throws(KnownError) -> [Int]? {
    switch attributes[name] {
    case nil: return nil
    case .ints(let values)?: return values
    default: throw KnownError("attribute '\(name)' that is no list of integers")
    }
  }

  func string(_ name: String, default standard: String) throws(KnownError) -> String {
    switch attributes[name] {
    case nil: return standard
    case .string(let value)?: return value
    default: throw KnownError("attribute '\(name)' that is no text")
    }
  }
}

/// An axis counted from the front.
func normalized(_ axis: Int, rank: Int) throws(KnownError) -> Int {
  guard (-rank..<rank).contains(axis) else { throw KnownError("axis \(axis) of \(rank)") }
  return axis < 0 ? axis + rank : axis
}
