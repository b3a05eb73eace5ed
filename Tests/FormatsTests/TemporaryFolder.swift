import Foundation

/// A folder of its own for one test, removed with this object.
final class TemporaryFolder {
  private let url: URL

  init() throws {
    url = FileManager.default.temporaryDirectory.appending(path: "gitc-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  deinit {
    do { try FileManager.default.removeItem(at: url) } catch { print("left behind: \(error)") }
  }

  func path(_ name: String) -> String { url.appending(path: name).path }

  /// The names of everything in the folder, hidden files included, sorted.
  func names() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: url.path).sorted()
  }

  func write(_ bytes: [UInt8], to name: String) throws {
    try Data(bytes).write(to: url.appending(path: name))
  }

  func read(_ name: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: url.appending(path: name)))
  }
}

/// The protobuf compiler, where it is installed, as a second reader of our files.
enum Protoc {
  private static let path = [
    "/usr/bin/protoc", "/usr/local/bin/protoc", "/opt/homebrew/bin/protoc",
  ]
  .first { FileManager.default.isExecutableFile(atPath: $0) }

  static var isInstalled: Bool { path != nil }

  /// The text form of a message; throws where protoc cannot read it.
  static func decode(_ message: String, _ file: String) throws -> String {
    let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..")
    let process = Process()
    process.executableURL = URL(filePath: path ?? "protoc")
    process.currentDirectoryURL = root
    process.arguments = ["--decode", message, "-I", "formats", "formats/plan.proto"]
    process.standardInput = try FileHandle(forReadingFrom: URL(filePath: file))
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      throw CocoaError(.fileReadCorruptFile, userInfo: ["status": process.terminationStatus])
    }
    return String(decoding: data, as: UTF8.self)
  }
}
