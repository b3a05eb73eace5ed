package import Diagnostics

/// A safetensors file: named tensors and text, mapped, its header checked.
///
/// - Source: the format's description, github.com/huggingface/safetensors; this reader takes no file
///   that one would not, and of its number types those in ``SafetensorsDType``.
package final class SafetensorsFile: Sendable {
  /// The file, for messages.
  package let place: String
  /// The free text in the header, `__metadata__`.
  package let metadata: [String: String]
  /// Every tensor by name.
  package let tensors: [String: SafetensorsEntry]
  /// The names in the order of the file's data.
  package let names: [String]
  private let storage: ByteStorage

  /// Maps a file and checks its header.
  ///
  /// - Throws: `.noInput` or `.io` where it cannot be read; `.badData` naming the tensor or byte
  ///   that is wrong.
  package convenience init(path: String) throws(InputError) {
    try self.init(.mapping(FileMapping(path: path)), place: path)
  }

  /// Checks a file in memory, copying it; `place` says in messages where it came from.
  ///
  /// - Throws: `.badData` naming the tensor or byte that is wrong.
  package convenience init(bytes: [UInt8], place: String) throws(InputError) {
    try self.init(ByteStorage(copying: bytes), place: place)
  }

  private init(_ storage: ByteStorage, place: String) throws(InputError) {
    let header = try SafetensorsHeader(storage.bytes, place: place)
    self.storage = storage
    self.place = place
    metadata = header.metadata
    tensors = header.entries
    names = header.names
  }

  /// The floats of a tensor of type F32, F16 or BF16, which stay in the file.
  ///
  /// - Throws: `.badData` when there is no such tensor, or it holds integers.
  package func floats(_ name: String) throws(InputError) -> WeightTensor {
    guard let entry = tensors[name] else {
      throw fail(name, expected: "a tensor of this name", found: "none")
    }
    guard entry.dtype.isFloat else {
      throw fail(name, expected: "F32, F16 or BF16", found: entry.dtype.rawValue)
    }
    return WeightTensor(
      shape: entry.shape, storage: storage, range: entry.range, dtype: entry.dtype)
  }

  private func fail(_ name: String, expected: String, found: String) -> InputError {
    InputError(
      .badData, "cannot use tensor '\(name.prefix(200))'", expected: expected, found: found,
      in: place, advice: "check that this is the right file")
  }
}
