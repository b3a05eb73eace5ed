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

  /// The largest file that is read into memory: 2 GiB.
  static let maximumBytes = 1 << 31

  /// The first `count` bytes of a file, or all of them.
  static func head(path: String, count: Int) throws(InputError) -> [UInt8] {
    try bytes(path: path, limit: count, sizeLimit: .max)
  }

  /// All bytes of a file.
  ///
  /// - Throws: `InputError`; `.badData` for more than ``maximumBytes``.
  static func read(path: String) throws(InputError) -> [UInt8] {
    let bytes = try bytes(path: path, limit: maximumBytes + 1, sizeLimit: maximumBytes)
    if bytes.count > maximumBytes { throw tooLarge("more", path) }  // a pipe does not say before
    return bytes
  }

  private static func bytes(
    path: String, limit: Int, sizeLimit: Int
  ) throws(InputError) -> [UInt8] {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { throw failure(errno, "the input", path) }
    defer { close(file) }
    var status = stat()
    guard fstat(file, &status) == 0 else { throw failure(errno, "the input", path) }
    if status.st_size > sizeLimit { throw tooLarge("\(status.st_size) bytes", path) }
    var bytes: [UInt8] = []
    // A regular file says how long it is; one byte more finds its end without growing the array.
    var chunk = max(4096, min(limit - 1, Int(status.st_size)) + 1)
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

  private static func tooLarge(_ found: String, _ path: String) -> InputError {
    InputError(
      .badData, "the input is too large", expected: "at most \(maximumBytes) bytes", found: found,
      in: path, advice: "scale it down or split it")
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
