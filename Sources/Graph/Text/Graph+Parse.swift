package import Diagnostics

extension Graph {
  /// Reads the text form (see `text`), checking every rule of a graph.
  ///
  /// Blank lines and `// comments` are skipped. Values may have any names.
  ///
  /// - Parameters:
  ///   - text: the lines.
  ///   - place: the file, for messages; line and column are added.
  /// - Throws: `InputError` at the first line that does not parse or breaks a rule.
  package init(text: String, place: String) throws(InputError) {
    var parser = TextParser(scanner: TextScanner(text, place: place))
    self = try parser.parse()
  }
}

private struct TextParser {
  var scanner: TextScanner
  private var graph = Graph()
  /// By spelling.
  private var values: [String: Value] = [:]

  init(scanner: TextScanner) { self.scanner = scanner }

  mutating func parse() throws(InputError) -> Graph {
    while scanner.nextLine() {
      let start = scanner.mark()
      if scanner.take("%") {
        try node(start: start)
      } else {
        switch try scanner.word("'input', 'parameter', 'output' or a '%' value") {
        case "input": try declare(isInput: true)
        case "parameter": try declare(isInput: false)
        case "output": try output()
        case let word:
          throw scanner.error(
            expected: "'input', 'parameter', 'output' or a '%' value", found: "'\(word)'",
            at: start)
        }
      }
      try scanner.endLine()
    }
    do { try graph.verify() } catch {
      throw scanner.error(expected: "a graph that keeps every rule", found: error.message)
    }
    return graph
  }

  // input %name : type
  private mutating func declare(isInput: Bool) throws(InputError) {
    let start = scanner.mark()
    try scanner.expect("%")
    let name = try scanner.name()
    try checkName(name, at: start)
    try checkNew(name.spelling, at: start)
    try scanner.expect(":")
    let typeStart = scanner.mark()
    let type = try type()
    do { try type.shape.checkLimits("'\(name)'") } catch {
      throw scanner.error(expected: "a type within limits", found: error.message, at: typeStart)
    }
    values[name.spelling] = isInput ? graph.input(name, type) : graph.parameter(name, type)
  }

  // output name = %value
  private mutating func output() throws(InputError) {
    let start = scanner.mark()
    let name = try scanner.name()
    try checkName(name, at: start)
    guard !graph.hasOutput(name) else {
      throw scanner.error(expected: "a new name", found: "'\(name)' again", at: start)
    }
    try scanner.expect("=")
    graph.output(name, try use())
  }

  // %a, %b = op %c, %d {name = value, …} : type, type
  private mutating func node(start: Int) throws(InputError) {
    var names = [try scanner.spelling("a value")]
    while scanner.take(",") {
      try scanner.expect("%")
      names.append(try scanner.spelling("a value"))
    }
    try scanner.expect("=")
    let mnemonic = try scanner.word("an op")
    let inputs = try inputs()
    let attributes = try attributes()
    try scanner.expect(":")
    let typeStart = scanner.mark()
    var types = [try type()]
    while scanner.take(",") { types.append(try type()) }

    let results: [Value]
    do {
      results = try graph.append(try Op(mnemonic: mnemonic, attributes), inputs)
    } catch {
      throw scanner.error(expected: "a valid op", found: error.message, at: start)
    }
    guard results.map(graph.type) == types else {
      throw scanner.error(
        expected: "\(results.map(graph.type))", found: "\(types)", at: typeStart)
    }
    guard results.count == names.count else {
      throw scanner.error(
        expected: "\(results.count) results", found: "\(names.count) names", at: start)
    }
    for (name, result) in zip(names, results) {
      try checkNew(name, at: start)
      values[name] = result
    }
  }

  private func checkName(_ name: String, at start: Int) throws(InputError) {
    guard name.isName else {
      throw scanner.error(
        expected: "a printable name of 1 to \(Limits.nameBytes) bytes", found: "'\(name)'",
        at: start)
    }
  }

  private func checkNew(_ name: String, at start: Int) throws(InputError) {
    guard values[name] == nil else {
      throw scanner.error(expected: "a new name", found: "'%\(name)' again", at: start)
    }
  }

  private mutating func inputs() throws(InputError) -> [Value] {
    guard scanner.take("%") else { return [] }
    var inputs = [try named()]
    while scanner.take(",") { inputs.append(try use()) }
    return inputs
  }

  private mutating func use() throws(InputError) -> Value {
    try scanner.expect("%")
    return try named()
  }

  private mutating func named() throws(InputError) -> Value {
    let start = scanner.mark()
    let name = try scanner.spelling("a value")
    guard let value = values[name] else {
      throw scanner.error(expected: "a value defined above", found: "'%\(name)'", at: start)
    }
    return value
  }

  private mutating func type() throws(InputError) -> TensorType {
    let start = scanner.mark()
    let word = try scanner.word("a type")
    guard let dtype = DType(rawValue: word) else {
      let known = DType.allCases.map(\.rawValue).joined(separator: ", ")
      throw scanner.error(expected: "one of \(known)", found: "'\(word)'", at: start)
    }
    try scanner.expect("[")
    return TensorType(dtype, try list())
  }

  /// Dimensions up to the closing bracket.
  private mutating func list() throws(InputError) -> Shape {
    if scanner.take("]") { return [] }
    var shape = [try scanner.dimension()]
    while scanner.take(",") { shape.append(try scanner.dimension()) }
    try scanner.expect("]")
    return shape
  }

  private mutating func attributes() throws(InputError) -> Attributes {
    guard scanner.take("{") else { return [:] }
    var attributes: Attributes = [:]
    repeat {
      let start = scanner.mark()
      let name = try scanner.word("an attribute")
      guard attributes[name] == nil else {
        throw scanner.error(expected: "each attribute once", found: "'\(name)' again", at: start)
      }
      try scanner.expect("=")
      attributes[name] = try attribute()
    } while scanner.take(",")
    try scanner.expect("}")
    return attributes
  }

  private mutating func attribute() throws(InputError) -> Attribute {
    if let string = try scanner.quoted() { return .string(string) }
    if scanner.take("[") {
      let shape = try list()
      let constants = shape.compactMap(\.constant)
      return constants.count == shape.count ? .ints(constants) : .shape(shape)
    }
    if let float = scanner.float() { return .float(float) }
    let dimension = try scanner.dimension()
    return dimension.constant.map { .int($0) } ?? .dimension(dimension)
  }
}

extension TextScanner {
  /// A polynomial such as `197*F + T`.
  fileprivate mutating func dimension() throws(InputError) -> Dimension {
    let start = mark()
    var terms = [try term(negative: take("-"))]
    while true {
      if take("+") {
        terms.append(try term(negative: false))
      } else if take("-") {
        terms.append(try term(negative: true))
      } else {
        break
      }
      guard terms.count <= Limits.terms else {
        throw error(expected: "at most \(Limits.terms) terms", found: "more", at: start)
      }
    }
    return Dimension(terms: terms)
  }

  private mutating func term(negative: Bool) throws(InputError) -> Dimension.Term {
    let start = mark()
    var term = Dimension.Term(coefficient: negative ? -1 : 1, symbols: [])
    if let coefficient = try integer() {
      term.coefficient *= coefficient
      guard take("*") else { return term }
    }
    repeat { term.symbols.append(try word("a number or a symbol")) } while take("*")
    guard term.symbols.count <= Limits.terms, term.symbols.allSatisfy(\.isIdentifier) else {
      throw error(expected: "identifiers", found: "\(term.symbols)", at: start)
    }
    return term
  }
}
