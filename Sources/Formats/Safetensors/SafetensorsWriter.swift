package import Diagnostics

/// Writes safetensors files of F32 or F16 tensors, the same bytes for the same contents.
package enum SafetensorsWriter {
  /// Writes a file that appears whole or not at all.
  ///
  /// The header is padded with spaces so that the data starts at a multiple of 64, and so do
  /// tensors whose predecessors are multiples of 16 floats.
  ///
  /// - Parameters:
  ///   - tensors: in the order they take in the file; names are unique and not `__metadata__`.
  ///   - metadata: free text, written in the order of its keys.
  ///   - isHalf: as F16, rounded to the nearest, instead of F32.
  ///   - path: the file to make or replace.
  /// - Throws: `.badData` for a header of more than 100 MB, which no reader takes; `.io` from the
  ///   system.
  package static func write(
    _ tensors: [(name: String, tensor: WeightTensor)], metadata: [String: String] = [:],
    isHalf: Bool = false, to path: String
  ) throws(InputError) {
    let header = header(tensors, metadata, isHalf ? .f16 : .f32)
    guard header.count <= SafetensorsHeader.byteLimit else {
      throw InputError(
        .badData, "the header is too long for a safetensors file",
        expected: "at most \(SafetensorsHeader.byteLimit) bytes", found: "\(header.count)",
        in: path, advice: "write fewer tensors or less metadata")
    }
    try AtomicFile.write(to: path) { file throws(InputError) in
      try file.write([UInt64(header.count).littleEndian])
      try file.write(header)
      for (_, tensor) in tensors {
        try tensor.withFloats { floats throws(InputError) in
          if isHalf {
            try file.write(floats.map { Half.bits($0).littleEndian })
          } else {
            try file.write(UnsafeRawBufferPointer(floats))
          }
        }
      }
    }
  }

  private static func header(
    _ tensors: [(name: String, tensor: WeightTensor)], _ metadata: [String: String],
    _ dtype: SafetensorsDType
  ) -> [UInt8] {
    var members: [String] = []
    if !metadata.isEmpty {
      let pairs = metadata.sorted { $0.key < $1.key }
        .map { "\(quoted($0.key)):\(quoted($0.value))" }
      members.append("\"__metadata__\":{\(pairs.joined(separator: ","))}")
    }
    var names: Set<String> = ["__metadata__"]
    var offset = 0
    for (name, tensor) in tensors {
      precondition(names.insert(name).inserted, "tensor name '\(name)' is taken")
      let end = offset + tensor.elementCount * dtype.byteCount
      let shape = tensor.shape.map(String.init).joined(separator: ",")
      members.append(
        "\(quoted(name)):{\"dtype\":\"\(dtype.rawValue)\",\"shape\":[\(shape)],\"data_offsets\":[\(offset),\(end)]}"
      )
      offset = end
    }
    var bytes = Array("{\(members.joined(separator: ","))}".utf8)
    while (8 + bytes.count) % 64 != 0 { bytes.append(UInt8(ascii: " ")) }
    return bytes
  }

  /// A JSON string; only what must be escaped is.
  private static func quoted(_ text: String) -> String {
    var bytes: [UInt8] = [UInt8(ascii: "\"")]
    bytes.reserveCapacity(text.utf8.count + 2)
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes += [UInt8(ascii: "\\"), byte]
      case 0..<0x20:
        bytes += Array((byte < 16 ? "\\u000" : "\\u00").utf8) + Array(String(byte, radix: 16).utf8)
      default: bytes.append(byte)
      }
    }
    bytes.append(UInt8(ascii: "\""))
    return String(decoding: bytes, as: UTF8.self)
  }
}
