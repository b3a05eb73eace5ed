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
  public init(
    _ kind: Kind, _ what: String, expected: String, found: String, in place: String,
    advice: String
  ) {
    self.kind = kind
    self.what = what
    self.expected = expected
    self.found = found
    self.place = place
    self.advice = advice
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

extension Unicode.Scalar {
  fileprivate var isControl: Bool {
    switch properties.generalCategory {
    case .control, .lineSeparator, .paragraphSeparator: true
    default: false
    }
  }
}
