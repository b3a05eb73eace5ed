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
  /// The node of our graph that made each value.
  private(set) var producers: [Value: Node] = [:]

  init(place: String) { self.place = place }

  mutating func run(_ model: ONNXModel) throws(InputError) {
    guard model.opset >= 13 else {
      throw failure(
        "opset_import", expected: "version 13 or newer of the standard operators",
        found: "\(model.opset)", advice: "export with opset_version=17 or newer")
    }
    for tensor in model.graph.initializers { terms[tensor.name] = .known(Known(tensor)) }
    for port in model.graph.inputs { try declare(port) }
    for (index, node) in model.graph.nodes.enumerated() {
      let field = "node \(index) '\(node.name.prefix(200))' (\(node.op.prefix(40)))"
      do throws(KnownError) {
        let results = try translate(node)
        for (name, term) in zip(node.outputs, results) where !name.isEmpty { terms[name] = term }
      } catch {
        throw failure(
          field, expected: "what the importer can translate", found: error.message,
          advice: "see docs/onnx.md for what is supported")
      }
    }
    try finish(model.graph)
  }

  private mutating func finish(_ source: ONNXGraph) throws(InputError) {
    guard !source.outputs.isEmpty else {
      throw failure(
        "graph.output", expected: "an output", found: "none", advice: "export the model again")
    }
    for port in source.outputs {
      do throws(KnownError) {
        let value = try value(named: port.name)
        guard !graph.outputs.contains(where: { $0.name == port.name }), isPrintable(port.name)
        else {
          throw KnownError("a name that is empty or taken")
        }
        graph.output(port.name, value)
      } catch {
        throw failure(
          "output '\(port.name.prefix(200))'", expected: "a result of floats", found: error.message,
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

  private func isPrintable(_ name: String) -> Bool {
    !name.isEmpty && name.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F }
  }

  // MARK: Inputs

  private mutating func declare(_ port: ONNXPort) throws(InputError) {
    let dtype: DType
    switch port.type {
    case .float: dtype = .f32
    case .int64, .int32: dtype = .i32
    default:
      throw failure(
        "input '\(port.name)'", expected: "float, int64 or int32", found: "\(port.type)",
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
    guard isPrintable(port.name), terms[port.name] == nil,
      shape.allSatisfy({ (1...(1 << 24)).contains($0.constant ?? 1) }), shape.count <= 6
    else {
      throw failure(
        "input '\(port.name.prefix(200))'",
        expected: "a name of its own and at most 6 axes of 1 to \(1 << 24)", found: "\(shape)",
        advice: "export the model again")
    }
    terms[port.name] = .value(graph.input(port.name, TensorType(dtype, shape)))
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

  /// Gives a step inside a node a name of its own.
  mutating func define(_ name: String, _ term: Term) { terms[name] = term }

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
      stored = known.reshaped(known.lengths.map { Dimension($0) }, lengths: known.lengths)
    }
    guard let floats = stored.floats, let lengths = stored.shape.values([:]) else {
      throw KnownError("integers where floats are computed")
    }
    let wanted = known.name ?? name
    var unique = isPrintable(wanted) ? wanted : "constant"
    while weights[unique] != nil || graph.inputs.contains(where: { $0.name == unique }) {
      unique += "'"
    }
    weights[unique] = WeightTensor(shape: lengths, values: floats)
    let value = graph.parameter(unique, .f32(stored.shape))
    return known.shape == stored.shape
      ? value : try apply(.broadcast(Broadcast(shape: known.shape)), value)
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
