/// The tokens of the Penn Treebank as the Stanford tokenizer of 2014 cuts them, a table.
///
/// Written from what that program does with text (Tools/goldens/ptb.py compares the two); of equally
/// long matches the first rule wins, and what follows a rule's token counts for its length.
enum PTBRules {
  /// What becomes of the matched text.
  enum Action {
    /// The token is the text.
    case text
    /// The token is something else.
    case fixed(String)
    /// An abbreviation that also ends the sentence: its full stop is a token again.
    case repeatsStop
    /// As ``repeatsStop``, but a single letter does not keep its full stop.
    case initialBeforeSentence
    /// All but so many characters are the token.
    case allBut(Int)
    /// Quotation marks, opening or closing.
    case quote(opens: Bool)
    /// Round brackets inside the text are spelled out, spaces do not break.
    case brackets
    /// No token.
    case nothing
  }

  struct Rule {
    var pattern: String
    /// What has to come after the token, which is no part of it; nil for anything.
    var follow: String?
    var action = Action.text

    init(_ pattern: String, before follow: String? = nil, _ action: Action = .text) {
      (self.pattern, self.follow, self.action) = (pattern, follow, action)
    }
  }

  static let classes: [String: Pattern.Class] = [
    "letter": { isLetter($0) || isMark($0) },
    "plain": { isLetter($0) },
    "digit": { $0.properties.generalCategory == .decimalNumber },
    "alpha": { $0.properties.isAlphabetic },
    "alnum": { isWord($0) },
    "ascii": { $0.isASCII && isWord($0) },
    "other": { !$0.properties.isAlphabetic },
    "upper": { $0.properties.generalCategory == .uppercaseLetter },
    "space": { isSpace($0) },
    "inline": { $0 != "\n" && $0 != "\r" },
    "blank": { isSpace($0) || isLineEnd($0) },
    "nonspace": { !isSpace($0) && !isLineEnd($0) },
    "dotted": { isWord($0) || $0 == "." || $0 == "," },
    "symbol": { isSymbol($0) },
  ]

