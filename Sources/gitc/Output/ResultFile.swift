import Diagnostics
import Formats

/// Where a command's result goes: stdout, or a file that appears whole or not at all.
enum ResultFile {
  /// Writes a piece of the result.
  typealias Put = (String) throws(InputError) -> Void

  /// Writes a whole file.
  static func write(_ text: String, to path: String) throws(InputError) {
    try AtomicFile.write(to: path) { file throws(InputError) in
      try file.write(Array(text.utf8))
    }
  }

  /// Gives `body` what writes to `path`, or to stdout.
  static func write(
    to path: String?, _ body: (_ put: Put) throws(InputError) -> Void
  ) throws(InputError) {
    guard let path else { return try body(StandardStreams.result(piece:)) }
    try AtomicFile.write(to: path) { file throws(InputError) in
      try body { (text) throws(InputError) in try file.write(Array(text.utf8)) }
    }
  }
}
