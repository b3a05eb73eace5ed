import Diagnostics
import Formats
import Foundation
import Testing

@Suite("Files")
struct FileTests {
  @Test("a mapping shows the file's bytes, and none of an empty file")
  func mapping() throws {
    let folder = try TemporaryFolder()
    let bytes = (0..<10000).map { UInt8(truncatingIfNeeded: $0 * 7) }
    try folder.write(bytes, to: "a")
    try folder.write([], to: "b")
    let mapping = try FileMapping(path: folder.path("a"))
    #expect(mapping.bytes.elementsEqual(bytes))
    let empty = try FileMapping(path: folder.path("b"))
    #expect(empty.byteCount == 0)
    #expect(empty.bytes.isEmpty)
    extendLifetime(mapping)
  }

  @Test("what cannot be mapped says whether it is missing", arguments: ["none", "folder", "pipe"])
  func missing(_ name: String) throws {
    let folder = try TemporaryFolder()
    try FileManager.default.createDirectory(
      atPath: folder.path("folder"), withIntermediateDirectories: false)
    mkfifo(folder.path("pipe"), 0o600)
    let error = #expect(throws: InputError.self) { try FileMapping(path: folder.path(name)) }
    #expect(error?.kind == .noInput)
    #expect(error?.place == folder.path(name))
  }

  @Test("a file is replaced as a whole, and nothing else is left")
  func atomic() throws {
    let folder = try TemporaryFolder()
    try folder.write([1, 2, 3], to: "a")
    let block = [UInt8](repeating: 9, count: 3 << 20)
    try AtomicFile.write(to: folder.path("a")) { (file) throws(InputError) in
      try file.write([4, 5] as [UInt8])
      try file.write([0x0706_0504] as [UInt32])
      try file.pad(toMultipleOf: 16)
      try file.write(block)
      try file.writeZeros(70000)
      #expect(file.position == 16 + block.count + 70000)
    }
    let expected =
      [4, 5, 4, 5, 6, 7] + [UInt8](repeating: 0, count: 10) + block
      + [UInt8](repeating: 0, count: 70000)
    #expect(try folder.read("a") == expected)
    #expect(try folder.names() == ["a"])
  }

  @Test("an error while writing leaves the old file and no other")
  func failedWrite() throws {
    let folder = try TemporaryFolder()
    try folder.write([1, 2, 3], to: "a")
    let failure = InputError(
      .badData, "stop", expected: "x", found: "y", in: "z", advice: "none")
    let error = #expect(throws: InputError.self) {
      try AtomicFile.write(to: folder.path("a")) { (file) throws(InputError) in
        try file.write([UInt8](repeating: 0, count: 2 << 20))
        throw failure
      }
    }
    #expect(error == failure)
    #expect(try folder.read("a") == [1, 2, 3])
    #expect(try folder.names() == ["a"])
  }

  @Test("a link is followed, so what it leads to is replaced")
  func link() throws {
    let folder = try TemporaryFolder()
    try folder.write([1], to: "real")
    try FileManager.default.createSymbolicLink(
      atPath: folder.path("link"), withDestinationPath: "real")
    try AtomicFile.write(to: folder.path("link")) { (file) throws(InputError) in
      try file.write([2] as [UInt8])
    }
    #expect(try folder.read("real") == [2])
    #expect(try folder.names() == ["link", "real"])
  }

  @Test("targets that are no file are refused", arguments: ["missing/a", "folder", "new/"])
  func refusals(_ name: String) throws {
    let folder = try TemporaryFolder()
    try FileManager.default.createDirectory(
      atPath: folder.path("folder"), withIntermediateDirectories: false)
    let path = folder.path("x").dropLast() + name
    #expect(throws: InputError.self) {
      try AtomicFile.write(to: String(path)) { (_) throws(InputError) in
        Issue.record("the body ran")
      }
    }
    #expect(try folder.names() == ["folder"])
  }

  @Test("devices are never replaced")
  func device() {
    #expect(throws: InputError.self) {
      try AtomicFile.write(to: "/dev/null") { (_) throws(InputError) in }
    }
  }
}
