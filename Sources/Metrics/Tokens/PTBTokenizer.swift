/// Cuts captions into the tokens that the caption metrics count: Penn Treebank tokens in lower case
/// without punctuation.
///
/// What `pycocoevalcap`'s `PTBTokenizer` gives (CoreNLP 3.4.1 with `-preserveLines -lowerCase`), its
/// habits included: brackets stay as `-lrb-`, and `?!` is a token although `?` is none. Emoji and
/// other characters that program does not know are left out.
package struct PTBTokenizer {
  private var automaton: LongestMatch
  /// For rules with something to follow: the token alone, and what follows it.
  private var contexts: [Int: (head: LongestMatch, follow: LongestMatch)] = [:]

  package init() {
    func pattern(_ text: String) -> Pattern {
      Pattern(text, names: PTBRules.names, classes: PTBRules.classes)
    }
    automaton = LongestMatch(
      PTBRules.rules.map { rule in
        pattern(rule.follow.map { "(\(rule.pattern))(\($0))" } ?? rule.pattern)
      })
    for (index, rule) in PTBRules.rules.enumerated() {
      guard let follow = rule.follow else { continue }
      contexts[index] = (LongestMatch([pattern(rule.pattern)]), LongestMatch([pattern(follow)]))
    }
  }

  /// The tokens of one text, in order; line ends in it count as spaces.
  package mutating func tokens(_ text: String) -> [String] {
    allTokens(text).filter { !Self.punctuation.contains($0) }
  }

  /// The tokens with punctuation.
  package mutating func allTokens(_ text: String) -> [String] {
    // Tokens before the end of a line may depend on its being there.
    let scalars = text.unicodeScalars.map { $0 == "\n" ? " " : $0 } + ["\n"]
    var tokens: [String] = []
    var index = 0
    while index < scalars.count {
      guard let match = automaton.match(scalars, from: index) else {
        index += 1  // a character that the reference deletes
        continue
      }
      let rule = PTBRules.rules[match.pattern]
      let end = end(of: match, from: index, in: scalars)
      let (token, length) = Self.token(rule.action, scalars[index..<end])
      if let token, !token.isEmpty { tokens.append(token.lowercased()) }
      index += length
    }
    return tokens
  }

  /// Where the token itself ends when what follows it was matched too.
  private mutating func end(
    of match: (pattern: Int, end: Int), from index: Int, in scalars: [Unicode.Scalar]
  ) -> Int {
    guard contexts[match.pattern] != nil else { return match.end }
    var heads: [Int] = []
    contexts[match.pattern]?.head.forEachEnd(scalars, from: index) { heads.append($1) }
    for head in heads.reversed() where head < match.end {
      var isFollowed = false
      contexts[match.pattern]?.follow.forEachEnd(scalars, from: head) {
        isFollowed = isFollowed || $1 == match.end
      }
      if isFollowed { return head }
    }
    preconditionFailure("a match with its context has a token")
  }

  /// The token of a match, nil for none, and how many scalars it uses up.
  private static func token(
    _ action: PTBRules.Action, _ match: ArraySlice<Unicode.Scalar>
  ) -> (String?, Int) {
    func string(_ scalars: ArraySlice<Unicode.Scalar>) -> String {
      var text = String.UnicodeScalarView()
      text.append(contentsOf: scalars.filter { $0 != "\u{AD}" })
      return String(text)
    }
    switch action {
    case .text: return (string(match), match.count)
    case .fixed(let text): return (text, match.count)
    case .nothing: return (nil, match.count)
    case .repeatsStop: return (string(match), match.count - 1)
    case .initialBeforeSentence:
      return match.count == 2
        ? (string(match.dropLast()), 1) : (string(match), match.count - 1)
    case .allBut(let count): return (string(match.dropLast(count)), match.count - count)
    case .quote(let opens): return (quoted(string(match), opens: opens), match.count)
    case .brackets:
      let text = string(match).map { character in
        switch character {
        case "(": "-LRB-"
        case ")": "-RRB-"
        case " ": "\u{A0}"
        default: String(character)
        }
      }
      return (text.joined(), match.count)
    }
  }

  /// Quotation marks as the Treebank writes them: ` and ' for single, `` and '' for double ones.
  private static func quoted(_ text: String, opens: Bool) -> String {
    let (single, double) = opens ? ("`", "``") : ("'", "''")
    switch text {
    case "\"", "''", "'`", "`'", "&quot;": return double
    case "‘'", "\u{91}'": return "``"
    case "’'", "\u{92}'": return "''"
    default: break
    }
    var result = ""
    var rest = text[...]
    while let character = rest.first {
      if rest.hasPrefix("&apos;") {
        result += single
        rest = rest.dropFirst(6)
        continue
      }
      rest = rest.dropFirst()
      switch character {
      case "'": result += single
      case "\"": result += double
      case "‘", "‚", "‛", "‹", "\u{82}", "\u{8B}", "\u{91}": result += "`"
      case "’", "›", "´", "\u{92}", "\u{9B}": result += "'"
      case "“", "„", "«", "\u{84}", "\u{93}": result += "``"
      case "”", "»", "\u{94}": result += "''"
      default: result.append(character)
      }
    }
    return result
  }

  /// What the metrics do not count.
  ///
  /// The bracket names are those of the reference; tokens are in lower case by then, so brackets count.
  private static let punctuation: Set<String> = [
    "''", "'", "``", "`", "-LRB-", "-RRB-", "-LCB-", "-RCB-", ".", "?", "!", ",", ":", "-", "--",
    "...", ";",
  ]
}
