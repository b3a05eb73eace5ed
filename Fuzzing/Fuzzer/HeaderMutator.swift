import CLibFuzzer
import FoundationEssentials

/// Changes safetensors files so that the length before the header stays right.
enum HeaderMutator {
  private static let graphKey = Array("\"gitc.graph\":\"".utf8)

  /// nil where `bytes` are too short, or now and then.
  static func change(_ bytes: [UInt8], _ random: inout Random) -> [UInt8]? {
    guard bytes.count > 8, random.below(8) > 0 else { return nil }
    let length = bytes[..<8].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard length <= UInt64(bytes.count - 8) else { return nil }
    var header = Array(bytes[8..<8 + Int(length)])
    var data = Array(bytes[(8 + Int(length))...])
    switch random.below(4) {
    case 0: data = changed(data)
    case 1: header = changedGraph(header, &random) ?? changed(header)
    default: header = changed(header)
    }
    return (0..<8).map { UInt8(truncatingIfNeeded: header.count >> (8 * $0)) } + header + data
  }

  private static func changed(_ bytes: [UInt8]) -> [UInt8] {
    let capacity = bytes.count + 16
    return [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
      _ = buffer.update(fromContentsOf: bytes)
      count = buffer.baseAddress.map { LLVMFuzzerMutate($0, bytes.count, capacity) } ?? 0
    }
  }

  /// The header with another graph in it; nil where it has none.
  private static func changedGraph(_ header: [UInt8], _ random: inout Random) -> [UInt8]? {
    guard let key = header.firstRange(of: graphKey),
      let end = header[key.upperBound...].firstIndex(of: UInt8(ascii: "\"")),
      let graph = Data(base64Encoded: Data(header[key.upperBound..<end])),
      let changed = MessageMutator.change([UInt8](graph), &random)
    else { return nil }
    return header[..<key.upperBound] + Array(Data(changed).base64EncodedData()) + header[end...]
  }
}
