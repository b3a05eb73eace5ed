/// A regular expression as positions and what may follow each (Glushkov's automaton).
///
/// Notation: letters stand for both cases; `[…]` and `[^…]` hold characters and ranges, case as
/// written; `( )`, `|`, `*`, `+`, `?`, `{m,n}` as usual; `<name>` is a named class or pattern; `\`
/// makes the next character plain.
struct Pattern {
  /// Whether a scalar may stand at a position.
  typealias Class = @Sendable (Unicode.Scalar) -> Bool

  private(set) var classes: [Class] = []
  /// Positions a match may begin with.
  private(set) var first: [Int] = []
  /// Positions a match may end with.
  private(set) var last: Set<Int> = []
  /// Positions that may come after each position.
  private(set) var follow: [[Int]] = []

  /// Parses a pattern that does not match the empty text.
  ///
  /// - Parameters:
  ///   - text: the pattern.
  ///   - names: what `<name>` stands for, patterns without the surrounding parentheses.
  ///   - classes: named classes.
  /// - Precondition: the pattern is well formed: patterns are part of the program.
  init(_ text: String, names: [String: String], classes: [String: Class]) {
    var parser = Parser(rest: Array(text.unicodeScalars)[...], names: names, classes: classes)
    let tree = parser.alternatives()
    precondition(parser.rest.isEmpty, "pattern '\(text)' ends before '\(parser.rest)'")
    let whole = add(tree)
    precondition(!whole.isNullable, "pattern '\(text)' matches nothing at all")
    first = whole.first
    last = Set(whole.last)
  }

  private struct Part {
    var isNullable: Bool
    var first: [Int]
    var last: [Int]
  }

  private mutating func add(_ node: Node) -> Part {
    switch node {
    case .one(let matches):
      classes.append(matches)
      follow.append([])
      return Part(isNullable: false, first: [classes.count - 1], last: [classes.count - 1])
    case .sequence(let nodes):
      return nodes.reduce(Part(isNullable: true, first: [], last: [])) { before, node in
        let next = add(node)
        for position in before.last { follow[position] += next.first }
        return Part(
          isNullable: before.isNullable && next.isNullable,
          first: before.isNullable ? before.first + next.first : before.first,
          last: next.isNullable ? before.last + next.last : next.last)
      }
    case .choice(let nodes):
      let parts = nodes.map { add($0) }
      return Part(
        isNullable: parts.contains { $0.isNullable }, first: parts.flatMap(\.first),
        last: parts.flatMap(\.last))
    case .times(let node, let least, let most):
      let copies = most ?? max(1, least)
      var whole = Part(isNullable: true, first: [], last: [])
      for copy in 0..<copies {
        let next = add(node)
        for position in whole.last { follow[position] += next.first }
        if most == nil, copy == copies - 1 {
          for position in next.last { follow[position] += next.first }
        }
        let isOptional = next.isNullable || copy >= least
        whole = Part(
          isNullable: whole.isNullable && isOptional,
          first: whole.isNullable ? whole.first + next.first : whole.first,
          last: isOptional ? whole.last + next.last : next.last)
      }
      return whole
    }
  }

  indirect enum Node {
    case one(Class)
    case sequence([Node])
    case choice([Node])
    case times(Node, least: Int, most: Int?)
  }

  private struct Parser {
    var rest: ArraySlice<Unicode.Scalar>
    let names: [String: String]
    let classes: [String: Class]

    private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
      guard rest.first == scalar else { return false }
      rest.removeFirst()
      return true
    }

    private mutating func next() -> Unicode.Scalar {
      precondition(!rest.isEmpty, "a pattern breaks off")
      return rest.removeFirst()
    }

    mutating func alternatives() -> Node {
      var choices = [sequence()]
      while take("|") { choices.append(sequence()) }
      return choices.count == 1 ? choices[0] : .choice(choices)
    }

    private mutating func sequence() -> Node {
      var nodes: [Node] = []
      while let scalar = rest.first, scalar != "|", scalar != ")" { nodes.append(repeated()) }
      return .sequence(nodes)
    }

    private mutating func repeated() -> Node {
      let node = atom()
      if take("*") { return .times(node, least: 0, most: nil) }
      if take("+") { return .times(node, least: 1, most: nil) }
      if take("?") { return .times(node, least: 0, most: 1) }
      guard take("{") else { return node }
      let least = number()
      precondition(take(","), "a pattern has {m} without n")
      let most = number()
      precondition(take("}"), "a pattern has no }")
      return .times(node, least: least, most: most)
    }

    private mutating func number() -> Int {
      var value = 0
      while let digit = rest.first.flatMap({ Int(String($0)) }) {
        value = value * 10 + digit
        rest.removeFirst()
      }
      return value
    }

    private mutating func atom() -> Node {
      switch next() {
      case "(":
        let node = alternatives()
        precondition(take(")"), "a pattern has no )")
        return node
      case "[": return .one(characterClass())
      case "<":
        var name = ""
        while !take(">") { name.unicodeScalars.append(next()) }
        if let known = classes[name] { return .one(known) }
        guard let text = names[name] else { preconditionFailure("pattern <\(name)> is unknown") }
        var inner = Parser(rest: Array(text.unicodeScalars)[...], names: names, classes: classes)
        return inner.alternatives()
      case "\\": return literal(next())
      case let scalar: return literal(scalar)
      }
    }

    private func literal(_ scalar: Unicode.Scalar) -> Node {
      let (lower, upper) = (
        scalar.properties.lowercaseMapping, scalar.properties.uppercaseMapping
      )
      return .one { scalar in
        let text = String(scalar)
        return text == lower || text == upper
      }
    }

    private mutating func characterClass() -> Class {
      let isNegated = take("^")
      var ranges: [ClosedRange<Unicode.Scalar>] = []
      while !take("]") {
        var from = next()
        if from == "\\" { from = next() }
        var to = from
        if rest.first == "-", rest.dropFirst().first != "]" {
          rest.removeFirst()
          to = next()
        }
        ranges.append(from...to)
      }
      return { [ranges] scalar in ranges.contains { $0.contains(scalar) } != isNegated }
    }
  }
}
