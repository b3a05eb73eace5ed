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

  /// The floats of a tensor of type F32, F16 or BF16.
  ///
  /// F32 stays in the file, unless another program left it unaligned; the 16-bit types are widened,
  /// which is exact.
  /// - Throws: `.badData` when there is no such tensor, or it holds integers.
  package func floats(_ name: String) throws(InputError) -> WeightTensor {
    guard let entry = tensors[name] else {
      throw fail(name, expected: "a tensor of this name", found: "none")
    }
    if entry.dtype == .f32, entry.range.lowerBound % 4 == 0 {
      return WeightTensor(shape: entry.shape, storage: storage, range: entry.range)
    }
    defer { extendLifetime(storage) }
    let bytes = UnsafeRawBufferPointer(rebasing: storage.bytes[entry.range])
    let values: [Float]
    switch entry.dtype {
    case .f32: values = widened(bytes) { (bits: UInt32) in Float(bitPattern: bits) }
    case .bf16: values = widened(bytes) { (bits: UInt16) in Float(bitPattern: UInt32(bits) << 16) }
    case .f16: values = widened(bytes, Self.float(half:))
    case .i64, .i32, .u8, .i8, .bool:
      throw fail(name, expected: "F32, F16 or BF16", found: entry.dtype.rawValue)
    }
    return WeightTensor(shape: entry.shape, values: values)
  }

  private func widened<Bits: BitwiseCopyable>(
    _ bytes: UnsafeRawBufferPointer, _ float: (Bits) -> Float
  ) -> [Float] {
    let size = MemoryLayout<Bits>.size
    return (0..<(bytes.count / size)).map {
      float(bytes.loadUnaligned(fromByteOffset: $0 * size, as: Bits.self))
    }
  }

  /// IEEE binary16 to binary32, without the Float16 type that some platforms lack.
  private static func float(half bits: UInt16) -> Float {
    let sign = UInt32(bits & 0x8000) << 16
    let exponent = UInt32(bits >> 10) & 31
    let fraction = UInt32(bits & 1023)
    switch exponent {
    case 0:  // zeros and subnormals: a multiple of 2^-24, exact in binary32
      return Float(bitPattern: sign | (Float(fraction) * 0x1p-24).bitPattern)
    case 31: return Float(bitPattern: sign | 0x7f80_0000 | fraction << 13)
    default: return Float(bitPattern: sign | (exponent + 112) << 23 | fraction << 13)
    }
  }

  private func fail(_ name: String, expected: String, found: String) -> InputError {
    InputError(
      .badData, "cannot use tensor '\(name.prefix(200))'", expected: expected, found: found,
      in: place, advice: "check that this is the right file")
  }
}