  static let names: [String: String] = [
    "apos": "['\u{92}’´]|&apos;",
    "mark": "['\u{92}’´`\u{91}‘‛]|&apos;",
    "word": "<letter>(<letter>|<digit>)*([.!?]<letter>(<letter>|<digit>)*)*",
    "num": "<digit>*([.:,]<digit>+)+|<digit>+",
    "elided": "([dDoOlL](<mark>)<alnum>)?",
    "short": "(<apos>)([msdMSD]|re|ve|ll)",
    "nt": "n(<mark>)t",
    // Single letters with full stops between them: a.m, U.S.
    "initials": "[A-Za-z](\\.[A-Za-z])*|(canada|sino|korean|eu|japan|non)-u\\.s",
    "month": "jan|feb|mar|apr|jun|jul|aug|sep|sept|oct|nov|dec",
    "weekday": "mon|tue|tues|wed|thu|thurs|fri",
    "state": """
    ala|ariz|[A]z|[A]rk|calif|colo|conn|ct|dak|[D]el|fla|ga|[I]ll|ind|kans?|ky|[L]a|[M]ass|md|mich|\
    minn|[M]iss|mo|mont|neb|nev|okla|[O]re|[P]a|penn|tenn|[T]ex|va|vt|[W]ash|wisc?|wyo
    """,
    "firm": "inc|cos?|corp|pp?t[ye]s?|ltd|plc|rt|bancorp|bhd|assn|univ|intl|sys",
    "title": """
    mr|mrs|ms|[M]iss|drs?|profs?|sens?|reps?|attys?|lt|col|gen|messrs|govs?|adm|rev|maj|sgt|cpl|\
    pvt|capt|ste?|ave|pres|lieut|hon|brig|co?mdr|pfc|spc|supts?|det|mt|ft|adj|adv|asst|assoc|ens|\
    insp|mlle|mme|msgr|sfc
    """,
    // Usually before lower case: before a capital they end the sentence too.
    "plainShort": """
    (<month>|<weekday>|<state>|<firm>|tel|est|ext|sq|jr|sr|bros|(ed|ph)\\.d|blvd|rd|esq|etc|al|seq)\\.
    """,
    "namedShort": """
    <title>|vs|alex|wm|jos|cie|a\\.k\\.a|cf|treas|ph|<initials>|invt|elec|natl|m[ft]g|dept
    """,
    "sentence": """
    [A]bout|[A]ccording|[A]dditionally|[A]fter|[A]n|[A]|[A]s|[A]t|[B]ut|[E]arlier|[H]e|[H]er|\
    [H]ere|[H]owever|[I]f|[I]n|[I]t|[L]ast|[M]any|[M]ore|[M]r\\.|[M]s\\.|[N]ow|[O]nce|[O]ne|\
    [O]ther|[O]ur|[S]he|[S]ince|[S]o|[S]ome|[S]uch|[T]hat|[T]he|[T]heir|[T]hen|[T]here|[T]hese|\
    [T]hey|[T]his|[W]e|[W]hen|[W]hile|[W]hat|[Y]et|[Y]ou
    """,
    "extension": """
    bat|bmp|c|class|cgi|cpp|dll|doc|docx|exe|gif|gz|h|htm|html|jar|java|jpeg|jpg|mov|mp3|pdf|php|\
    pl|png|ppt|ps|py|sql|tar|txt|wav|x|xml|zip
    """,
    "ellipsis": "\\.\\.\\.+|[\u{85}…]",
    "doubled": "\"|&quot;",
    "hyphenated": "<alnum><dotted>*(-(<alnum>+|([A-Za-z](\\.[A-Za-z])+)\\.))+",
    "thing": "<elided><alnum>+([-_‐‑]<elided><alnum>+)*",
    "quotes": "<apos>|[`‘-‟‹›«»\u{91}-\u{94}\u{82}\u{84}]{1,2}",
    "part": "<ascii>+(-[A-Za-z]+){0,2}",
    "attribute": "[A-Za-z][A-Za-z0-9_:.-]*",
    "value": "'[^'\\\r\\\n]*'|\"[^\"\\\r\\\n]*\"|<attribute>",
  ]

