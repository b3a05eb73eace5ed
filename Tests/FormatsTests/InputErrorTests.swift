import Diagnostics
import Testing

@Suite struct InputErrorTests {
  /// Names come from files, and one can be as long as its file.
  @Test func everyPartIsCut() {
    let long = String(repeating: "x", count: 1 << 20)
    let error = InputError(.badData, long, expected: long, found: long, in: long, advice: long)
    for part in [error.what, error.expected, error.found, error.advice] {
      #expect(part == String(repeating: "x", count: 1000) + "…")
    }
    #expect(error.place == String(repeating: "x", count: 5000) + "…")
  }

  @Test func whatIsShortStays() {
    let text = String(repeating: "é", count: 1000)
    let error = InputError(.badData, text, expected: text, found: "b", in: text, advice: "c")
    #expect(error.what == text && error.expected == text && error.place == text)
  }

  /// One character can be a letter and a million accents.
  @Test func scalarsCountNotCharacters() {
    let tall = "a" + String(repeating: "\u{301}", count: 1 << 20)
    #expect(tall.cut(to: 3).unicodeScalars.elementsEqual("a\u{301}\u{301}…".unicodeScalars))
    #expect("".cut(to: 3) == "" && "abc".cut(to: 3) == "abc" && "abcd".cut(to: 3) == "abc…")
  }

  /// Neither a second line nor a command to the terminal.
  @Test func controlsAreEscaped() {
    let error = InputError(
      .badData, "a\nb", expected: "\u{1B}[2J", found: "\u{7F}", in: "\u{85}\u{2028}é", advice: "z")
    let text = "\(error)"
    #expect(text.hasPrefix("a\\nb, expected \\u{1B}[2J, found \\u{7F}, in \\u{0085}\\u{2028}é"))
  }
}
