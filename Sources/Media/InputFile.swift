#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif
import Diagnostics

/// Files and folders from outside, with errors a user can act on.
enum InputFile {
  enum Kind { case file, folder }

  /// Whether `path` is a file or a folder; anything that is not a folder counts as a file.
  static func kind(path: String) throws(InputError) -> Kind {
    var status = stat()
    guard stat(path, &status) == 0 else { throw failure(errno, "the input", path) }
    return status.st_mode & S_IFMT == S_IFDIR ? .folder : .file
  }

  /// The first `limit` bytes of a file, or all of them.
  static func read(path: String, limit: Int = .max) throws(InputError) -> [UInt8] {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { throw failure(errno, "the input", path) }
    defer { close(file) }
    var status = stat()
    guard fstat(file, &status) == 0 else { throw failure(errno, "the input", path) }
    var bytes: [UInt8] = []
    // A regular file says how long it is; one byte more finds its end without growing the array.
    var chunk = min(limit, max(4096, status.st_size == .max ? 4096 : Int(status.st_size) + 1))
    while bytes.count < limit {
      let want = min(chunk, limit - bytes.count)
      var got = 0
      let piece = [UInt8](unsafeUninitializedCapacity: want) { target, count in
        got = Self.read(file, into: target)
        count = max(got, 0)
      }
      if got < 0 { throw failure(errno, "the input", path) }
      if got == 0 { break }
      if bytes.isEmpty { bytes = piece } else { bytes += piece }
      chunk = 1 << 20
    }
    return bytes
  }

  private static func read(_ file: CInt, into target: UnsafeMutableBufferPointer<UInt8>) -> Int {
    while true {
      #if canImport(Glibc)
        let got = Glibc.read(file, target.baseAddress, target.count)
      #else
        let got = Darwin.read(file, target.baseAddress, target.count)
      #endif
      if got >= 0 || errno != EINTR { return got }
    }
  }

  /// The names in a folder, without hidden ones, in no particular order.
  static func names(inFolder path: String) throws(InputError) -> [String] {
    guard let folder = opendir(path) else { throw failure(errno, "the folder", path) }
    defer { closedir(folder) }
    var names: [String] = []
    while let entry = readdir(folder) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { field in
        field.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if !name.hasPrefix(".") { names.append(name) }
    }
    return names
  }

  /// The error for a system call that failed with `code` on `path`.
  static func failure(_ code: CInt, _ what: String, _ path: String) -> InputError {
    let missing = code == ENOENT || code == ENOTDIR
    return InputError(
      missing ? .noInput : .io, "\(what) cannot be read", expected: "a readable file or folder",
      found: String(cString: strerror(code)), in: path,
      advice: missing ? "check the path" : "check its permissions and the disk")
  }
}
