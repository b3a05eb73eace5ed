import Diagnostics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// What goes to the user's terminal or pipe: results to stdout, everything else to stderr.
enum StandardStreams {
  /// Whether somebody looks at stderr; progress is shown only then.
  static var showsProgress: Bool { isatty(STDERR_FILENO) == 1 }

  /// Writes a line of the result.
  ///
  /// - Throws: `.io` where the system refuses, such as a full disk; `print` would not say so.
  static func result(_ line: String) throws(InputError) { try result(piece: line + "\n") }

  /// Writes text with its own line ends to stdout.
  ///
  /// - Throws: as ``result(_:)``.
  static func result(piece: String) throws(InputError) {
    let problem = write(piece, to: STDOUT_FILENO)
    guard problem == 0 else {
      throw InputError(
        .io, "cannot write the result", expected: "a stdout that takes it",
        found: String(cString: strerror(problem)), in: "stdout",
        advice: "check the disk or the program that reads it")
    }
  }

  /// Writes a line to stderr; there is nobody to tell when that fails.
  static func note(_ line: String) { _ = write(line + "\n", to: STDERR_FILENO) }

  /// Writes text with its own line ends and controls to stderr.
  static func put(_ text: String) { _ = write(text, to: STDERR_FILENO) }

  /// Says how much is done, over the line that the last call wrote; nothing where nobody looks.
  static func progress(_ done: Int, of total: Int, _ what: String) {
    if !showsProgress { return }
    put("\r\u{1b}[K\(done) of \(total) \(what)" + (done == total ? "\n" : ""))
  }

  /// Writes all of the text and returns 0, or the error number.
  private static func write(_ text: String, to descriptor: Int32) -> Int32 {
    var text = text
    return text.withUTF8 { bytes in
      var rest = bytes[...]
      while !rest.isEmpty {
        let part = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(bytes)[rest.indices])
        #if canImport(Glibc)
          let written = Glibc.write(descriptor, part.baseAddress, part.count)
        #elseif canImport(Darwin)
          let written = Darwin.write(descriptor, part.baseAddress, part.count)
        #endif
        if written >= 0 {
          rest = rest.dropFirst(written)
        } else if errno != EINTR {
          return errno
        }
      }
      return 0
    }
  }
}
