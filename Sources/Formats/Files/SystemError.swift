import Diagnostics
import Glibc

extension InputError {
  /// What the system refused, in the system's words.
  ///
  /// `code` is `errno` right after the call that failed. A path that leads nowhere gives kind
  /// `.noInput`, everything else `.io`.
  static func system(
    _ what: String, code: Int32, expected: String, path: String, advice: String
  ) -> InputError {
    let missing = code == ENOENT || code == ENOTDIR
    let words = strerror(code).map { String(cString: $0) } ?? "error \(code)"
    return InputError(
      missing ? .noInput : .io, what, expected: expected, found: "\"\(words)\"", in: path,
      advice: advice)
  }
}
