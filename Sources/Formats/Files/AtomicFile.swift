package import Diagnostics

/// Replaces files as a whole: whoever opens the path finds the old contents or the new ones.
package enum AtomicFile {
  /// Writes a file under a temporary name beside `path`, syncs it, and renames it to `path`.
  ///
  /// - Parameters:
  ///   - path: the file to replace or create; see ``StagedFile``.
  ///   - body: writes the contents. When it throws, `path` is as before.
  /// - Throws: what `body` throws; `.noInput` where the folder is missing; `.io` where `path` is no
  ///   regular file, or where the system refuses.
  package static func write(
    to path: String, _ body: (inout FileWriter) throws(InputError) -> Void
  ) throws(InputError) {
    var file = try StagedFile(for: path)
    try body(&file.writer)
    try file.commit()
  }
}
