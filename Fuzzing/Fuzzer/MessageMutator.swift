import CLibFuzzer

/// Changes protobuf messages field by field, so that what comes out is still a message.
///
/// It knows no schema: a field of bytes is a message where its bytes read as one.
enum MessageMutator {
  private enum Payload {
    case number(UInt64)
    /// Of 4 or 8 bytes.
    case fixed(ArraySlice<UInt8>)
    /// Perhaps a message; read as one where a change goes into it.
    case bytes(ArraySlice<UInt8>)
  }

  private struct Field {
    var number: UInt64
    var payload: Payload
  }

  /// Values that mean something to sizes, counts, indices and signs.
  private static let notable: [UInt64] = [
    0, 1, 2, 3, 4, 5, 7, 8, 16, 63, 64, 127, 128, 255, 256, 1024, 4095, 4096, 65535, 65536,
    66000, 1 << 20, 1 << 24, 1 << 31 - 1, 1 << 31, 1 << 32 - 1, 1 << 32, 1 << 40, 1 << 41, 1 << 61,
    1 << 62, 1 << 63 - 1, 1 << 63, .max - 1, .max,
  ]
  private static let floats: [Float] = [
    0, -0.0, 1, -1, 0.5, 1e-5, 1e30, -1e30, .leastNonzeroMagnitude, .infinity, -.infinity, .nan,
  ]

  /// One to three changes; nil where `bytes` are no message.
  static func change(_ bytes: [UInt8], _ random: inout Random) -> [UInt8]? {
    guard let all = parse(bytes[...]), !all.isEmpty else { return nil }
    var changed = bytes
    for _ in 0...random.below(3) {
      guard let next = change(changed[...], all, depth: 0, &random) else { break }
      changed = next
    }
    return changed
  }

  /// One change in a message; nil where `bytes` are none.
  private static func change(
    _ bytes: ArraySlice<UInt8>, _ all: [Field], depth: Int, _ random: inout Random
  ) -> [UInt8]? {
    guard var fields = parse(bytes) else { return nil }
    if fields.isEmpty { return encode([donor(all, &random)]) }
    let index = random.below(fields.count)
    switch random.below(16) {
    case 0: fields.remove(at: index)
    case 1: fields.insert(fields[index], at: random.below(fields.count + 1))
    case 2: fields.swapAt(index, random.below(fields.count))
    case 3: fields.insert(donor(all, &random), at: index)
    case 4: fields[index].number = UInt64(1 + random.below(20))
    case 5: fields[index].payload = donor(all, &random).payload
    case 6: fields.removeLast(random.below(fields.count))
    default: change(&fields[index].payload, all, depth: depth, &random)
    }
    return encode(fields)
  }

  private static func change(
    _ payload: inout Payload, _ all: [Field], depth: Int, _ random: inout Random
  ) {
    switch payload {
    case .number(let value):
      switch random.below(4) {
      case 0: payload = .number(value &+ 1)
      case 1: payload = .number(value &- 1)
      case 2: payload = .number(notable[random.below(notable.count)])
      default: payload = .number(value ^ 1 << UInt64(random.below(64)))
      }
    case .fixed(var bytes):
      if bytes.count == 4, random.below(2) == 0 {
        bytes = withUnsafeBytes(of: floats[random.below(floats.count)]) { Array($0)[...] }
      } else {
        bytes[bytes.startIndex + random.below(bytes.count)] ^= 1 << UInt8(random.below(8))
      }
      payload = .fixed(bytes)
    case .bytes(let bytes):
      // Long ones are weights; packed numbers read as fields now and then.
      if depth < 8, bytes.count <= 4096, random.below(8) > 0,
        let changed = change(bytes, all, depth: depth + 1, &random)
      {
        payload = .bytes(changed[...])
      } else {
        payload = .bytes(changedBytes(bytes, &random)[...])
      }
    }
  }

  private static func changedBytes(
    _ bytes: ArraySlice<UInt8>, _ random: inout Random
  ) -> [UInt8] {
    if random.below(3) == 0 {
      // A packed list: one of its numbers.
      guard var numbers = varints(bytes), !numbers.isEmpty else { return bytes + [0] }
      numbers[random.below(numbers.count)] = notable[random.below(notable.count)]
      var packed: [UInt8] = []
      for number in numbers { append(number, to: &packed) }
      return packed
    }
    let capacity = bytes.count + 16
    return [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
      _ = buffer.update(fromContentsOf: bytes)
      count = buffer.baseAddress.map { LLVMFuzzerMutate($0, bytes.count, capacity) } ?? 0
    }
  }

  /// A field from anywhere in the message.
  private static func donor(_ all: [Field], _ random: inout Random) -> Field {
    var field = all[random.below(all.count)]
    while case .bytes(let bytes) = field.payload, random.below(3) > 0, bytes.count <= 4096,
      let fields = parse(bytes), !fields.isEmpty
    {
      field = fields[random.below(fields.count)]
    }
    return field
  }

  // MARK: The wire

  private static func parse(_ bytes: ArraySlice<UInt8>) -> [Field]? {
    var rest = bytes
    var fields: [Field] = []
    while !rest.isEmpty {
      guard let tag = takeVarint(&rest), tag >> 3 > 0, tag >> 3 < 1 << 29 else { return nil }
      let payload: Payload
      switch tag & 7 {
      case 0:
        guard let value = takeVarint(&rest) else { return nil }
        payload = .number(value)
      case 1, 5:
        let count = tag & 7 == 1 ? 8 : 4
        guard rest.count >= count else { return nil }
        payload = .fixed(rest.prefix(count))
        rest = rest.dropFirst(count)
      case 2:
        guard let count = takeVarint(&rest), count <= UInt64(rest.count) else { return nil }
        payload = .bytes(rest.prefix(Int(count)))
        rest = rest.dropFirst(Int(count))
      default: return nil
      }
      fields.append(Field(number: tag >> 3, payload: payload))
    }
    return fields
  }

  private static func takeVarint(_ rest: inout ArraySlice<UInt8>) -> UInt64? {
    var value: UInt64 = 0
    for shift in stride(from: UInt64(0), to: 70, by: 7) {
      guard let byte = rest.popFirst() else { return nil }
      value |= UInt64(byte & 0x7f) << shift
      if byte < 0x80 { return value }
    }
    return nil
  }

  private static func varints(_ bytes: ArraySlice<UInt8>) -> [UInt64]? {
    var rest = bytes
    var values: [UInt64] = []
    while !rest.isEmpty {
      guard let value = takeVarint(&rest) else { return nil }
      values.append(value)
    }
    return values
  }

  private static func append(_ value: UInt64, to bytes: inout [UInt8]) {
    var rest = value
    while rest > 127 {
      bytes.append(UInt8(rest & 127) | 128)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }

  private static func encode(_ fields: [Field]) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(fields.reduce(0) { $0 + size($1.payload) })
    for field in fields {
      switch field.payload {
      case .number(let value):
        append(field.number << 3, to: &bytes)
        append(value, to: &bytes)
      case .fixed(let fixed):
        append(field.number << 3 | (fixed.count == 8 ? 1 : 5), to: &bytes)
        bytes += fixed
      case .bytes(let inner):
        append(field.number << 3 | 2, to: &bytes)
        append(UInt64(inner.count), to: &bytes)
        bytes += inner
      }
    }
    return bytes
  }

  /// About as many bytes as a field takes.
  private static func size(_ payload: Payload) -> Int {
    switch payload {
    case .number: 12
    case .fixed(let bytes), .bytes(let bytes): 8 + bytes.count
    }
  }
}
