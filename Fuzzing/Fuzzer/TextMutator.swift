/// Changes the text form of graphs line by line and word by word, so that most of it still parses.
enum TextMutator {
  private static let notable = [
    "0", "1", "-1", "2", "3", "16", "4096", "1099511627776", "1099511627777", "0.5", "-inf", "nan",
    "1e-05", "f32", "i32", "u8", "s8", "%", "0", "[", "]", "{", "}", ",", "*", "+", "\"", "B", "T",
  ].map { Array($0.utf8) }

  /// One to three changes; nil now and then, and where `bytes` are none.
  static func change(_ bytes: [UInt8], _ random: inout Random) -> [UInt8]? {
    guard !bytes.isEmpty, random.below(6) > 0 else { return nil }
    var lines = bytes.split(separator: UInt8(ascii: "\n")).map { Array($0) }
    for _ in 0...random.below(3) where !lines.isEmpty {
      let index = random.below(lines.count)
      switch random.below(8) {
      case 0: lines.insert(lines[index], at: random.below(lines.count + 1))
      case 1: lines.remove(at: index)
      case 2: lines.swapAt(index, random.below(lines.count))
      default: lines[index] = changed(lines[index], lines, &random)
      }
    }
    return Array(lines.joined(separator: [UInt8(ascii: "\n")])) + [UInt8(ascii: "\n")]
  }

  /// The line with one word taken out, doubled, or replaced by one from anywhere.
  private static func changed(
    _ line: [UInt8], _ lines: [[UInt8]], _ random: inout Random
  ) -> [UInt8] {
    var words = words(line)
    guard !words.isEmpty else { return notable[random.below(notable.count)] }
    let index = random.below(words.count)
    switch random.below(6) {
    case 0: words.remove(at: index)
    case 1: words.insert(words[index], at: index)
    case 2, 3: words[index] = notable[random.below(notable.count)][...]
    default:
      let others = self.words(lines[random.below(lines.count)])
      if !others.isEmpty { words[index] = others[random.below(others.count)] }
    }
    return Array(words.joined())
  }

  /// Runs of letters, digits, dots and underscores, and every other byte by itself.
  private static func words(_ line: [UInt8]) -> [ArraySlice<UInt8>] {
    func isLetter(_ byte: UInt8) -> Bool {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"):
        true
      default: false
      }
    }
    var words: [ArraySlice<UInt8>] = []
    var start = 0
    while start < line.count {
      let end =
        isLetter(line[start])
        ? line[start...].firstIndex { !isLetter($0) } ?? line.count : start + 1
      words.append(line[start..<end])
      start = end
    }
    return words
  }
}
