package import Graph

/// A graph that is no captioner of the family, or a pass that broke one.
package struct CompileError: Error, Equatable, CustomStringConvertible {
  /// What the compiler looked for.
  package var expected: String
  /// What is there instead.
  package var found: String

  package init(_ expected: String, found: String) {
    self.expected = expected
    self.found = found
  }

  /// A rule of graphs that the result of a rewrite would break.
  package init(_ error: GraphError) {
    self.init("a graph that keeps every rule", found: error.message)
  }

  package var description: String { "expected \(expected), found \(found)" }
}