  static let rules: [Rule] = [
    Rule("c\\+\\+"),
    Rule("cannot", .allBut(3)),
    Rule("(<apos>)twas", .allBut(3)),
    Rule("(<apos>)tis|gonna|gotta|lemme|gimme|wanna", .allBut(2)),
    Rule(
      """
      \\<([!?][A-Za-z-][^\\>\\\r\\\n]*|<attribute>( +(<attribute>|<attribute> *= *(<value>)))* */?|\
      /<attribute>) *\\>
      """),
    Rule("&(md|mdash|ndash);|[\u{96}\u{97}–—―]", .fixed("--")),
    Rule("&amp;", .fixed("&")),
    Rule("&(ht|tl|ur|lr|qc|ql|qr|odq|cdq|#[0-9]+);"),
    Rule("<word>", before: "<short>"),
    Rule("<alpha>*[A-MO-Za-mo-z]", before: "<nt>"),
    Rule("<word>"),
    Rule(
      """
      (<apos>)n(<apos>)?|[lLdDjJ](<apos>)|dunkin(<apos>)|somethin(<apos>)|ol(<apos>)|(<apos>)em|\
      [A-HJ-XZn](<mark>)<plain><plain>+|(<apos>)[2-9]0s|(<apos>)till?|\
      <plain><plain>*[aeiouyAEIOUY](<mark>)[aeiouA-Z]<plain>*|(<apos>)cause|cont'd\\.?|nor'easter|\
      c'mon|e'er|s'mores|ev'ry|li'l|nat'l
      """),
    Rule("y(<apos>)", before: "<plain>"),
    Rule(
      """
      (ftp|svn|svn\\+ssh|http|https|mailto)://[^ \t\\\n\u{c}\\\r\"<>|(){}]+\
      [^ \t\\\n\u{c}\\\r\"<>|.!?(){},-]
      """),
    Rule(
      """
      ((www\\.([^ \t\\\n\u{c}\\\r\"<>|.!?(){},]+\\.)+[a-zA-Z]{2,4})|\
      (([^ \t\\\n\u{c}\\\r\"`'<>|.!?(){},-_$]+\\.)+(com|net|org|edu)))\
      (/[^ \t\\\n\u{c}\\\r\"<>|()]+[^ \t\\\n\u{c}\\\r\"<>|.!?(){},-])?
      """),
    Rule(
      """
      (&lt;|\\<)?[a-zA-Z0-9][^ \t\\\n\u{c}\\\r\"<>|()\u{a0}]*@\
      ([^ \t\\\n\u{c}\\\r\"<>|().\u{a0}]+\\.)*[^ \t\\\n\u{c}\\\r\"<>|(){}.\u{a0}]+(&gt;|\\>)?
      """),
    Rule("@[a-zA-Z_][a-zA-Z_0-9]*|#<letter>+"),
    Rule("<short>", before: "<other>", .quote(opens: false)),
    Rule("<nt>", before: "<other>", .quote(opens: false)),
    Rule("<digit>{1,2}[-/]<digit>{1,2}[-/]<digit>{2,4}"),
    Rule("[-+]?(<num>)"),
    Rule("[⁺⁻₊₋]?([⁰¹²³⁴-⁹]+|[₀-₉]+)"),
    Rule("(<digit>{1,4}[- \u{a0}])?<digit>{1,4}(\\\\?/|⁄)<digit>{1,4}", .brackets),
    Rule("¼", .fixed("1/4")), Rule("½", .fixed("1/2")), Rule("¾", .fixed("3/4")),
    Rule("⅓", .fixed("1/3")), Rule("⅔", .fixed("2/3")), Rule("[⅓-⅞]"),
    Rule("-(rrb|lrb|rcb|lcb|rsb|lsb)-|c\\.d\\.s|pro-|anti-|s&p-500|s&ls|cap(<apos>)n|c(<apos>)est"),
    Rule("<part>(\\\\?/<part>){1,2}"),
    Rule("[A-Z]*$|#"),
    Rule("[¢]", .fixed("cents")), Rule("[£]", .fixed("#")), Rule("[€\u{80}]", .fixed("$")),
    Rule("[¤¥₠₪₹]"),
    Rule("(<initials>)\\.", before: "<space>+(<sentence>)<space>", .initialBeforeSentence),
    Rule("(ca|figs?|prop|nos?|art|bldg|prop|pp|op)\\.", before: "<space>?<digit>"),
    Rule("(pt[eyEY]|co)\\.", before: "<space>(ltd|lim)"),
    Rule("<plainShort>", before: "<space>(<space>|<upper>)", .repeatsStop),
    Rule("<plainShort>", before: "<inline><inline>"),
    Rule("<plainShort>", .repeatsStop),
    Rule("(<namedShort>)\\."),
    Rule("<namedShort>", before: "<space>"),
    Rule("<initials>", before: "[ \t\\\n]"),
    Rule("(<apos>)[0-9][0-9]", before: "[ \t\\\n]"),
    Rule("<alnum>+([._-]<alnum>+)*\\.(<extension>)", before: "[ \t\\\n.?!,\"'<]"),
    Rule("<word>\\.", before: "[,;:]"),
    Rule(
      """
      (\\([0-9]{2,3}\\)[ \u{a0}]?|(\\+\\+?)?([0-9]{2,4}[- \u{a0}])?[0-9]{2,4}[- \u{a0}])\
      [0-9]{3,4}[- \u{a0}]?[0-9]{3,5}|((\\+\\+?)?[0-9]{2,4}\\.)?[0-9]{2,4}\\.[0-9]{3,4}\\.[0-9]{3,5}
      """, .brackets),
    Rule("<doubled>", before: "[$A-Za-z0-9]", .quote(opens: true)),
    Rule("<doubled>|[`']'", .quote(opens: false)),
    Rule("\\<|&lt;", .fixed("<")), Rule("\\>|&gt;", .fixed(">")),
    Rule("[<>]?[:;=][-o*']?[()DPdpO\\\\{@|\\[\\]]", before: "[^A-Za-z0-9]", .brackets),
    Rule(
      """
      [-\\^x=~<>']_[-\\^x=~<>']|\\([-\\^x=~<>'][_.]?[-\\^x=~<>']\\)|\
      \\([\\^x=~<>']-[\\^x=~<>'`]\\)
      """, .brackets),
    Rule("{", .fixed("-LCB-")), Rule("}", .fixed("-RCB-")),
    Rule("\\[", .fixed("-LSB-")), Rule("]", .fixed("-RSB-")),
    Rule("\\(", .fixed("-LRB-")), Rule("\\)", .fixed("-RRB-")),
    Rule("---|----", .fixed("--")), Rule("-+"),
    Rule("<ellipsis>", before: "\\.<space>+<plain>", .fixed("...")),
    Rule("(<ellipsis>)|\\.[ \u{a0}](\\.[ \u{a0}])+\\.", .fixed("...")),
    Rule("@+|#+|_+"), Rule("\\*+|(\\\\\\*){1,3}"), Rule("[,;:、]"), Rule("[?!]+"),
    Rule("[.¡¿。]"), Rule("=+"), Rule("/"),
    Rule("<hyphenated>\\.", before: "[,;:]"), Rule("<hyphenated>"),
    Rule("<thing>\\.", before: "[,;:]", .quote(opens: false)),
    Rule("<thing>", .quote(opens: false)),
    Rule("[A-Z]+((\\+|&|&amp;)[A-Z]+)+\\.", before: "[,;:]"),
    Rule("[A-Z]+((\\+|&|&amp;)[A-Z]+)+"),
    Rule("<quotes>", before: "<plain><nonspace>", .quote(opens: true)),
    Rule("<quotes>", .quote(opens: false)),
    Rule("<short>", .quote(opens: false)), Rule("<nt>", .quote(opens: false)),
    Rule("\\<\\<|\\>\\>"),
    Rule("<symbol>"),
    Rule("&nbsp;|<blank>", .nothing),
  ]

