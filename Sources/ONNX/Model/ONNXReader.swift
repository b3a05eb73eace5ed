import CFormats
import Diagnostics
import Formats
import Protobuf

/// From the bytes of an `.onnx` file to `ONNXModel`, trusting nothing in it.
struct ONNXReader {
  let place: String
  let neighbours = NeighbourFiles()

  init(place: String) { self.place = place }

  /// Reads a model and the files beside it that hold its weights.
  ///
  /// - Throws: `.noInput` or `.io` where a file cannot be read; `.badData` naming the field.
  static func read(path: String) throws(InputError) -> ONNXModel {
    let file = try FileMapping(path: path)
    defer { extendLifetime(file) }
    return try ONNXReader(place: path).model(file.bytes)
  }

  func model(_ bytes: UnsafeRawBufferPointer) throws(InputError) -> ONNXModel {
    // Two bytes of a hostile file can ask for a hundred. Models that exporters write fill less than 8
    // times their length, where all of it is small messages.
    let (limit, overflow) = bytes.count.multipliedReportingOverflow(by: 16)
    let failure = { (problem: UnpackingProblem) in
      switch problem {
      case .tooLarge:
        error(
          "the model", expected: "a message that fills at most 16 times its \(bytes.count) bytes",
          found: "more")
      case .malformed:
        error(
          "the model", expected: "one whole protobuf message onnx.ModelProto",
          found: "\(bytes.count) other bytes")
      }
    }
    let reader = MessageReader<Onnx__ModelProto>(
      onnx__model_proto__unpack, onnx__model_proto__free_unpacked)
    return try reader.read(
      bytes, memoryLimit: overflow ? .max : limit + 1 << 16, failure: failure, model)
  }

  private func model(_ message: Onnx__ModelProto) throws(InputError) -> ONNXModel {
    guard let graph = message.graph else {
      throw error("graph", expected: "a graph", found: "none")
    }
    return ONNXModel(opset: try opset(message), graph: try self.graph(graph.pointee))
  }

  func error(_ field: String, expected: String, found: String) -> InputError {
    InputError(
      .badData, "not a readable ONNX model", expected: expected, found: found,
      in: "\(place), field \(field)", advice: "check that this is an ONNX file; export it again")
  }

  private func opset(_ model: Onnx__ModelProto) throws(InputError) -> Int {
    for entry in try list(model.opset_import, model.n_opset_import, "opset_import") {
      let domain = try text(entry.domain, "opset_import.domain")
      if domain.isEmpty || domain == "ai.onnx" { return Int(entry.version) }
    }
    throw error(
      "opset_import", expected: "a version of the standard operators", found: "none")
  }

  private func graph(_ message: Onnx__GraphProto) throws(InputError) -> ONNXGraph {
    var graph = ONNXGraph(name: try text(message.name, "graph.name"))
    for (index, node) in try list(message.node, message.n_node, "graph.node").enumerated() {
      graph.nodes.append(try self.node(node, "graph.node[\(index)]"))
    }
    for (index, tensor) in try list(message.initializer, message.n_initializer, "graph.initializer")
      .enumerated()
    {
      graph.initializers.append(try self.tensor(tensor, "graph.initializer[\(index)]"))
    }
    let constants = Set(graph.initializers.map(\.name))
    for (index, port) in try list(message.input, message.n_input, "graph.input").enumerated() {
      let field = "graph.input[\(index)]"
      // Before IR version 4 every initializer was listed as an input too.
      if constants.contains(try text(port.name, "\(field).name")) { continue }
      graph.inputs.append(try self.port(port, field))
    }
    for (index, port) in try list(message.output, message.n_output, "graph.output").enumerated() {
      graph.outputs.append(try self.port(port, "graph.output[\(index)]"))
    }
    return graph
  }

