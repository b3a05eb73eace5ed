import Diagnostics
import Formats

/// The lines of a text file.
enum TextLines {
  /// - Throws: as `FileMapping`; `.badData` where it is not UTF-8.
  static func read(_ path: String) throws(InputError) -> [Substring] {
    let file = try FileMapping(path: path)
    guard let text = String(validating: file.bytes, as: UTF8.self) else {
      throw InputError(
        .badData, "the file is not text", expected: "UTF-8", found: "other bytes", in: path,
        advice: "write the file as UTF-8")
    }
    return text.split(omittingEmptySubsequences: false) { $0.isNewline }
  }
}
