package import Diagnostics
import Glibc

/// A file being written under a temporary name beside its target, until ``commit()`` renames it.
///
/// Whoever opens the target finds the old contents or the new ones. Where the target is a symbolic
/// link, the file it leads to is replaced and the link stays. Without a commit the target is as
/// before and the temporary file is removed; only a killed process can leave one,
/// `.<name>.<process>-<number>.tmp`, and nothing reads such a file.
package struct StagedFile: ~Copyable {
  /// Appends the contents.
  package var writer: FileWriter

  private let descriptor: Int32
  private let path: String
  private let temporary: String
  private let target: String
  private let folder: String
  private var isSynced = false
  private var isCommitted = false

  /// Creates the temporary file.
  ///
  /// - Throws: `.noInput` where the folder is missing; `.io` where `path` is no regular file, or
  ///   where the system refuses.
  package init(for path: String) throws(InputError) {
    let (folder, name) = try Self.resolved(path)
    let unique = "\(getpid())-\(UInt32.random(in: .min ... .max))"
    let temporary = "\(folder)/.\(name).\(unique).tmp"
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else {
      throw Self.refused("cannot create a file beside the target", path)
    }
    self.descriptor = descriptor
    self.path = path
    self.temporary = temporary
    self.folder = folder
    target = "\(folder)/\(name)"
    writer = FileWriter(descriptor: descriptor, path: path)
  }

  deinit {
    close(descriptor)
    if !isCommitted { unlink(temporary) }
  }

  /// Brings what was written to the disk, still under the temporary name.
  ///
  /// Several files that belong together are all synced before the first is committed, so that a
  /// full disk changes none of them.
  /// - Throws: `.io`, for a full disk for example.
  package mutating func sync() throws(InputError) {
    try writer.flush()
    guard fsync(descriptor) == 0 else { throw Self.refused("cannot sync the file", path) }
    isSynced = true
  }

  /// Replaces the target; call it once, and write nothing after it or after ``sync()``.
  /// - Throws: `.io` where the system refuses; the target is then as before.
  package mutating func commit() throws(InputError) {
    precondition(!isCommitted, "a staged file is committed once")
    if !isSynced { try sync() }
    guard rename(temporary, target) == 0 else {
      throw Self.refused("cannot rename the finished file", path)
    }
    isCommitted = true
    // The new name itself reaches the disk with the folder. Some file systems refuse to sync one;
    // the contents are safe by now, so that is no failure of the write.
    let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    if descriptor >= 0 {
      fsync(descriptor)
      close(descriptor)
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
