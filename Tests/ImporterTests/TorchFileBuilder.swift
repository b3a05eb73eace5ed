import Foundation

/// Writes archives as `torch.save` does, and others.
struct ZipBuilder {
  /// One entry, and what to lie about.
  struct Entry {
    var name: String
    var bytes: [UInt8]
    var method: UInt16 = 0
    var flags: UInt16 = 0
    /// Where the directory says the entry begins; nil for where it does.
    var offset: Int?
    /// How long the directory says it is; nil for how long it is.
    var size: Int?
  }

  var entries: [Entry]
  /// Sizes and offsets in the 64-bit extra fields and records.
  var isLarge = false
  var comment: [UInt8] = []

  var bytes: [UInt8] {
    var file: [UInt8] = []
    var directory: [UInt8] = []
    for entry in entries {
      let start = file.count
      file += word(0x0403_4b50) + half(20) + half(entry.flags) + half(entry.method) + word(0)
      file += word(0) + word(entry.bytes.count) + word(entry.bytes.count)
      // Room in the extra field, as PyTorch leaves it for alignment.
      file += half(UInt16(entry.name.utf8.count)) + half(6) + Array(entry.name.utf8)
      file += Array("FB".utf8) + half(2) + [0, 0] + entry.bytes

      let (offset, size) = (entry.offset ?? start, entry.size ?? entry.bytes.count)
      let extra = isLarge ? half(1) + half(24) + long(size) + long(size) + long(offset) : []
      directory += word(0x0201_4b50) + half(20) + half(20) + half(entry.flags)
      directory += half(entry.method) + word(0) + word(0)
      directory += isLarge ? word(-1) + word(-1) : word(size) + word(size)
      directory += half(UInt16(entry.name.utf8.count)) + half(UInt16(extra.count)) + half(0)
      directory += half(0) + half(0) + word(0) + word(isLarge ? -1 : offset)
      directory += Array(entry.name.utf8) + extra
    }
    let start = file.count
    file += directory
    if isLarge {
      let record = file.count
      file += word(0x0606_4b50) + long(44) + half(45) + half(45) + word(0) + word(0)
      file += long(entries.count) + long(entries.count) + long(directory.count) + long(start)
      file += word(0x0706_4b50) + word(0) + long(record) + word(1)
    }
    let count = isLarge ? UInt16.max : UInt16(entries.count)
    file += word(0x0605_4b50) + half(0) + half(0) + half(count) + half(count)
    file += isLarge ? word(-1) + word(-1) : word(directory.count) + word(start)
    return file + half(UInt16(comment.count)) + comment
  }

  private func half(_ value: UInt16) -> [UInt8] { [UInt8(value & 255), UInt8(value >> 8)] }
  private func word(_ value: Int) -> [UInt8] { Array(long(value).prefix(4)) }
  private func long(_ value: Int) -> [UInt8] { (0..<8).map { UInt8(value >> (8 * $0) & 255) } }
}

/// Opcodes of pickles, one by one.
enum Pickle {
  static func global(_ module: String, _ name: String) -> [UInt8] {
    Array("c\(module)\n\(name)\n".utf8)
  }

  static func text(_ text: String) -> [UInt8] {
    let count = text.utf8.count
    return [0x58] + (0..<4).map { UInt8(count >> (8 * $0) & 255) } + Array(text.utf8)
  }

  static func integer(_ value: Int) -> [UInt8] {
    [0x8a, 8] + (0..<8).map { UInt8(value >> (8 * $0) & 255) }
  }

  static func tuple(_ values: [UInt8]...) -> [UInt8] {
    Array("(".utf8) + values.joined() + Array("t".utf8)
  }

  /// `_rebuild_tensor_v2(storage, offset, shape, strides, False, OrderedDict())`.
  static func tensor(
    _ key: String, count: Int, offset: Int = 0, shape: [Int], strides: [Int],
    type: String = "FloatStorage"
  ) -> [UInt8] {
    let storage =
      tuple(text("storage"), global("torch", type), text(key), text("cpu"), integer(count))
      + Array("Q".utf8)
    func list(_ values: [Int]) -> [UInt8] {
      Array("(".utf8) + values.flatMap { integer($0) } + Array("t".utf8)
    }
    let hooks = global("collections", "OrderedDict") + Array(")R".utf8)
    return global("torch._utils", "_rebuild_tensor_v2")
      + tuple(storage, integer(offset), list(shape), list(strides), [0x89], hooks)
      + Array("R".utf8)
  }

  /// `{'model': {name: value, …}}`, whole.
  static func file(_ members: [(name: String, value: [UInt8])]) -> [UInt8] {
    let dict =
      Array("}(".utf8) + members.flatMap { text($0.name) + $0.value } + Array("u".utf8)
    return [0x80, 2] + Array("}(".utf8) + text("model") + dict + Array("u.".utf8)
  }
}
