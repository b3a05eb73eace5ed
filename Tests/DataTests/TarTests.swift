import Diagnostics
import FoundationEssentials
import Media
import Testing

@testable import Data

/// Writes tar files as img2dataset's writer does.
enum Tar {
  /// A member with its header, padded to blocks; `kind` is the type flag.
  static func member(
    _ name: String, _ bytes: [UInt8], kind: Character = "0", prefix: String = ""
  ) -> [UInt8] {
    var header = [UInt8](repeating: 0, count: 512)
    func put(_ text: String, at offset: Int) {
      header.replaceSubrange(offset..<(offset + text.utf8.count), with: text.utf8)
    }
    func octal(_ value: Int, _ digits: Int) -> String {
      let text = String(value, radix: 8)
      return String(repeating: "0", count: digits - text.count) + text
    }
    put(name, at: 0)
    put("0000644\0", at: 100)
    put(octal(bytes.count, 11), at: 124)
    header[156] = kind.asciiValue ?? 0
    put("ustar\u{0}00", at: 257)
    put(prefix, at: 345)
    put("        ", at: 148)
    put(octal(header.reduce(0) { $0 + Int($1) }, 6) + "\0 ", at: 148)
    return header + bytes + [UInt8](repeating: 0, count: (512 - bytes.count % 512) % 512)
  }

  static let end = [UInt8](repeating: 0, count: 1024)

  static func member(_ name: String, _ text: String) -> [UInt8] { member(name, Array(text.utf8)) }
}

@Suite("Tar shards") struct TarTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func members(_ archive: [UInt8]) throws -> [(name: String, text: String)] {
    try archive.withUnsafeBytes { bytes in
      var reader = TarReader(bytes, place: "x.tar")
      var found: [(String, String)] = []
      while let member = try reader.next() {
        found.append((member.name, String(decoding: bytes[member.bytes], as: UTF8.self)))
      }
      return found
    }
  }

  @Test("members by ustar's, GNU's and pax's names; folders are passed over")
  func names() throws {
    let long = String(repeating: "long/", count: 40) + "x"
    let record = "path=pax/\(long)\n"
    let length = record.utf8.count + 4
    let archive =
      Tar.member("folder", [], kind: "5") + Tar.member("a.txt", "one")
      + Tar.member("b.txt", Array("two".utf8), prefix: "deep/er")
      + Tar.member("././@LongLink", Array((long + "\0").utf8), kind: "L")
      + Tar.member("cut", "three")
      + Tar.member("pax", Array("\(length) \(record)".utf8), kind: "x") + Tar.member("cut", "four")
      + Tar.member("empty", "") + Tar.end
    let found = try members(archive)
    #expect(found.map(\.name) == ["a.txt", "deep/er/b.txt", long, "pax/\(long)", "empty"])
    #expect(found.map(\.text) == ["one", "two", "three", "four", ""])
    // Without the end that it should have.
    #expect(try members(Array(archive.dropLast(1024))).count == 5)
    #expect(try members([]).isEmpty)
  }

  @Test("every truncation and every flipped bit is read or refused")
  func damage() throws {
    let archive = Tar.member("a.txt", "one") + Tar.member("b.txt", "two") + Tar.end
    for length in stride(from: 0, to: archive.count, by: 37) {
      do {
        #expect(try members(Array(archive.prefix(length))).count <= 2)
      } catch let error as InputError {
        #expect(error.kind == .badData && error.place.hasPrefix("x.tar, byte "))
      }
    }
    for bit in 0..<(8 * 1100) {
      var damaged = archive
      damaged[bit / 8] ^= 1 << (bit % 8)
      do { _ = try members(damaged) } catch is InputError {}
    }
  }

  private func sample(_ key: String, shade: Int, _ caption: String) -> [UInt8] {
    Tar.member("\(key).json", "{\"caption\": \"\(caption)\", \"status\": \"success\"}")
      + Tar.member("\(key).png", Picture.png(shade: shade))
      + Tar.member("\(key).txt", "\(caption)\n")
  }

  @Test("give their samples in order, over several shards")
  func shards() throws {
    try folder.write(
      sample("000000000", shade: 1, "a cat") + sample("000000002", shade: 2, "a dog") + Tar.end,
      "00000.tar")
    try folder.write(
      Tar.member("000010000.jpg.tmp", "x") + Tar.member("000010001.PNG", Picture.png(shade: 3))
        + Tar.member("000010001.json", "{\"caption\": \"from json\"}")
        + Tar.member("000010002.png", Picture.png(shade: 4)) + Tar.member("000010003.txt", "alone"),
      "00001.tar")
    try folder.write("{}", "00000_stats.json")
    for pattern in ["{00000..00001}.tar", "*.tar", "{00000,00001}.tar", ""] {
      let set = try DatasetForm.open(DatasetLocation(path: folder[pattern]))
      #expect(set.count == 3)
      #expect((0..<3).map(set.key) == ["000000000", "000000002", "000010001"])
      #expect((0..<3).map { set.annotations($0)[0].caption } == ["a cat", "a dog", "from json"])
      for row in 0..<3 {
        #expect(try set.images(row, frames: 1) == [Picture.image(shade: row + 1)])
      }
      #expect(set.skipped.count == 2)
      #expect(set.skipped.named.map(\.found) == ["no caption", "no image"])
    }
  }

  @Test("that break off give what came before, and none at all is an error")
  func broken() throws {
    let whole = sample("0", shade: 1, "a") + sample("1", shade: 2, "b")
    try folder.write(Array(whole.prefix(whole.count - 700)), "x.tar")
    let set = try DatasetForm.open(DatasetLocation(path: folder["x.tar"]))
    // The second image is whole, its text is not, its JSON has the caption too.
    #expect((0..<set.count).map { set.annotations($0)[0].caption }.first == "a")
    #expect(set.skipped.count >= 1)
    try folder.write(
      "no tar at all, but long enough to be a header" + String(repeating: "!", count: 600), "y.tar")
    let error = #expect(throws: InputError.self) {
      try DatasetForm.open(DatasetLocation(path: folder["y.tar"]))
    }
    #expect(error?.kind == .badData)
    for (path, kind) in [
      ("z.tar", InputError.Kind.noInput), ("z*.tar", .noInput), ("{2..1}.tar", .usage),
    ] {
      let error = #expect(throws: InputError.self) {
        try DatasetForm.open(DatasetLocation(path: folder[path]))
      }
      #expect(error?.kind == kind)
    }
  }
}
