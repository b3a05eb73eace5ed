/// What the shape of an operand or result looks like: "…K", "NK", "~N", "Q", "2", "".
///
/// One character per axis. A letter is a length that is the same wherever the letter stands in one
/// step; a digit is that length; "_" is any length. In front, "…" stands for leading axes that are
/// the same wherever "…" stands in one step, "~" for leading axes of any number and length.
package struct ShapePattern: Sendable, ExpressibleByStringLiteral, CustomStringConvertible {
  /// Axes before the named ones.
  package enum Leading: Sendable { case none, shared, free }

  /// One of the last axes.
  package enum Axis: Sendable, Equatable {
    case named(Character)
    case exactly(Int)
    case any
  }

  package let leading: Leading
  package let axes: [Axis]
  /// As in the table of `formats/README.md`.
  package let description: String

  package init(stringLiteral text: String) {
    var rest = text[...]
    switch rest.first {
    case "…": leading = .shared
    case "~": leading = .free
    default: leading = .none
    }
    if leading != .none { rest.removeFirst() }
    axes = rest.map { character in
      if character == "_" { return .any }
      return character.wholeNumberValue.map { .exactly($0) } ?? .named(character)
    }
    description = "[\(text.map(String.init).joined(separator: ", "))]"
  }

  /// What ranks fit: "2", "1 or more".
  package var rankDescription: String {
    leading == .none ? "\(axes.count)" : "\(axes.count) or more"
  }
}
