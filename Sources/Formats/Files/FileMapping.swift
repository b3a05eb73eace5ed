package import Diagnostics
import Glibc

/// A whole file as read-only memory, for as long as this object lives.
///
/// Pages are read when touched, and shared by every process that maps the file. Files are replaced
/// by renaming (see ``AtomicFile``), which leaves a mapping of the old one intact; a file that
/// another program shortens in place while it is mapped ends this process with SIGBUS, as with any
/// mapping.
package final class FileMapping: Sendable {
  // Never written through, set once, unmapped by deinit alone.
  nonisolated(unsafe) private let base: UnsafeMutableRawPointer?
  /// The file's length.
  package let byteCount: Int
  /// The path it was opened by.
  package let path: String

  /// Maps the file.
  ///
  /// An empty file gives no bytes, and is no error.
  /// - Throws: `.noInput` where the path leads to no regular file; `.io` where the system refuses.
  package init(path: String) throws(InputError) {
    // Without O_NONBLOCK, opening a named pipe would wait for its writer.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
      throw .system(
        "cannot open the file", code: errno, expected: "a readable file", path: path,
        advice: "check the path and its permissions")
    }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      throw .system(
        "cannot examine the file", code: errno, expected: "a readable file", path: path,
        advice: "check the file system")
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw InputError(
        .noInput, "cannot read this path", expected: "a regular file",
        found: status.st_mode & S_IFMT == S_IFDIR ? "a folder" : "a device or pipe", in: path,
        advice: "give the path of a file")
    }
    self.path = path
    byteCount = Int(status.st_size)
    guard byteCount > 0 else {
      base = nil
      return
    }
    guard let address = mmap(nil, byteCount, PROT_READ, MAP_PRIVATE, descriptor, 0),
      address != MAP_FAILED
    else {
      throw .system(
        "cannot map the file", code: errno, expected: "\(byteCount) bytes of address space",
        path: path, advice: "free memory or raise the limit (ulimit -v)")
    }
    base = address
  }

  deinit {
    if let base { munmap(base, byteCount) }
  }

  /// The file's bytes, from a page boundary on.
  ///
  /// Valid while this object lives: whoever keeps the pointer keeps the object, and a function that
  /// does not use the object afterwards says `extendLifetime`.
  package var bytes: UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: base, count: byteCount)
  }
}
