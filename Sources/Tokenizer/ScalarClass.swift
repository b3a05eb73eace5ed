/// What the basic tokenizer does with a scalar.
///
/// Categories are those of Unicode 8, which the reference tokenizer (HuggingFace `tokenizers`)
/// has built in: a mark or a punctuation sign assigned later is an ordinary letter to it. Fixing
/// the version also keeps token ids the same under every Swift toolchain.
enum ScalarClass: Equatable {
  /// Control, format and private-use scalars, nonspacing marks, U+FFFD: vanish.
  case removed
  /// Ends a word and vanishes.
  case space
  /// Ends a word and is a word of its own.
  case punctuation
  /// Part of a word.
  case letter

  /// The class of a scalar of the input.
  init(_ scalar: Unicode.Scalar) {
    self = scalar.value < 128 ? Self.ascii[Int(scalar.value)] : Self(beyondASCII: scalar)
  }

  /// Classes of the ASCII scalars.
  ///
  /// Every printable sign that is neither letter nor digit is punctuation, also `$`, `+`, `<`, `=`,
  /// `>`, `^`, `` ` ``, `|` and `~`, which Unicode calls symbols.
  private static let ascii: [ScalarClass] = (0..<128).map { value in
    switch UInt8(value) {
    case UInt8(ascii: "\t"), UInt8(ascii: "\n"), UInt8(ascii: "\r"), UInt8(ascii: " "): .space
    case 0..<32, 127: .removed
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "a")...UInt8(ascii: "z"):
      .letter
    default: .punctuation
    }
  }

  private init(beyondASCII scalar: Unicode.Scalar) {
    switch scalar.value {
    case 0xFFFD: self = .removed
    // Reclassified since Unicode 8.
    case 0x1734, 0x1171E: self = .removed
    case 0x1885, 0x1886, 0xA9BD: self = .letter
    case 0x166D, 0x111C9: self = .punctuation
    default:
      let properties = scalar.properties
      switch properties.generalCategory {
      case .control, .privateUse: self = .removed
      case .format, .nonspacingMark: self = properties.isInUnicode8 ? .removed : .letter
      case .connectorPunctuation, .dashPunctuation, .openPunctuation, .closePunctuation,
        .initialPunctuation, .finalPunctuation, .otherPunctuation:
        self = properties.isInUnicode8 ? .punctuation : .letter
      case .spaceSeparator, .lineSeparator, .paragraphSeparator: self = .space
      default: self = .letter
      }
    }
  }

  /// Whether the scalar is an ideograph, which is a word of its own.
  ///
  /// The ranges are BERT's, with the reference tokenizer's start of extension E (U+2B920; BERT's
  /// own first program has U+2B820).
  static func isIdeograph(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case ..<0x3400: false
    case 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xF900...0xFAFF, 0x20000...0x2A6DF, 0x2A700...0x2B73F,
      0x2B740...0x2B81F, 0x2B920...0x2CEAF, 0x2F800...0x2FA1F:
      true
    default: false
    }
  }
}

extension Unicode.Scalar.Properties {
  /// Whether the scalar was assigned in Unicode 8.0 or before.
  fileprivate var isInUnicode8: Bool {
    guard let age else { return false }
    return age.major < 8 || (age.major == 8 && age.minor == 0)
  }
}
