/// A graph that is no captioner of the family, or a pass that broke one.
package struct CompileError: Error, Equatable, CustomStringConvertible {
  /// What was looked for and what is there instead.
  package var message: String

  package init(_ message: String) { self.message = message }

  package var description: String { message }
}
