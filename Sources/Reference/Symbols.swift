import Graph

/// Finds what B, F and T are from the shapes of given tensors.
enum Symbols {
  /// The bindings under which every declared shape is the found one.
  ///
  /// A dimension with one unknown symbol that occurs once, to the first power, settles it; this is
  /// repeated until nothing more follows. Whether the shapes agree is left to the caller.
  static func solve(
    _ shapes: [(declared: Shape, found: [Int])], known: [String: Int]
  ) throws(GraphError) -> [String: Int] {
    var bindings = known
    var equations = shapes.flatMap { Array(zip($0.declared, $0.found)) }
      .filter { $0.0.constant == nil }
    while true {
      let before = bindings.count
      for (dimension, length) in equations { settle(dimension, length, &bindings) }
      equations.removeAll { equation in equation.0.symbols.allSatisfy { bindings[$0] != nil } }
      if equations.isEmpty { return bindings }
      guard bindings.count > before else {
        throw GraphError("nothing tells the symbols of \(equations.map { "\($0.0)" })")
      }
    }
  }

  private static func settle(
    _ dimension: Dimension, _ length: Int, _ bindings: inout [String: Int]
  ) {
    let rest = dimension.substituting(bindings.mapValues { Dimension($0) })
    guard let term = rest.terms.first, term.symbols.count == 1,
      rest.terms.dropFirst().allSatisfy(\.symbols.isEmpty)
    else { return }
    let (quotient, remainder) = (length - (rest.terms.dropFirst().first?.coefficient ?? 0))
      .quotientAndRemainder(dividingBy: term.coefficient)
    if remainder == 0 { bindings[term.symbols[0]] = quotient }
  }
}
