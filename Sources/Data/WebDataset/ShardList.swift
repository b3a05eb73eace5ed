package import Diagnostics
import Glibc

/// The tar shards that a path names: one, a list as shells expand it, or a folder of them.
///
/// `{00000..00331}` counts, with zeros as written; `{a,b}` lists; `*`, `?` and `[…]` match names.
package enum ShardList {
  /// The shards in order; nil where the path is about something else.
  ///
  /// - Throws: `.noInput` where a pattern matches nothing.
  package static func paths(_ path: String) throws(InputError) -> [String]? {
    guard path.hasSuffix(".tar") else {
      let names = (Folder.names(path) ?? []).filter { $0.hasSuffix(".tar") }
      return names.isEmpty ? nil : names.map { "\(path)/\($0)" }
    }
    var paths: [String] = []
    for pattern in try braces(path, whole: path) {
      let isPattern = pattern.contains { "*?[".contains($0) }
      let found = isPattern ? matches(pattern) : [pattern]
      guard !found.isEmpty else {
        throw InputError(
          .noInput, "no shard has such a name", expected: "at least one file", found: "none",
          in: pattern, advice: "check the pattern, and quote it so that the shell leaves it alone")
      }
      paths += found
    }
    return paths
  }

  /// The most shards of one list.
  static let maximumCount = 1_000_000

  /// Expands the first brace, then the rest of each result.
  private static func braces(_ text: String, whole: String) throws(InputError) -> [String] {
    guard let open = text.firstIndex(of: "{"), let close = text[open...].firstIndex(of: "}") else {
      return [text]
    }
    let inside = text[text.index(after: open)..<close]
    var choices = inside.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    if let dots = inside.firstRange(of: "..") {
      let (first, last) = (inside[..<dots.lowerBound], inside[dots.upperBound...])
      guard let from = Int(first), let to = Int(last), from >= 0, from <= to,
        to - from < maximumCount
      else {
        throw InputError(
          .usage, "a list of shards cannot be read", expected: "{first..last}, two whole numbers",
          found: "{\(inside)}", in: whole, advice: "write for example {00000..00331}.tar")
      }
      choices = (from...to).map { number in
        let digits = String(number)
        return String(repeating: "0", count: max(0, first.count - digits.count)) + digits
      }
    }
    var texts: [String] = []
    for choice in choices {
      texts += try braces(text[..<open] + choice + text[text.index(after: close)...], whole: whole)
    }
    return texts
  }

  /// The files that a pattern matches, in the order of their names.
  private static func matches(_ pattern: String) -> [String] {
    var found = glob_t()
    defer { globfree(&found) }
    guard glob(pattern, 0, nil, &found) == 0 else { return [] }
    return (0..<Int(found.gl_pathc)).compactMap { index in
      found.gl_pathv[index].map { String(cString: $0) }
    }
  }
}
