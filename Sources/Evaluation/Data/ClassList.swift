package import Diagnostics
import Formats

/// Class names in a file: one per line.
package enum ClassList {
  /// Reads the names, in order; blank lines and spaces around names do not count.
  ///
  /// - Throws: `.noInput` or `.io` where the file cannot be read; `.badData` when it is not UTF-8, has
  ///   no name, or one twice.
  package static func read(path: String) throws(InputError) -> [String] {
    let file = try FileMapping(path: path)
    defer { extendLifetime(file) }
    func refused(_ what: String, _ expected: String, _ found: String) -> InputError {
      InputError(
        .badData, what, expected: expected, found: found, in: path,
        advice: "write one class name per line")
    }
    guard let text = String(validating: file.bytes, as: UTF8.self) else {
      throw refused("the classes are no text", "UTF-8", "other bytes")
    }
    let names = text.split(whereSeparator: \.isNewline).map { line in
      String(line.drop { $0.isWhitespace }.reversed().drop { $0.isWhitespace }.reversed())
    }.filter { !$0.isEmpty }
    guard !names.isEmpty else { throw refused("there are no classes", "at least one", "none") }
    var seen: Set<String> = []
    for name in names where !seen.insert(name).inserted {
      throw refused("a class is there twice", "names that differ", "'\(name)'")
    }
    return names
  }
}
