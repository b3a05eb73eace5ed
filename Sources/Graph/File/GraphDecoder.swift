import CFormats
package import Diagnostics
import Protobuf

extension Graph {
  /// Reads what `serialized` wrote, trusting nothing in it.
  ///
  /// - Parameters:
  ///   - bytes: one message `gitc.Graph`.
  ///   - place: the file, for messages; the field is added.
  /// - Throws: `InputError` for bytes that are no graph of this version, an unknown op, type, field
  ///   or attribute, an id that is not defined, types that do not fit, names that are not unique, or
  ///   sizes beyond the limits.
  package init(serialized bytes: [UInt8], place: String) throws(InputError) {
    let decoder = GraphDecoder(place: place)
    guard bytes.count <= GraphFile.byteLimit else {
      throw decoder.error(
        "the graph", expected: "at most \(GraphFile.byteLimit) bytes", found: "\(bytes.count)")
    }
    let limit = GraphFile.unpackedBytes
    let failure = { (problem: UnpackingProblem) in
      switch problem {
      case .tooLarge:
        decoder.error(
          "the graph", expected: "a message that fills at most \(limit) bytes of memory",
          found: "more")
      case .malformed:
        decoder.error(
          "the graph", expected: "one whole protobuf message gitc.Graph",
          found: "\(bytes.count) other bytes")
      }
    }
    let reader = MessageReader<Gitc__Graph>(gitc__graph__unpack, gitc__graph__free_unpacked)
    self = try bytes.withUnsafeBufferPointer { (bytes) throws(InputError) in
      try reader.read(
        UnsafeRawBufferPointer(bytes), memoryLimit: limit, failure: failure, decoder.graph)
    }
  }
}

/// From protobuf-c's structs to a graph, which `append` checks as it grows.
private struct GraphDecoder {
  let place: String

  func error(_ field: String, expected: String, found: String) -> InputError {
    InputError(
      .badData, "not a valid graph", expected: expected, found: found,
      in: "\(place), field \(field)",
      advice: "the file is damaged or from another release; get it or make it again")
  }

  /// A rule of graphs that the field breaks.
  private func error(_ field: String, _ broken: GraphError) -> InputError {
    error(field, expected: "a graph that keeps every rule", found: broken.message)
  }

  func graph(_ message: Gitc__Graph) throws(InputError) -> Graph {
    guard message.version == GraphFile.version else {
      throw error("version", expected: "\(GraphFile.version)", found: "\(message.version)")
    }
    try known(message.base, "graph")
    let inputs = try list(message.inputs, message.n_inputs, "inputs", value)
    let parameters = try list(message.parameters, message.n_parameters, "parameters", value)
    let nodes = try list(message.nodes, message.n_nodes, "nodes", node)

    var graph = Graph()
    var (input, parameter, node) = (0, 0, 0)
    while input < inputs.count || parameter < parameters.count || node < nodes.count {
      let next = graph.types.count
      if input < inputs.count, inputs[input].id == next {
        let name = inputs[input].name
        try checkName(name, isTaken: graph.isDeclared(name), "inputs[\(input)].name")
        _ = graph.input(name, inputs[input].type)
        input += 1
      } else if parameter < parameters.count, parameters[parameter].id == next {
        let (_, name, type) = parameters[parameter]
        try checkName(name, isTaken: graph.isDeclared(name), "parameters[\(parameter)].name")
        _ = graph.parameter(name, type)
        parameter += 1
      } else if node < nodes.count {
        do { _ = try graph.append(nodes[node].op, nodes[node].inputs) } catch {
          throw self.error("nodes[\(node)]", error)
        }
        node += 1
      } else {
        let isInput = input < inputs.count
        throw error(
          isInput ? "inputs[\(input)].id" : "parameters[\(parameter)].id", expected: "\(next)",
          found: "\(isInput ? inputs[input].id : parameters[parameter].id)")
      }
    }
    for (index, output) in try list(message.outputs, message.n_outputs, "outputs", output)
      .enumerated()
    {
      try checkName(
        output.name, isTaken: graph.hasOutput(output.name), "outputs[\(index)].name")
      guard graph.types.indices.contains(output.id) else {
        throw error(
          "outputs[\(index)].value", expected: "an id below \(graph.types.count)",
          found: "\(output.id)")
      }
      graph.output(output.name, Value(id: output.id))
    }
    return graph
  }

  private func checkName(
    _ name: String, isTaken: Bool, _ field: @autoclosure () -> String
  ) throws(InputError) {
    guard name.isName, !isTaken else {
      throw error(
        field(), expected: "a printable name of its own, of 1 to \(Limits.nameBytes) bytes",
        found: "'\(name)'")
    }
  }

  private func value(
    _ message: Gitc__GraphValue, _ field: String
  ) throws(InputError) -> (id: Int, name: String, type: TensorType) {
    try known(message.base, field)
    guard let dtype = DType.allCases.first(where: { GraphFile.message($0) == message.dtype }) else {
      throw error("\(field).dtype", expected: "1 to 4", found: "\(message.dtype.rawValue)")
    }
    let shape = try list(message.shape, message.n_shape, "\(field).shape", dimension)
    do { try shape.checkLimits("shape") } catch { throw self.error("\(field).shape", error) }
    return (
      Int(message.id), try string(message.name, "\(field).name"), TensorType(dtype, shape)
    )
  }

