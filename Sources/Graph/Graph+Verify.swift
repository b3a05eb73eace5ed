import Diagnostics

extension Graph {
  /// Checks every rule of a graph; the pass driver calls this after each pass.
  ///
  /// Every value is defined once, before its use, in order of ids; every node's result types are
  /// what its op infers; outputs are values; names are printable, of 1 to 1024 bytes, and unique.
  ///
  /// - Throws: `GraphError` for the first rule broken.
  package func verify() throws(GraphError) {
    for definition in try definitions() {
      switch definition {
      case .input(let named), .parameter(let named):
        try type(named.value).shape.checkLimits("'\(named.name)'")
      case .node(let node):
        try verify(node)
      }
    }
    for output in outputs where !types.indices.contains(output.value.id) {
      throw GraphError("output '\(output.name)' is %\(output.value.id), which is not defined")
    }
    try verifyNames(inputs + parameters, "input or parameter")
    try verifyNames(outputs, "output")
  }

  private func verify(_ node: Node) throws(GraphError) {
    let name = node.op.mnemonic
    for input in node.inputs {
      // Ids count definitions, so a smaller one is an earlier one.
      guard input.id >= 0, input.id < node.results[0].id else {
        throw GraphError("\(name): input %\(input.id) is not defined before its use")
      }
    }
    let expected = try node.op.resultTypes(node.inputs.map(type))
    let found = node.results.map(type)
    guard expected == found else {
      throw GraphError("\(name): expected results \(expected), found \(found)")
    }
  }

  private func verifyNames(_ values: [NamedValue], _ what: String) throws(GraphError) {
    var seen: Set<String> = []
    for name in values.map(\.name) {
      guard name.isName else {
        throw GraphError(
          "\(what) name '\(name.cut(to: 200))' is not printable, or of more than \(Limits.nameBytes) bytes"
        )
      }
      guard seen.insert(name).inserted else { throw GraphError("two of \(what) named '\(name)'") }
    }
  }
}