  private func node(
    _ message: Onnx__NodeProto, _ field: String
  ) throws(InputError) -> ONNXNode {
    let op = try text(message.op_type, "\(field).op_type")
    let domain = try text(message.domain, "\(field).domain")
    guard domain.isEmpty || domain == "ai.onnx" else {
      throw error(
        field, expected: "a standard operator", found: "'\(op)' of domain '\(domain)'")
    }
    var node = ONNXNode(
      op: op, name: try text(message.name, "\(field).name"),
      inputs: try texts(message.input, message.n_input, "\(field).input"),
      outputs: try texts(message.output, message.n_output, "\(field).output"))
    for attribute in try list(message.attribute, message.n_attribute, "\(field).attribute") {
      let name = try text(attribute.name, "\(field).attribute.name")
      guard
        node.attributes.updateValue(
          try self.attribute(attribute, "\(field).attribute '\(name)'"), forKey: name) == nil
      else {
        throw error("\(field).attribute", expected: "each name once", found: "'\(name)' again")
      }
    }
    return node
  }

  private func attribute(
    _ message: Onnx__AttributeProto, _ field: String
  ) throws(InputError) -> ONNXAttribute {
    switch message.type {
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT: return .float(message.f)
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT: return .int(Int(message.i))
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRING:
      let bytes = UnsafeBufferPointer(start: message.s.data, count: message.s.len)
      return .string(String(decoding: bytes, as: UTF8.self))
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS:
      try checkIntegers(message.n_ints, field)
      return .ints(UnsafeBufferPointer(start: message.ints, count: message.n_ints).map { Int($0) })
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOATS:
      return .floats(Array(UnsafeBufferPointer(start: message.floats, count: message.n_floats)))
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__TENSOR:
      guard let tensor = message.t else { throw error(field, expected: "a tensor", found: "none") }
      return .tensor(try self.tensor(tensor.pointee, field))
    default: return .other
    }
  }

  private func port(
    _ message: Onnx__ValueInfoProto, _ field: String
  ) throws(InputError) -> ONNXPort {
    let name = try text(message.name, "\(field).name")
    guard let tensor = message.type?.pointee.tensor_type?.pointee,
      let type = ONNXType(rawValue: tensor.elem_type)
    else {
      throw error(
        "\(field) '\(name)'", expected: "a tensor of floats or integers",
        found: "element type \(message.type?.pointee.tensor_type?.pointee.elem_type ?? 0)")
    }
    var port = ONNXPort(name: name, type: type, shape: [])
    guard let shape = tensor.shape?.pointee else {
      throw error("\(field) '\(name)'", expected: "a shape", found: "none")
    }
    for axis in try list(shape.dim, shape.n_dim, "\(field).shape") {
      if axis.has_dim_value != 0 {
        port.shape.append(.length(Int(axis.dim_value)))
      } else {
        let symbol = try text(axis.dim_param, "\(field).shape")
        port.shape.append(symbol.isEmpty ? .unknown : .symbol(symbol))
      }
    }
    return port
  }

  func text(
    _ pointer: UnsafePointer<CChar>?, _ field: String
  ) throws(InputError) -> String {
    guard let pointer else { return "" }
    guard let text = String(validatingCString: pointer) else {
      throw error(field, expected: "text in UTF-8", found: "other bytes")
    }
    return text
  }

  private func texts(
    _ pointers: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?, _ count: Int, _ field: String
  ) throws(InputError) -> [String] {
    var texts: [String] = []
    for index in 0..<count { texts.append(try text(pointers?[index], field)) }
    return texts
  }

  func list<Message>(
    _ pointers: UnsafeMutablePointer<UnsafeMutablePointer<Message>?>?, _ count: Int,
    _ field: String
  ) throws(InputError) -> [Message] {
    var messages: [Message] = []
    messages.reserveCapacity(count)
    for index in 0..<count {
      guard let message = pointers?[index] else {
        throw error("\(field)[\(index)]", expected: "a message", found: "none")
      }
      messages.append(message.pointee)
    }
    return messages
  }
}
