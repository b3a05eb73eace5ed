import CFormats
import Diagnostics
import Formats
import Protobuf

/// A weight of an exported model: its elements are asked for while the file is written.
struct ONNXWeight {
  var name: String
  var shape: [Int]

  var byteCount: Int { shape.reduce(4, *) }
}

/// From `ONNXGraph` to the bytes of an `.onnx` file, one weight in memory at a time.
struct ONNXWriter {
  /// The most bytes that protobuf's readers take.
  private static let limit = Int(Int32.max)
  private let arena = ProtobufArena()

  /// Writes a model that appears whole or not at all; equal models make equal files.
  ///
  /// - Parameters:
  ///   - model: its initializers are small; the weights come after them.
  ///   - metadata: free text, written in the order of its keys.
  ///   - weights: names are those the nodes read.
  ///   - path: the file to make or replace.
  ///   - values: the elements of a weight, as many as its shape has.
  /// - Throws: `.badData` for a model of 2 GiB or more, which no reader takes; `.io` from the system.
  static func write(
    _ model: ONNXModel, metadata: [String: String], weights: [ONNXWeight], to path: String,
    _ values: (ONNXWeight) -> [Float]
  ) throws(InputError) {
    let writer = ONNXWriter()
    let head = writer.head(model.opset, metadata)
    let graph = writer.bytes(model.graph)
    let headers = weights.map(header)
    var size = graph.count
    for (weight, header) in zip(weights, headers) { size += header.count + weight.byteCount }
    guard head.count + size + 16 <= limit else {
      throw InputError(
        .badData, "the model is too large for one ONNX file", expected: "less than 2 GiB",
        found: "\(size) bytes", in: path, advice: "export to safetensors")
    }
    try AtomicFile.write(to: path) { file throws(InputError) in
      try file.write(head)
      // Field 7 of ModelProto; its length is known before its contents are made.
      try file.write([7 << 3 | 2] + varint(size))
      try file.write(graph)
      for (weight, header) in zip(weights, headers) {
        try file.write(header)
        let floats = values(weight)
        precondition(floats.count * 4 == weight.byteCount, "'\(weight.name)' has another shape")
        try file.write(floats)
      }
    }
  }

  /// What stands before the elements of a weight: field 5 of GraphProto up to `raw_data`.
  private static func header(_ weight: ONNXWeight) -> [UInt8] {
    let name = Array(weight.name.utf8)
    var tensor: [UInt8] = []
    for length in weight.shape { tensor += [1 << 3] + varint(length) }
    tensor += [2 << 3, UInt8(ONNXType.float.rawValue)]
    tensor += [8 << 3 | 2] + varint(name.count) + name
    tensor += [9 << 3 | 2] + varint(weight.byteCount)
    return [5 << 3 | 2] + varint(tensor.count + weight.byteCount) + tensor
  }

  private static func varint(_ value: Int) -> [UInt8] {
    var (bytes, rest): ([UInt8], UInt64) = ([], UInt64(value))
    while rest >= 128 {
      bytes.append(UInt8(rest & 127) | 128)
      rest >>= 7
    }
    return bytes + [UInt8(rest)]
  }

  // MARK: Messages

  private func head(_ opset: Int, _ metadata: [String: String]) -> [UInt8] {
    let message = arena.message(onnx__model_proto__init) { model in
      // IR version 8 goes with operators 17.
      (model.has_ir_version, model.ir_version) = (1, 8)
      model.producer_name = arena.string("gitc")
      model.n_opset_import = 1
      model.opset_import = arena.array([
        arena.message(onnx__operator_set_id_proto__init) { set in
          (set.has_version, set.version) = (1, Int64(opset))
          set.domain = arena.string("")
        }
      ])
      let entries = metadata.sorted { $0.key < $1.key }
      model.n_metadata_props = entries.count
      model.metadata_props = arena.array(
        entries.map { key, value in
          arena.message(onnx__string_string_entry_proto__init) { entry in
            entry.key = arena.string(key)
            entry.value = arena.string(value)
          }
        })
    }
    guard let message else { return [] }
    return packed(onnx__model_proto__get_packed_size(message)) {
      onnx__model_proto__pack(message, $0)
    }
  }

