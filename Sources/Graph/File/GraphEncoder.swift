import CFormats
import Protobuf

extension Graph {
  /// The graph as a protobuf message `gitc.Graph` (formats/graph.proto), which
  /// `init(serialized:place:)` reads back.
  ///
  /// Equal graphs give equal bytes.
  /// - Precondition: `verify()` does not throw.
  package var serialized: [UInt8] {
    let encoder = GraphEncoder()
    guard let message = encoder.message(self) else { return [] }
    return withExtendedLifetime(encoder) {
      [UInt8](unsafeUninitializedCapacity: gitc__graph__get_packed_size(message)) { buffer, count in
        count = gitc__graph__pack(message, buffer.baseAddress)
      }
    }
  }
}

private struct GraphEncoder {
  private let arena = ProtobufArena()

  func message(_ graph: Graph) -> UnsafeMutablePointer<Gitc__Graph>? {
    arena.message(gitc__graph__init) { message in
      message.version = GraphFile.version
      message.n_inputs = graph.inputs.count
      message.inputs = arena.array(graph.inputs.map { value($0, graph) })
      message.n_parameters = graph.parameters.count
      message.parameters = arena.array(graph.parameters.map { value($0, graph) })
      message.n_nodes = graph.nodes.count
      message.nodes = arena.array(graph.nodes.map(node))
      message.n_outputs = graph.outputs.count
      message.outputs = arena.array(graph.outputs.map(output))
    }
  }

  private func value(
    _ named: NamedValue, _ graph: Graph
  ) -> UnsafeMutablePointer<Gitc__GraphValue>? {
    arena.message(gitc__graph_value__init) { message in
      message.name = arena.string(named.name)
      message.id = UInt32(named.value.id)
      message.dtype = GraphFile.message(graph.type(named.value).dtype)
      let shape = graph.shape(named.value)
      message.n_shape = shape.count
      message.shape = arena.array(shape.map(dimension))
    }
  }

  private func node(_ node: Node) -> UnsafeMutablePointer<Gitc__GraphNode>? {
    arena.message(gitc__graph_node__init) { message in
      message.op = arena.string(node.op.mnemonic)
      message.n_inputs = node.inputs.count
      message.inputs = arena.array(node.inputs.map { UInt32($0.id) })
      let attributes = node.op.definition.attributes.sorted { $0.key < $1.key }
      message.n_attributes = attributes.count
      message.attributes = arena.array(attributes.map { attribute($0.key, $0.value) })
    }
  }

  private func attribute(
    _ name: String, _ attribute: Attribute
  ) -> UnsafeMutablePointer<Gitc__GraphAttribute>? {
    arena.message(gitc__graph_attribute__init) { message in
      message.name = arena.string(name)
      switch attribute {
      case .int(let value):
        message.value_case = GITC__GRAPH_ATTRIBUTE__VALUE_INTEGER
        message.integer = Int64(value)
      case .float(let value):
        message.value_case = GITC__GRAPH_ATTRIBUTE__VALUE_REAL
        message.real = value
      case .string(let value):
        message.value_case = GITC__GRAPH_ATTRIBUTE__VALUE_TEXT
        message.text = arena.string(value)
      case .ints(let values):
        message.value_case = GITC__GRAPH_ATTRIBUTE__VALUE_INTEGERS
        message.integers = arena.message(gitc__graph_integers__init) { list in
          list.n_values = values.count
          list.values = arena.array(values.map(Int64.init))
        }
      case .dimension(let value):
        message.value_case = GITC__GRAPH_ATTRIBUTE__VALUE_DIMENSION
        message.dimension = dimension(value)
      case .shape(let value):
        message.value_case = GITC__GRAPH_ATTRIBUTE__VALUE_SHAPE
        message.shape = arena.message(gitc__graph_shape__init) { shape in
          shape.n_axes = value.count
          shape.axes = arena.array(value.map(dimension))
        }
      }
    }
  }

  private func dimension(
    _ dimension: Dimension
  ) -> UnsafeMutablePointer<Gitc__GraphDimension>? {
    arena.message(gitc__graph_dimension__init) { message in
      message.n_terms = dimension.terms.count
      message.terms = arena.array(
        dimension.terms.map { term in
          arena.message(gitc__graph_term__init) { message in
            message.coefficient = Int64(term.coefficient)
            message.n_symbols = term.symbols.count
            message.symbols = arena.strings(term.symbols)
          }
        })
    }
  }

  private func output(_ named: NamedValue) -> UnsafeMutablePointer<Gitc__GraphOutput>? {
    arena.message(gitc__graph_output__init) { message in
      message.name = arena.string(named.name)
      message.value = UInt32(named.value.id)
    }
  }
}

/// What writer and reader of graph files agree on beyond the schema.
enum GraphFile {
  static let version: UInt32 = 1
  /// A released model takes 60 kB.
  static let byteLimit = 16 << 20
  /// What unpacking may allocate: a hostile message can ask for 150 times its own size.
  static let unpackedBytes = 256 << 20
  /// Entries of any list; a released model has 500 parameters and 1,500 nodes.
  static let listLimit = 1 << 14

  static func message(_ dtype: DType) -> Gitc__GraphValue__DType {
    switch dtype {
    case .f32: GITC__GRAPH_VALUE__DTYPE__F32
    case .i32: GITC__GRAPH_VALUE__DTYPE__I32
    case .u8: GITC__GRAPH_VALUE__DTYPE__U8
    case .s8: GITC__GRAPH_VALUE__DTYPE__S8
    case .f16: GITC__GRAPH_VALUE__DTYPE__F16
    }
  }
}
