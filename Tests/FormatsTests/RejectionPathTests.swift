import Diagnostics
import Formats
import Foundation
import Testing

/// A place in the sources where a plan is refused, as what its message can look like.
private struct RejectionPath: CustomStringConvertible {
  var description: String
  /// Of ``InputError/what`` and ``InputError/expected``.
  var what: Regex<Substring>
  var expected: Regex<Substring>

  func matches(_ error: InputError) throws -> Bool {
    try what.wholeMatch(in: error.what) != nil && expected.wholeMatch(in: error.expected) != nil
  }

  /// Every call of the functions that make errors about plans, in the sources of the reader.
  static func all() throws -> [RejectionPath] {
    let folder = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../../Sources/Formats/Plan").standardized
    let files = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
    return try files.filter { $0.hasSuffix(".swift") }.flatMap { file in
      let text = try String(contentsOf: folder.appending(path: file), encoding: .utf8)
      return try calls(in: text).map { line, arguments in
        // (field, what, expected: …), (expected: …) of a head, or the scanner's (expected, found, at:).
        let expected = arguments.first { $0.hasPrefix("expected:") }
        let isScanner = arguments.last?.hasPrefix("at:") == true
        let what = expected == nil || arguments.count < 4 ? "" : arguments[1]
        return RejectionPath(
          description: "\(file):\(line)", what: try pattern(of: what, after: "plan field .* "),
          expected: isScanner
            ? try pattern(of: arguments[0], before: " at byte .*")
            : try pattern(of: expected.map { String($0.dropFirst("expected:".count)) } ?? ""))
      }
    }
  }

  /// The arguments of `throw error(…)`, `throw fail(…)` and the like, by the line they begin in.
  private static func calls(in text: String) throws -> [(line: Int, arguments: [String])] {
    let head = try Regex(#"(?:throw |: |return )?\b(?:error|error\.unreadable|fail)\("#)
    return text.matches(of: head).compactMap { match in
      let before = text[..<match.range.lowerBound]
      let line = before.count { $0 == "\n" } + 1
      let lineStart = before.lastIndex(of: "\n").map(text.index(after:)) ?? text.startIndex
      let isDeclaration = text[lineStart..<match.range.upperBound].contains("func ")
      return isDeclaration ? nil : (line, arguments(text[match.range.upperBound...]))
    }
  }

  /// Splits at commas outside of brackets and strings, up to the closing bracket.
  private static func arguments(_ text: Substring) -> [String] {
    var parts = [""]
    var depth = 0
    var isInString = false
    var last: Character = " "
    for character in text {
      if character == "\"" && last != "\\" { isInString.toggle() }
      // Interpolations have their brackets inside of strings, in pairs.
      if "([{".contains(character) { depth += 1 }
      if ")]}".contains(character) {
        if depth == 0 { break }
        depth -= 1
      }
      last = character
      if character == ",", depth == 0, !isInString {
        parts.append("")
      } else {
        parts[parts.count - 1].append(character)
      }
    }
    return parts.map { $0.trimmingCharacters(in: .whitespacesAndNewlines) }
  }

  /// What a Swift expression of literals can say; anything where it chooses or calls.
  private static func pattern(
    of expression: String, after prefix: String = "", before suffix: String = ""
  ) throws -> Regex<Substring> {
    guard expression.hasPrefix("\""), expression.hasSuffix("\""), !expression.contains(" ? ") else {
      return try Regex("(?s).*", as: Substring.self)
    }
    var pattern = ""
    var depth = 0
    var last: Character = " "
    for character in expression.dropFirst().dropLast() {
      if last == "\\", character == "(", depth == 0 {
        pattern.removeLast()
        pattern += ".*"
        depth = 1
      } else if depth > 0 {
        depth += character == "(" ? 1 : character == ")" ? -1 : 0
      } else {
        pattern +=
          character == "\\" ? "\\" : NSRegularExpression.escapedPattern(for: "\(character)")
      }
      last = character
    }
    return try Regex("(?s)\(prefix)\(pattern)\(suffix)", as: Substring.self)
  }
}

@Suite("Everything a plan reader rejects")
struct RejectionPathTests {
  /// The errors of bytes that are refused.
  private static func errors() -> [InputError] {
    var errors: [InputError] = []
    func load(_ bytes: [UInt8]) {
      do throws(InputError) {
        let loaded = try LoadedPlan(bytes: bytes, place: "x.plan")
        try loaded.verifyWeights()
        for index in loaded.plan.weights.indices { _ = try loaded.partialSums(ofWeight: index) }
        _ = try PlanChecksums(bytes: bytes, place: "x.plan")
      } catch { errors.append(error) }
    }
    for damage in PlanRejectionTests.all {
      var sample = SamplePlan()
      damage.apply(&sample)
      load(sample.bytes)
    }
    PlanBytesTests.all.forEach(load)
    // What a writer refuses before there are bytes.
    let checked = SamplePlan().withChecksums
    var mixed = checked
    mixed.plan.weights[3].sha256 = nil
    do throws(InputError) {
      try mixed.plan.validate(weightByteCount: mixed.weights.count, place: "x.plan")
    } catch { errors.append(error) }
    // Behind the last weight; a byte of every weight; a bit of every byte of the head.
    load(PlanFile.bytes(of: checked.plan, weights: checked.weights + [1]))
    for byte in stride(from: 0, to: checked.weights.count, by: 3) {
      var sample = checked
      sample.weights[byte] ^= 0x80
      load(sample.bytes)
    }
    let bytes = checked.bytes
    for byte in PlanEncoder.head(of: checked.plan).indices {
      var damaged = bytes
      damaged[byte] ^= 1 << UInt8(byte % 8)
      load(damaged)
      if byte.isMultiple(of: 8) { load(Array(bytes[..<byte])) }
    }
    load(SamplePlan().bytes)
    return errors
  }

  @Test("every way to refuse a plan is taken, and says field, expectation and finding")
  func paths() throws {
    let errors = Self.errors()
    #expect(errors.count > 1000)
    for error in errors {
      for part in [error.what, error.expected, error.found, error.place, error.advice] {
        #expect(!part.isEmpty, "\(error)")
      }
      #expect(error.kind == .badData && error.place.hasPrefix("x.plan"), "\(error)")
      #expect(error.what == "not a readable plan" || error.place.contains(", field "), "\(error)")
    }
    // Messages that are equal but for their numbers match the same paths.
    let distinct = Dictionary(
      errors.map { ("\($0.what)\n\($0.expected)".filter { !$0.isNumber }, $0) }
    ) { first, _ in first }
    let paths = try RejectionPath.all()
    #expect(paths.count > 60, "the sources are read as they are written")
    for path in paths {
      let isTaken = try distinct.values.contains { try path.matches($0) }
      #expect(isTaken, "nothing was refused at \(path)")
    }
  }
}
