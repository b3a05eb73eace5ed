import Glibc
import Testing

/// Reads a whole file with the C library, not with the reader under test.
func readFile(_ path: String) throws -> [UInt8] {
  let file = try #require(fopen(path, "rb"), "\(path) opens")
  defer { fclose(file) }
  var bytes: [UInt8] = []
  var chunk = [UInt8](repeating: 0, count: 1 << 16)
  while true {
    let got = fread(&chunk, 1, chunk.count, file)
    if got == 0 { return bytes }
    bytes += chunk[..<got]
  }
}

func writeFile(_ path: String, _ bytes: [UInt8]) throws {
  let file = try #require(fopen(path, "wb"), "\(path) opens")
  defer { fclose(file) }
  try #require(fwrite(bytes, 1, bytes.count, file) == bytes.count)
}

/// Runs a test in a folder of its own, which is removed with the files in it.
func withFolder<Result>(_ body: (String) throws -> Result) throws -> Result {
  var template = Array("/tmp/gitc-media-XXXXXX".utf8CString)
  _ = try #require(mkdtemp(&template))
  let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  defer { remove(tree: path) }
  return try body(path)
}

/// Makes a file longer without writing.
func extendFile(_ path: String, to length: Int) throws { try #require(truncate(path, length) == 0) }

func makeFolder(_ path: String) throws { try #require(mkdir(path, 0o755) == 0) }

func fileExists(_ path: String) -> Bool { access(path, F_OK) == 0 }

/// The names in a folder, sorted.
func names(in path: String) -> [String] {
  guard let folder = opendir(path) else { return [] }
  defer { closedir(folder) }
  var names: [String] = []
  while let entry = readdir(folder) {
    let name = withUnsafePointer(to: &entry.pointee.d_name) { field in
      field.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
    }
    if name != "." && name != ".." { names.append(name) }
  }
  return names.sorted()
}

private func remove(tree path: String) {
  for name in names(in: path) { remove(tree: path + "/" + name) }
  _ = Glibc.remove(path)
}