  private func bytes(_ graph: ONNXGraph) -> [UInt8] {
    let message = arena.message(onnx__graph_proto__init) { message in
      message.name = arena.string(graph.name)
      message.n_node = graph.nodes.count
      message.node = arena.array(graph.nodes.map(node))
      message.n_initializer = graph.initializers.count
      message.initializer = arena.array(graph.initializers.map(tensor))
      message.n_input = graph.inputs.count
      message.input = arena.array(graph.inputs.map(port))
      message.n_output = graph.outputs.count
      message.output = arena.array(graph.outputs.map(port))
    }
    guard let message else { return [] }
    return packed(onnx__graph_proto__get_packed_size(message)) {
      onnx__graph_proto__pack(message, $0)
    }
  }

  private func packed(
    _ size: Int, _ pack: (UnsafeMutablePointer<UInt8>?) -> Int
  ) -> [UInt8] {
    withExtendedLifetime(arena) {
      [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
        count = pack(buffer.baseAddress)
      }
    }
  }

  private func node(_ node: ONNXNode) -> UnsafeMutablePointer<Onnx__NodeProto>? {
    arena.message(onnx__node_proto__init) { message in
      message.op_type = arena.string(node.op)
      message.name = arena.string(node.name)
      message.n_input = node.inputs.count
      message.input = arena.strings(node.inputs)
      message.n_output = node.outputs.count
      message.output = arena.strings(node.outputs)
      let attributes = node.attributes.sorted { $0.key < $1.key }
      message.n_attribute = attributes.count
      message.attribute = arena.array(attributes.map { attribute($0.key, $0.value) })
    }
  }

  private func attribute(
    _ name: String, _ attribute: ONNXAttribute
  ) -> UnsafeMutablePointer<Onnx__AttributeProto>? {
    arena.message(onnx__attribute_proto__init) { message in
      message.name = arena.string(name)
      message.has_type = 1
      switch attribute {
      case .int(let value):
        message.type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT
        (message.has_i, message.i) = (1, Int64(value))
      case .float(let value):
        message.type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT
        (message.has_f, message.f) = (1, value)
      case .ints(let values):
        message.type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS
        message.n_ints = values.count
        message.ints = arena.array(values.map { Int64($0) })
      case .floats(let values):
        message.type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOATS
        message.n_floats = values.count
        message.floats = arena.array(values)
      case .string(let text):
        message.type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRING
        message.has_s = 1
        message.s = data(Array(text.utf8))
      case .tensor(let tensor):
        message.type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__TENSOR
        message.t = self.tensor(tensor)
      case .other: preconditionFailure("attribute '\(name)' cannot be written")
      }
    }
  }

  private func data(_ bytes: [UInt8]) -> ProtobufCBinaryData {
    ProtobufCBinaryData(len: bytes.count, data: arena.array(bytes))
  }

  private func tensor(_ tensor: ONNXTensor) -> UnsafeMutablePointer<Onnx__TensorProto>? {
    arena.message(onnx__tensor_proto__init) { message in
      message.name = arena.string(tensor.name)
      message.n_dims = tensor.shape.count
      message.dims = arena.array(tensor.shape.map { Int64($0) })
      message.has_data_type = 1
      message.has_raw_data = 1
      switch tensor.elements {
      case .floats(let values):
        message.data_type = ONNXType.float.rawValue
        message.raw_data = data(values.withUnsafeBytes { Array($0) })
      case .ints(let values):
        message.data_type = ONNXType.int64.rawValue
        message.raw_data = data(values.map { Int64($0) }.withUnsafeBytes { Array($0) })
      case .bools(let values):
        message.data_type = ONNXType.bool.rawValue
        message.raw_data = data(values.map { $0 ? 1 : 0 })
      }
    }
  }

  private func port(_ port: ONNXPort) -> UnsafeMutablePointer<Onnx__ValueInfoProto>? {
    arena.message(onnx__value_info_proto__init) { message in
      message.name = arena.string(port.name)
      message.type = arena.message(onnx__type_proto__init) { type in
        type.tensor_type = arena.message(onnx__type_proto__tensor__init) { tensor in
          (tensor.has_elem_type, tensor.elem_type) = (1, port.type.rawValue)
          tensor.shape = arena.message(onnx__tensor_shape_proto__init) { shape in
            shape.n_dim = port.shape.count
            shape.dim = arena.array(
              port.shape.map { axis in
                arena.message(onnx__tensor_shape_proto__dimension__init) { dimension in
                  switch axis {
                  case .length(let length):
                    (dimension.has_dim_value, dimension.dim_value) = (1, Int64(length))
                  case .symbol(let name): dimension.dim_param = arena.string(name)
                  case .unknown: break
                  }
                }
              })
          }
        }
      }
    }
  }
}
