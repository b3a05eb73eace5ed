import Diagnostics

/// The header of a safetensors file, read and checked: what is in the file, and where.
struct SafetensorsHeader {
  /// The format's own limit.
  static let byteLimit = 100_000_000
  /// Axes of a tensor; NumPy's limit.
  private static let rank = 64
  private static let metadataKey = "__metadata__"

  private(set) var metadata: [String: String] = [:]
  private(set) var entries: [String: SafetensorsEntry] = [:]
  /// In the order of the file's data.
  private(set) var names: [String] = []
  private let place: String

  init(_ file: UnsafeRawBufferPointer, place: String) throws(InputError) {
    self.place = place
    guard file.count >= 8 else {
      throw fail(expected: "8 bytes that give the header's length", found: "\(file.count) bytes")
    }
    let length = UInt64(littleEndian: file.loadUnaligned(as: UInt64.self))
    guard length <= UInt64(Self.byteLimit) else {
      throw fail(expected: "a header of at most \(Self.byteLimit) bytes", found: "\(length)")
    }
    guard length <= UInt64(file.count - 8) else {
      throw fail(expected: "a header of \(length) bytes", found: "\(file.count - 8), cut short")
    }
    let dataStart = 8 + Int(length)
    let text = UnsafeRawBufferPointer(rebasing: file[8..<dataStart])
    guard text.first == UInt8(ascii: "{") else {
      throw fail(
        expected: "a header that begins with '{'",
        found: text.first.map { "byte \($0)" } ?? "none")
    }
    try parse(text, dataStart: dataStart, fileSize: file.count)
    try tile(dataStart..<file.count)
  }

  private func fail(expected: String, found: String, field: String? = nil) -> InputError {
    let field = field.map { ", field '\($0.cut(to: 200))'" } ?? ""
    return InputError(
      .badData, "not a readable safetensors file", expected: expected, found: found,
      in: place + field, advice: "check that this is a checkpoint; get or make it again")
  }

  // MARK: The JSON

  private mutating func parse(
    _ text: UnsafeRawBufferPointer, dataStart: Int, fileSize: Int
  ) throws(InputError) {
    var scanner = JSONScanner(text)
    var hasMetadata = false
    try scanner.object(failure: malformed) { (scanner, name) throws(InputError) in
      if name == Self.metadataKey {
        guard !hasMetadata else { throw twice(name) }
        hasMetadata = true
        try parseMetadata(&scanner)
      } else {
        guard entries[name] == nil else { throw twice(name) }
        entries[name] = try parseEntry(&scanner, name, dataStart: dataStart, fileSize: fileSize)
      }
    }
    do { try scanner.expectEnd() } catch { throw malformed(error) }
  }

  private func malformed(_ failure: JSONScanner.Failure) -> InputError {
    fail(expected: "\(failure.expected) in the header", found: failure.found)
  }

  private func twice(_ name: String) -> InputError {
    fail(expected: "each name once", found: "it again", field: name)
  }

  private mutating func parseMetadata(_ scanner: inout JSONScanner) throws(InputError) {
    try scanner.object(failure: malformed) { (scanner, key) throws(InputError) in
      guard metadata[key] == nil else { throw twice("\(Self.metadataKey).\(key)") }
      do throws(JSONScanner.Failure) {
        metadata[key] = try scanner.string()
      } catch { throw malformed(error) }
    }
  }

  private func parseEntry(
    _ scanner: inout JSONScanner, _ name: String, dataStart: Int, fileSize: Int
  ) throws(InputError) -> SafetensorsEntry {
    var dtype: String?
    var shape: [Int]?
    var offsets: [Int]?
    try scanner.object(failure: malformed) { (scanner, key) throws(InputError) in
      do throws(JSONScanner.Failure) {
        switch key {
        case "dtype" where dtype == nil: dtype = try scanner.string()
        case "shape" where shape == nil: shape = try scanner.integers(atMost: Self.rank)
        case "data_offsets" where offsets == nil: offsets = try scanner.integers(atMost: 2)
        default:
          throw JSONScanner.Failure(
            expected: "dtype, shape and data_offsets, each once", found: "'\(key.prefix(40))'")
        }
      } catch { throw fail(expected: error.expected, found: error.found, field: name) }
    }
    guard let dtype, let shape, let offsets else {
      throw fail(expected: "dtype, shape and data_offsets", found: "fewer", field: name)
    }
    guard let known = SafetensorsDType(rawValue: dtype) else {
      let names = SafetensorsDType.allCases.map(\.rawValue).joined(separator: ", ")
      throw fail(expected: "one of \(names)", found: "'\(dtype.prefix(40))'", field: name)
    }
    guard offsets.count == 2, offsets[0] <= offsets[1], offsets[1] <= fileSize - dataStart else {
      throw fail(
        expected: "data_offsets [begin, end] within \(fileSize - dataStart) bytes",
        found: "\(offsets)", field: name)
    }
    guard let count = byteCount(known, shape), count == offsets[1] - offsets[0] else {
      throw fail(
        expected: "as many bytes as \(dtype) of shape \(shape.prefix(8)) has",
        found: "\(offsets[1] - offsets[0])", field: name)
    }
    return SafetensorsEntry(
      dtype: known, shape: shape, range: dataStart + offsets[0]..<dataStart + offsets[1])
  }

  /// nil when it overflows; an axis of length 0 does not hide an overflow of the others.
  private func byteCount(_ dtype: SafetensorsDType, _ shape: [Int]) -> Int? {
    var count = dtype.byteCount
    for length in shape where length > 0 {
      let (product, overflow) = count.multipliedReportingOverflow(by: length)
      if overflow { return nil }
      count = product
    }
    return shape.contains(0) ? 0 : count
  }

  // MARK: The data

  /// The tensors must fill the data without hole or overlap.
  private mutating func tile(_ data: Range<Int>) throws(InputError) {
    let order = entries.sorted {
      ($0.value.range.lowerBound, $0.value.range.upperBound, $0.key)
        < ($1.value.range.lowerBound, $1.value.range.upperBound, $1.key)
    }
    var end = data.lowerBound
    for (name, entry) in order {
      guard entry.range.lowerBound == end else {
        throw fail(
          expected: "data from byte \(end - data.lowerBound) on, where the tensor before ends",
          found: "\(entry.range.lowerBound - data.lowerBound)", field: name)
      }
      end = entry.range.upperBound
    }
    guard end == data.upperBound else {
      throw fail(
        expected: "\(end - data.lowerBound) bytes of data, as the header says",
        found: "\(data.count)")
    }
    names = order.map(\.key)
  }
}
