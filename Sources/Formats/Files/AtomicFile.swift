package import Diagnostics
import Glibc

/// Replaces files as a whole: whoever opens the path finds the old contents or the new ones.
package enum AtomicFile {
  /// Writes a file under a temporary name beside `path`, syncs it, and renames it to `path`.
  ///
  /// Where `path` is a symbolic link, the file it leads to is replaced and the link stays. A killed
  /// process can leave `.<name>.<process>-<number>.tmp` behind; nothing reads such a file.
  ///
  /// - Parameter body: writes the contents. When it throws, the temporary file is removed and
  ///   `path` is as before.
  /// - Throws: what `body` throws; `.noInput` where the folder is missing; `.io` where `path` is no
  ///   regular file, or where the system refuses.
  package static func write(
    to path: String, _ body: (inout FileWriter) throws(InputError) -> Void
  ) throws(InputError) {
    let target = try resolved(path)
    let unique = "\(getpid())-\(UInt32.random(in: .min ... .max))"
    let temporary = "\(target.folder)/.\(target.name).\(unique).tmp"
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw refused("cannot create a file beside the target", path) }
    do throws(InputError) {
      defer { close(descriptor) }
      var writer = FileWriter(descriptor: descriptor, path: path)
      try body(&writer)
      try writer.flush()
      guard fsync(descriptor) == 0 else { throw refused("cannot sync the file", path) }
    } catch {
      unlink(temporary)
      throw error
    }
    guard rename(temporary, "\(target.folder)/\(target.name)") == 0 else {
      let error = refused("cannot rename the finished file", path)
      unlink(temporary)
      throw error
    }
    // The new name itself reaches the disk with the folder. Some file systems refuse to sync one;
    // the contents are safe by now, so that is no failure of the write.
    let folder = open(target.folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    if folder >= 0 {
      fsync(folder)
      close(folder)
    }
  }

  /// Where the file really is, links followed.
  private static func resolved(
    _ path: String
  ) throws(InputError) -> (folder: String, name: String) {
    var full = path
    if let real = realpath(path, nil) {
      defer { free(real) }
      full = String(cString: real)
      var status = stat()
      guard stat(full, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
        throw InputError(
          .io, "cannot replace the output", expected: "a new name or a regular file",
          found: "a folder, device or pipe", in: path, advice: "choose another output path")
      }
    }
    guard let slash = full.utf8.lastIndex(of: UInt8(ascii: "/")) else { return (".", full) }
    let name = String(full[full.utf8.index(after: slash)...])
    guard !name.isEmpty else {
      throw InputError(
        .io, "cannot write the output", expected: "the path of a file", found: "a folder's path",
        in: path, advice: "add a file name")
    }
    return (slash == full.startIndex ? "/" : String(full[..<slash]), name)
  }

  private static func refused(_ what: String, _ path: String) -> InputError {
    .system(
      what, code: errno, expected: "a folder that can be written to", path: path,
      advice: "check that the folder exists and its permissions")
  }
}
