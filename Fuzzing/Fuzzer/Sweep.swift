import Formats
import Glibc

/// Every truncation and every flipped bit of a file, in order: the same inputs every time.
enum Sweep {
  /// Larger files are cut and flipped at some of their bytes, evenly spread.
  private static let wholeBytes = 2048
  private static let positions = 256

  private static let lineLength = 256

  /// Where stderr is a file, its first line says what is being tried.
  static func run(_ target: Target, _ path: String) {
    let bytes = Fuzzer.bytes(of: path)
    var executions = 0
    // Reports come behind it.
    if lseek(STDERR_FILENO, 0, SEEK_CUR) == 0 {
      _ = write(STDERR_FILENO, [UInt8](repeating: 10, count: lineLength), lineLength)
    }
    func attempt(_ what: String, _ input: [UInt8]) {
      let line = Array("\(target.rawValue) \(path): \(what)        \n".utf8.prefix(lineLength))
      _ = pwrite(STDERR_FILENO, line, line.count, 0)
      input.withUnsafeBytes { target.run($0) }
      executions += 1
    }
    attempt("whole", bytes)
    let step = bytes.count > wholeBytes ? bytes.count / positions : 1
    for position in stride(from: 0, to: bytes.count, by: step) {
      attempt("cut at byte \(position)", Array(bytes[..<position]))
      for bit in 0..<8 {
        var damaged = bytes
        damaged[position] ^= 1 << UInt8(bit)
        attempt("bit \(bit) of byte \(position) flipped", damaged)
      }
    }
    Fuzzer.say("\(target.rawValue) \(path) \(executions)")
  }
}

extension Fuzzer {
  /// The contents of a file of the repository.
  static func bytes(of path: String) -> [UInt8] {
    do {
      let file = try FileMapping(path: path)
      return withExtendedLifetime(file) { Array(file.bytes) }
    } catch { stop("\(error)") }
  }
}
