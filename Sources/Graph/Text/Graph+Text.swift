extension Graph {
  /// The graph as text, one definition per line, which `init(text:place:)` reads back.
  ///
  ///     input %tokens : i32[B, T]
  ///     parameter %word.weight : f32[200, 192]
  ///     %0 = embedding %word.weight, %tokens : f32[B, T, 192]
  ///     %1 = scale %0 {factor = 0.5} : f32[B, T, 192]
  ///     output rows = %1
  ///
  /// Lines stand in the order of definition, so that equal texts are equal graphs; results are
  /// numbered by themselves, so that a new parameter does not rename them.
  ///
  /// - Precondition: `verify()` does not throw.
  package var text: String {
    do {
      var printer = TextPrinter()
      return try printer.text(self)
    } catch { preconditionFailure(error.message) }
  }
}

private struct TextPrinter {
  private var names: [Value: String] = [:]
  private var results = 0

  mutating func text(_ graph: Graph) throws(GraphError) -> String {
    var lines: [String] = []
    for definition in try graph.definitions() {
      switch definition {
      case .input(let named): lines.append(declare("input", named, graph))
      case .parameter(let named): lines.append(declare("parameter", named, graph))
      case .node(let node): lines.append(self.node(node, graph))
      }
    }
    for output in graph.outputs {
      lines.append("output \(output.name.spelling) = \(names[output.value] ?? "?")")
    }
    return lines.map { $0 + "\n" }.joined()
  }

  private mutating func declare(_ word: String, _ named: NamedValue, _ graph: Graph) -> String {
    let name = "%" + named.name.spelling
    names[named.value] = name
    return "\(word) \(name) : \(graph.type(named.value))"
  }

  private mutating func node(_ node: Node, _ graph: Graph) -> String {
    let inputs = node.inputs.map { " " + (names[$0] ?? "?") }.joined(separator: ",")
    for result in node.results {
      names[result] = "%\(results)"
      results += 1
    }
    let attributes = node.op.definition.attributes.sorted { $0.key < $1.key }
      .map { "\($0.key) = \($0.value.text)" }
    let block = attributes.isEmpty ? "" : " {" + attributes.joined(separator: ", ") + "}"
    let results = node.results.map { names[$0] ?? "?" }.joined(separator: ", ")
    let types = node.results.map { "\(graph.type($0))" }.joined(separator: ", ")
    return "\(results) = \(node.op.mnemonic)\(inputs)\(block) : \(types)"
  }
}

extension Attribute {
  /// As in the text form, where a constant dimension is an integer.
  fileprivate var text: String {
    switch self {
    case .int(let value): "\(value)"
    case .float(let value): "\(value)"
    case .string(let value): value.quoted
    case .ints(let values): "[\(values.map(String.init).joined(separator: ", "))]"
    case .dimension(let value): "\(value)"
    case .shape(let value): "[\(value.map(\.description).joined(separator: ", "))]"
    }
  }
}

extension String {
  /// The one way to write this name: bare when it begins with a letter and has only letters, digits,
  /// underscores and dots, quoted otherwise.
  var spelling: String {
    let parts = split(separator: ".", omittingEmptySubsequences: false)
    let isBare =
      parts.first.map { String($0).isIdentifier } == true
      && parts.allSatisfy { $0.utf8.allSatisfy(\.isIdentifierByte) }
    return isBare ? self : quoted
  }

  /// In double quotes, with quotes and backslashes escaped.
  fileprivate var quoted: String {
    "\"" + flatMap { $0 == "\"" || $0 == "\\" ? ["\\", $0] : [$0] } + "\""
  }
}
