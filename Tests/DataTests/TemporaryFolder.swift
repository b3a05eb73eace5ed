import FoundationEssentials
import Glibc

/// A folder for one test, removed with everything in it.
final class TemporaryFolder {
  let path: String

  init() throws {
    path = FileManager.default.temporaryDirectory.appending(path: "gitc-\(UUID())").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit {
    chmod(path, 0o755)
    try? FileManager.default.removeItem(atPath: path)
  }

  subscript(name: String) -> String { "\(path)/\(name)" }

  var names: [String] {
    get throws { try FileManager.default.contentsOfDirectory(atPath: path).sorted() }
  }

  func write(_ text: String, _ name: String) throws { try write(Array(text.utf8), name) }

  func write(_ bytes: [UInt8], _ name: String) throws {
    try FoundationEssentials.Data(bytes).write(to: URL(filePath: self[name]))
  }

  func bytes(_ name: String) throws -> [UInt8] {
    Array(try FoundationEssentials.Data(contentsOf: URL(filePath: self[name])))
  }

  func text(_ name: String) throws -> String { String(decoding: try bytes(name), as: UTF8.self) }

  /// Writes 8-byte little-endian offsets.
  func writeIndex(_ offsets: [Int], _ name: String) throws {
    try write(offsets.flatMap { offset in (0..<8).map { UInt8(offset >> (8 * $0) & 255) } }, name)
  }

  func index(_ name: String) throws -> [Int] {
    let bytes = try bytes(name)
    return stride(from: 0, to: bytes.count, by: 8).map { start in
      (0..<8).reduce(0) { $0 | Int(bytes[start + $1]) << (8 * $1) }
    }
  }
}
