import Diagnostics
import Formats
import FoundationEssentials

/// A folder somebody else filled.
struct SourceFolder {
  let path: String

  /// The longest text file that is read; tokenizers have 0.7 MB.
  private static let textLimit = 64 << 20

  func path(_ name: String) -> String { path.hasSuffix("/") ? path + name : "\(path)/\(name)" }

  func has(_ name: String) -> Bool { FileManager.default.fileExists(atPath: path(name)) }

  /// The bytes of a file.
  ///
  /// - Throws: `.noInput` or `.io` where it cannot be read; `.badData` where it is too long.
  func bytes(_ name: String) throws(InputError) -> [UInt8] {
    let file = try FileMapping(path: path(name))
    guard file.byteCount <= Self.textLimit else {
      throw InputError(
        .badData, "the file is too long", expected: "at most \(Self.textLimit) bytes",
        found: "\(file.byteCount)", in: path(name), advice: "check that this is the right file")
    }
    defer { extendLifetime(file) }
    return [UInt8](file.bytes)
  }
}