  private func node(
    _ message: Gitc__GraphNode, _ field: String
  ) throws(InputError) -> (op: Op, inputs: [Value]) {
    try known(message.base, field)
    var attributes: Attributes = [:]
    for (name, attribute) in try list(
      message.attributes, message.n_attributes, "\(field).attributes", attribute)
    {
      guard attributes.updateValue(attribute, forKey: name) == nil else {
        throw error("\(field).attributes", expected: "each name once", found: "'\(name)' again")
      }
    }
    let mnemonic = try string(message.op, "\(field).op")
    let op: Op
    do { op = try Op(mnemonic: mnemonic, attributes) } catch { throw self.error(field, error) }
    let inputs = UnsafeBufferPointer(start: message.inputs, count: message.n_inputs)
    return (op, inputs.map { Value(id: Int($0)) })
  }

  private func attribute(
    _ message: Gitc__GraphAttribute, _ field: String
  ) throws(InputError) -> (String, Attribute) {
    try known(message.base, field)
    let name = try string(message.name, "\(field).name")
    switch message.value_case {
    case GITC__GRAPH_ATTRIBUTE__VALUE_INTEGER: return (name, .int(Int(message.integer)))
    case GITC__GRAPH_ATTRIBUTE__VALUE_REAL: return (name, .float(message.real))
    case GITC__GRAPH_ATTRIBUTE__VALUE_TEXT:
      return (name, .string(try string(message.text, "\(field).text")))
    case GITC__GRAPH_ATTRIBUTE__VALUE_INTEGERS:
      let list = message.integers.pointee
      try known(list.base, field)
      let values = UnsafeBufferPointer(start: list.values, count: list.n_values)
      return (name, .ints(values.map(Int.init)))
    case GITC__GRAPH_ATTRIBUTE__VALUE_DIMENSION:
      return (name, .dimension(try dimension(message.dimension.pointee, field)))
    case GITC__GRAPH_ATTRIBUTE__VALUE_SHAPE:
      let shape = message.shape.pointee
      try known(shape.base, field)
      return (name, .shape(try list(shape.axes, shape.n_axes, "\(field).axes", dimension)))
    default:
      throw error(field, expected: "a value", found: "none")
    }
  }

  private func dimension(
    _ message: Gitc__GraphDimension, _ field: String
  ) throws(InputError) -> Dimension {
    try known(message.base, field)
    let terms = try list(message.terms, message.n_terms, "\(field).terms", term)
    guard terms.count <= Limits.terms else {
      throw error(field, expected: "at most \(Limits.terms) terms", found: "\(terms.count)")
    }
    return Dimension(terms: terms)
  }

  private func term(
    _ message: Gitc__GraphTerm, _ field: String
  ) throws(InputError) -> Dimension.Term {
    try known(message.base, field)
    guard Limits.integers.contains(Int(message.coefficient)) else {
      throw error(
        "\(field).coefficient", expected: "a number in \(Limits.integers)",
        found: "\(message.coefficient)")
    }
    var symbols: [String] = []
    for index in 0..<message.n_symbols {
      symbols.append(try string(message.symbols?[index], "\(field).symbols[\(index)]"))
    }
    return Dimension.Term(coefficient: Int(message.coefficient), symbols: symbols)
  }

  private func output(
    _ message: Gitc__GraphOutput, _ field: String
  ) throws(InputError) -> (name: String, id: Int) {
    try known(message.base, field)
    return (try string(message.name, "\(field).name"), Int(message.value))
  }

  /// A field of a newer format could change the meaning of those beside it.
  private func known(_ message: ProtobufCMessage, _ field: String) throws(InputError) {
    guard message.n_unknown_fields > 0, let first = message.unknown_fields else { return }
    throw error(
      field, expected: "the fields of graph.proto", found: "field number \(first.pointee.tag)")
  }

  private func string(
    _ pointer: UnsafePointer<CChar>?, _ field: String
  ) throws(InputError) -> String {
    guard let pointer, let string = String(validatingCString: pointer) else {
      throw error(field, expected: "text in UTF-8", found: "other bytes")
    }
    return string
  }

  private func list<Message, Element>(
    _ pointers: UnsafeMutablePointer<UnsafeMutablePointer<Message>?>?, _ count: Int,
    _ field: String, _ convert: (Message, String) throws(InputError) -> Element
  ) throws(InputError) -> [Element] {
    guard count <= GraphFile.listLimit else {
      throw error(field, expected: "at most \(GraphFile.listLimit)", found: "\(count)")
    }
    var elements: [Element] = []
    for index in 0..<count {
      guard let message = pointers?[index] else {
        throw error("\(field)[\(index)]", expected: "a message", found: "none")
      }
      elements.append(try convert(message.pointee, "\(field)[\(index)]"))
    }
    return elements
  }
}