  private static func isLetter(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: true
    default: false
    }
  }

  private static func isWord(_ scalar: Unicode.Scalar) -> Bool {
    scalar.properties.isAlphabetic || scalar.properties.generalCategory == .decimalNumber
  }

  private static func isMark(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .nonspacingMark, .spacingMark: true
    default: scalar == "\u{AD}"
    }
  }

  private static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x20, 0x09, 0xA0, 0x2000...0x200A, 0x3000: true
    default: false
    }
  }

  private static func isLineEnd(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x0A...0x0D, 0x85, 0x2028, 0x2029: true
    default: false
    }
  }

  private static func isSymbol(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x2B, 0x25, 0x26, 0x7E, 0x5E, 0x7C, 0x5C, 0xA6...0xA9, 0xAC, 0xAE...0xBA, 0xD7, 0xF7,
      0x387, 0x60C, 0x66A, 0x66D, 0x2016, 0x2017, 0x2020...0x2025, 0x2030...0x2038, 0x203B...0x2044,
      0x207A...0x207F, 0x208A...0x208E, 0x2100...0x214F, 0x2190...0x2BFF, 0x3001...0x3020, 0x30FB,
      0xFF01...0xFF0F, 0xFF1A...0xFF20, 0xFF3B...0xFF40, 0xFF5B...0xFF65:
      true
    default: false
    }
  }
}
