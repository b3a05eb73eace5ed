/// Something from outside the program cannot be used: a file, a flag, a recipe, an image.
///
/// Every library throws this one type for bad input, so that a user reads one form everywhere:
///
///     <what>, expected <expected>, found <found>, in <place>; <advice>
///
/// A caller's own mistake is not an `InputError`: it traps.
public struct InputError: Error, Sendable, Equatable, CustomStringConvertible {
  /// What the caller can do about it; the command line maps it to an exit code.
  public enum Kind: Sendable, Equatable {
    /// Flags or recipe keys that make no sense (exit 64).
    case usage
    /// Data that is damaged or of the wrong form (exit 65).
    case badData
    /// A file or folder that is not there (exit 66).
    case noInput
    /// The system refused a read or write (exit 74).
    case io
  }

  /// What the caller can do about it.
  public var kind: Kind
  /// What is wrong, lower case, without a final period: "tensor 'output.bias' is cut short".
  public var what: String
  /// What would have been accepted: "30522 values".
  public var expected: String
  /// What was there instead: "12 values".
  public var found: String
  /// The file, and the field in it where there is one: "model.plan, field functions[1].steps[3]".
  public var place: String
  /// What the user can do now: "compile the checkpoint again".
  public var advice: String

  /// Creates an error from its five parts; none may be empty.
  ///
  /// Names, shapes and the like come from the file that is wrong, so no part is as long as a file can
  /// make it: each ends with "…" after 1000 characters, the place, which begins with a path, after 5000.
  /// Whoever has more to say sets the property afterwards.
  public init(
    _ kind: Kind, _ what: String, expected: String, found: String, in place: String,
    advice: String
  ) {
    self.kind = kind
    self.what = what.cut(to: 1000)
    self.expected = expected.cut(to: 1000)
    self.found = found.cut(to: 1000)
    self.place = place.cut(to: 5000)
    self.advice = advice.cut(to: 1000)
  }

  /// The one-line form users see after `gitc: error: `.
  ///
  /// Controls are escaped: names from a file neither end the line nor speak to the terminal.
  public var description: String {
    let line = "\(what), expected \(expected), found \(found), in \(place); \(advice)"
    guard line.unicodeScalars.contains(where: \.isControl) else { return line }
    return line.unicodeScalars.reduce(into: "") { result, scalar in
      result += scalar.isControl ? scalar.escaped(asASCII: true) : "\(scalar)"
    }
  }
}

extension String {
  /// The text, or its first `length` Unicode scalars and "…": one character can be of a million scalars.
  package func cut(to length: Int) -> String {
    // As many bytes have no more scalars.
    if utf8.count <= length { return self }
    let end = unicodeScalars.index(
      startIndex, offsetBy: length, limitedBy: unicodeScalars.endIndex)
    return end.map { $0 == endIndex ? self : "\(self[..<$0])…" } ?? self
  }
}

extension Unicode.Scalar {
  fileprivate var isControl: Bool {
    if isASCII { return value < 0x20 || value == 0x7F }
    switch properties.generalCategory {
    case .control, .lineSeparator, .paragraphSeparator: return true
    default: return false
    }
  }
}
