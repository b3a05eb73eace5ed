/// What defines one value or several.
package enum Definition: Hashable, Sendable {
  case input(NamedValue)
  case parameter(NamedValue)
  case node(Node)

  /// The values it defines.
  package var values: [Value] {
    switch self {
    case .input(let named), .parameter(let named): [named.value]
    case .node(let node): node.results
    }
  }
}

extension Graph {
  /// Inputs, parameters and nodes in the order of the values they define.
  ///
  /// - Throws: `GraphError` unless every value is defined exactly once and ids count the
  ///   definitions up. Graphs grown by `input`, `parameter` and `append` never throw.
  package func definitions() throws(GraphError) -> [Definition] {
    var definitions: [Definition] = []
    var (input, parameter, node, next) = (0, 0, 0, 0)
    while next < types.count {
      if input < inputs.count, inputs[input].value.id == next {
        definitions.append(.input(inputs[input]))
        input += 1
        next += 1
      } else if parameter < parameters.count, parameters[parameter].value.id == next {
        definitions.append(.parameter(parameters[parameter]))
        parameter += 1
        next += 1
      } else if node < nodes.count, let first = nodes[node].results.first, first.id == next,
        nodes[node].results.map(\.id) == Array(next..<next + nodes[node].results.count)
      {
        definitions.append(.node(nodes[node]))
        next += nodes[node].results.count
        node += 1
      } else {
        throw GraphError("value %\(next) is not defined in order")
      }
    }
    guard next == types.count, input == inputs.count, parameter == parameters.count,
      node == nodes.count
    else { throw GraphError("more is defined than the \(types.count) values that have types") }
    return definitions
  }
}
