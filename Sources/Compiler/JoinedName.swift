/// Names for parameters made of several.
enum JoinedName {
  /// The most parts that are spelled out: a plan's names are short.
  private static let limit = 8

  /// The names with what they share written once, in the middle of dots what differs:
  /// `self.query.weight` and `self.key.weight` give `self.{query,key}.weight`.
  ///
  /// Different lists can give equal names: the caller tells them apart.
  static func of(_ names: [String]) -> String {
    guard names.count > 1 else { return names.joined() }
    let parts = names.map { $0.split(separator: ".", omittingEmptySubsequences: false) }
    // Something must be left between the braces of the shortest name.
    let sharable = (parts.map(\.count).min() ?? 1) - 1
    func isShared(_ part: ([Substring]) -> Substring) -> Bool { Set(parts.map(part)).count == 1 }
    let front = (0..<sharable).prefix { index in isShared { $0[index] } }.count
    let back = (0..<sharable - front).prefix { index in isShared { $0[$0.count - 1 - index] } }
      .count

    var middles = parts.map { $0.dropFirst(front).dropLast(back).joined(separator: ".") }
    if middles.count > limit {
      middles = [middles[0], "...", middles[middles.count - 1]]
    }
    let start = parts[0].prefix(front).map { $0 + "." }.joined()
    let end = parts[0].suffix(back).map { "." + $0 }.joined()
    return start + "{" + middles.joined(separator: ",") + "}" + end
  }
}
